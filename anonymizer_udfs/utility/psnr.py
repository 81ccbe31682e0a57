"""Peak signal-to-noise ratio of what lies inside and outside the regions."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.utility.base import Figure, Figures, Pair, colour, data_range, outside, strips

CAP_DB = 100.0
"""What an untouched picture counts as: its ratio is infinite, and a mean over images must stay a number. An error of
one level in one of a million 8-bit values is 108 dB."""


@dataclass(frozen=True)
class Psnr:
    """Peak signal-to-noise ratio, ``10 log10(peak^2 / mean squared error)`` over all colour channels, at most 100 dB.

    Figures:
        psnr_inside: how near the regions still are to the source; low by design. Cases are regions.
        psnr_outside: the measure for re-encoding. Cases are images.
    """

    name: ClassVar[str] = "psnr"

    def measure(self, pair: Pair) -> Figures:
        """Return the figure, as far as it is defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        figures: Figures = {}
        inside = [_inside(pair, box) for box in pair.regions.tolist() if box[2] > box[0] and box[3] > box[1]]
        if inside:
            figures["psnr_inside"] = Figure(sum(inside) / len(inside), len(inside))
        around = _outside(pair)
        return figures if around is None else figures | {"psnr_outside": Figure(around, 1)}


def _inside(pair: Pair, box: list[int]) -> float:
    x0, y0, x1, y1 = box
    a, b = (colour(p[y0:y1, x0:x1], pair.alpha).astype(np.int64) for p in (pair.before, pair.after))
    return decibel(float(((a - b) ** 2).mean()), data_range(pair.before))


def _outside(pair: Pair) -> float | None:
    """Return the ratio outside all regions; none where nothing is outside."""
    h, w = pair.before.shape[:2]
    free = outside((h, w), pair.regions.tolist())
    if not free.any():
        return None
    total = 0
    for rows in strips(len(free)):
        a, b = (colour(p[rows], pair.alpha)[free[rows]].astype(np.int64) for p in (pair.before, pair.after))
        total += int(((a - b) ** 2).sum())
    values = int(free.sum()) * colour(pair.before[:1], pair.alpha).shape[2]
    return decibel(total / values, data_range(pair.before))


def decibel(mean_squared_error: float, peak: int) -> float:
    """Return the ratio in dB, at most ``CAP_DB``.

    Examples:
        >>> decibel(0, 255), round(decibel(1, 255), 2)
        (100.0, 48.13)
    """
    if mean_squared_error == 0:
        return CAP_DB
    return min(CAP_DB, 10 * math.log10(peak**2 / mean_squared_error))
