"""One file a Delta table: its columns, constraints, keys and properties; and the views."""
