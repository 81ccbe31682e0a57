"""Steps on whole pictures."""
