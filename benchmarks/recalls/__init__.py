"""Recall of face finding, with ground truth by construction; ``benchmarks/recall.py`` is the command.

How a figure comes about: ``portraits`` finds where the face is in clean photos, ``heads`` cuts it out with the
opacity that ``anonymizer_udfs.canaries.matte`` finds, ``bodies`` gives it a body, and ``disguises`` covers it;
``cells`` says what is varied; ``layout`` decides where faces go, ``backgrounds`` draws what is behind them, ``scenes``
puts all together and encodes a file.
"""
