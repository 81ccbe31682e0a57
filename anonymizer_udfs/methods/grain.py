"""The grain of a picture: one number for how strong it is, and as much of it again."""

import math

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Patch, full_range

MOST_SAMPLES = 4096
LEVELS = 255
STEPS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""In levels of 255: what the strength of grain is rounded to."""
_QUARTER = 0.3186
"""A quarter of a normal variable's sizes are below this, in standard deviations."""
_LEAST = 0.5
"""Less than the mean of this and the first step, as powers of two have it, counts as none."""
_BYTE_MEAN, _BYTE_DEVIATION = 127.5, math.sqrt((256**2 - 1) / 12)
"""Of a byte that is drawn evenly."""


def grain_levels(pixels: Patch) -> float:
    """Return how strong the grain of some pixels is, rounded to one of :data:`STEPS`: a standard deviation in levels.

    From the diagonal differences of 2x2 pixels, as Donoho and Johnstone (1994) have it, but from their lower quartile
    instead of the median: three quarters of them may come from edges and textures, and it is still the grain's.

    Args:
        pixels: uint8 or uint16 ``(h, w, c)``; the channel with the most of it counts.

    Examples:
        >>> grain_levels(np.random.default_rng(1).normal(99, 4, (64, 64, 1)).astype(np.uint8))
        4.0
        >>> grain_levels(np.zeros((1, 9, 1), np.uint8))
        0.0
    """
    h, w = (side // 2 for side in pixels.shape[:2])
    if not h or not w:
        return 0.0
    by = 2 * max(1, math.ceil(math.sqrt(h * w / MOST_SAMPLES)))
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    a, b, c, d = (pixels[y : 2 * h : by, x : 2 * w : by].astype(np.int32) for y, x in corners)
    sizes = np.abs(a - b - c + d).reshape(-1, pixels.shape[2]).T
    measured = max(map(_quartile, sizes)) / (2 * _QUARTER * full_range(pixels) / LEVELS)
    return min(STEPS, key=lambda step: abs(math.log2(max(step, _LEAST)) - math.log2(max(measured, _LEAST))))


def _quartile(sizes: NDArray[np.int32]) -> float:
    """Return the lower quartile of whole numbers, each taken for anything that is rounded to it."""
    quarter = len(sizes) // 4
    value = int(np.partition(sizes, quarter)[quarter])
    below, equal = int((sizes < value).sum()), int((sizes == value).sum())
    share = (len(sizes) / 4 - below) / equal
    return value - 0.5 + share if value else share / 2


def grain(size_hw: tuple[int, int], levels: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return grain of a strength, float32 ``(h, w)`` as a share of the full range.

    The sum of two bytes, centred: nobody sees of grain that it is not normal, and that takes a third of the time.
    """
    h, w = size_hw
    drawn = np.frombuffer(rng.bytes(2 * h * w), np.uint8).reshape(2, h, w)
    added: NDArray[np.float32] = drawn[0].astype(np.float32)
    added += drawn[1]
    added -= np.float32(2 * _BYTE_MEAN)
    added *= np.float32(levels / LEVELS / (math.sqrt(2) * _BYTE_DEVIATION))
    return added
