"""Tests that need no JVM and no downloaded model and run in seconds."""
