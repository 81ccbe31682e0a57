"""What the tables are declared to be."""
