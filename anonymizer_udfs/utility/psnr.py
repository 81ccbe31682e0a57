"""Peak signal-to-noise ratio of what lies outside the regions."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.utility.base import Figure, Figures, Pair, colour, data_range, outside

CAP_DB = 100.0
"""What an untouched picture counts as: its ratio is infinite, and a mean over images must stay a number. An error of
one level in one of a million 8-bit values is 108 dB."""
STRIP_ROWS = 512


@dataclass(frozen=True)
class Psnr:
    """Peak signal-to-noise ratio outside the regions, in dB, at most 100; the measure for re-encoding.

    Figures:
        psnr_outside: ``10 log10(peak^2 / mean squared error)`` over all colour channels. Cases are images.
    """

    name: ClassVar[str] = "psnr"

    def measure(self, pair: Pair) -> Figures:
        """Return the figure, as far as it is defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        h, w = pair.before.shape[:2]
        free = outside((h, w), pair.regions.tolist())
        if not free.any():
            return {}
        total = 0
        for top in range(0, len(free), STRIP_ROWS):  # strips, so that no whole picture of 64-bit values is made
            rows = slice(top, top + STRIP_ROWS)
            a, b = (colour(p[rows], pair.alpha)[free[rows]].astype(np.int64) for p in (pair.before, pair.after))
            total += int(((a - b) ** 2).sum())
        values = int(free.sum()) * colour(pair.before[:1], pair.alpha).shape[2]
        return {"psnr_outside": Figure(decibel(total / values, data_range(pair.before)), 1)}


def decibel(mean_squared_error: float, peak: int) -> float:
    """Return the ratio in dB, at most ``CAP_DB``.

    Examples:
        >>> decibel(0, 255), round(decibel(1, 255), 2)
        (100.0, 48.13)
    """
    if mean_squared_error == 0:
        return CAP_DB
    return min(CAP_DB, 10 * math.log10(peak**2 / mean_squared_error))
