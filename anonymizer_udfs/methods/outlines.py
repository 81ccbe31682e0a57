"""Outlines of a head in a face's own coordinates (:class:`anonymizer_udfs.methods.facing.Facing`)."""

import numpy as np

from anonymizer_udfs.drawing import Points, curve, oval

_CENTRE, _HALF = (0.0, -0.1), (0.78, 1.0)
"""The ellipse holds the face's box, hair that is not long, and ears; drawn over 99 photos of LFW to see."""
_SIDE = (
    (0.46, -1.08),
    (0.8, -0.72),
    (0.92, -0.16),
    (0.88, 0.32),
    (0.7, 0.72),
    (0.54, 0.93),
    (0.55, 1.04),
    (0.76, 1.15),
    (1.14, 1.27),
    (1.4, 1.54),
    (1.5, 2.1),
    (1.5, 3.3),
)
"""The right side of head, hair, neck and shoulders from the crown down, outside of the ellipse all along."""


def ellipse() -> Points:
    """Return an ellipse around the whole head, ``(n, 2)``."""
    return oval(_CENTRE, _HALF)


def silhouette() -> Points:
    """Return the outline of a head with hair, neck and shoulders, ``(n, 2)``; :func:`ellipse` lies within it."""
    return curve([(0.0, -1.18), *_SIDE, *((-x, y) for x, y in reversed(_SIDE))])


def pictogram() -> Points:
    """Return head and shoulders of a sign for a person, which lie within a face's box, ``(2, n, 2)``."""
    head, shoulders = oval((0.0, -0.27), (0.27, 0.27)), oval((0.0, 0.58), (0.44, 0.46))
    return np.stack([head, np.minimum(shoulders, [1.0, 0.58])])
