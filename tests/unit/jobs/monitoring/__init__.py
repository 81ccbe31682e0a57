"""The parts of ``faceveil monitor``."""
