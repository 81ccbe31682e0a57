"""How far the colours are from what they were, wherever in the picture they lie (Swain and Ballard 1991)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.utility.base import Figure, Figures, Pair, Picture, colour, data_range, outside, strips

BINS = 32
_BINS_MOST = 256


@dataclass(frozen=True)
class ColourDistance:
    """One less the intersection of two colour histograms, the mean of the channels, in [0, 1]; 0 is best.

    Attributes:
        bins: levels of a channel that are told apart, in [2, 256].

    Figures:
        colour_distance_inside: of each region. Cases are regions.
        colour_distance_outside: of all that is in no region. Cases are images.
    """

    bins: int = BINS

    name: ClassVar[str] = "colour_distance"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if not 2 <= self.bins <= _BINS_MOST:  # noqa: PLR2004 - one bin tells nothing apart
            raise SpecError(f"bins must be from 2 to {_BINS_MOST}, got {self.bins}")

    def measure(self, pair: Pair) -> Figures:
        """Return both figures, as far as they are defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        figures: Figures = {}
        before, after = (colour(one, pair.alpha) for one in (pair.before, pair.after))
        levels = data_range(pair.before) + 1
        inside = [
            distance(before[y0:y1, x0:x1], after[y0:y1, x0:x1], levels, self.bins)
            for x0, y0, x1, y1 in pair.regions.tolist()
            if x1 > x0 and y1 > y0
        ]
        if inside:
            figures["colour_distance_inside"] = Figure(float(np.mean(inside)), len(inside))
        free = outside((before.shape[0], before.shape[1]), pair.regions.tolist())
        if free.any():
            around = distance(before, after, levels, self.bins, free)
            figures["colour_distance_outside"] = Figure(around, 1)
        return figures


def distance(
    before: Picture, after: Picture, levels: int, bins: int = BINS, where: NDArray[np.bool_] | None = None
) -> float:
    """Return how far the colours of two pictures are apart, in [0, 1].

    Args:
        before: ``(h, w, c)``, at least one pixel.
        after: the same of the other picture.
        levels: how many values a channel may have: 256 or 65536.
        bins: how many are told apart.
        where: which pixels are looked at, ``(h, w)``, at least one; none: all.

    Examples:
        >>> grey = np.zeros((2, 2, 3), np.uint8)
        >>> distance(grey, grey, 256), distance(grey, grey + 255, 256)
        (0.0, 1.0)
    """
    was, now = (_counts(one, levels, bins, where) for one in (before, after))
    return float(1 - (np.minimum(was, now).sum(1) / was.sum(1)).mean())


def _counts(picture: Picture, levels: int, bins: int, where: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """Return how many pixels fall into each bin in each channel, ``(c, bins)``."""
    out = np.zeros((picture.shape[2], bins), np.int64)
    for rows in strips(len(picture)):
        some = picture[rows] if where is None else picture[rows][where[rows]]
        at = some.reshape(-1, picture.shape[2]).astype(np.int64) * bins // levels
        out += [np.bincount(channel, minlength=bins) for channel in at.T]
    return out
