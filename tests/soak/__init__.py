"""Runs that take hours: what ``make soak`` calls. Each part is a command of its own, and has a seed."""
