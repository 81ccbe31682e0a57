"""What ``faceveil verify`` finds, and that it accuses nobody else."""
