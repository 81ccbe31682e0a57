"""What ``faceveil monitor`` does: which runs, what they measured, how far apart they are, and where it is written."""
