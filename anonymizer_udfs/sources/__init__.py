"""Sources: URI to bytes. Under construction."""
