"""Hostile input: a corpus, seeded mutations of it, and a runner that sends them through the partition function.

``python -m tests.hostile --count N --seed S`` prints how the inputs ended and exits with 1 if one of them did what none
may do. The same count and seed give the same inputs.
"""
