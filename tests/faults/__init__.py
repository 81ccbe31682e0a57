"""What a run survives: the machine, the driver and workers, ended at any moment."""
