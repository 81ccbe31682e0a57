"""The files in ``examples/`` before the schedulers' own tools; ``make schedulers`` brings them, with their digests."""
