"""Sharpness: the variance of the Laplacian (Pech-Pacheco, Cristobal, Chamorro-Martinez and Fernandez-Valdivia 2000)."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.utility.base import Figure, Figures, Pair, Picture, outside, strips
from anonymizer_udfs.utility.ssim import grey

_REACH_PX = 1
LEAST_VARIANCE = 1e-6
"""In squares of grey levels; what varies less is even, and how sharp it is cannot be said."""


@dataclass(frozen=True)
class Sharpness:
    """Variance of the Laplacian after by that before, on grey values; 1 is unchanged, less is smoother.

    Edges of blocks and masks count as sharpness, so inside the regions it may well be above 1.

    Figures:
        sharpness_inside: of each region. Cases are regions that are not even before.
        sharpness_outside: of what lies more than a pixel from every region. Cases are images, likewise.
    """

    name: ClassVar[str] = "sharpness"

    def measure(self, pair: Pair) -> Figures:
        """Return both figures, as far as they are defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in pair.regions.tolist() if x1 > x0 and y1 > y0]
        free = outside((pair.before.shape[0], pair.before.shape[1]), boxes, _REACH_PX)
        inside = [self._within(pair, box) for box in boxes]
        known = [one for one in inside if one is not None]
        figures: Figures = {}
        if known:
            figures["sharpness_inside"] = Figure(float(np.mean(known)), len(known))
        was, now = (_Spread(), _Spread())
        for rows in strips(len(free)):
            was.add(edges(pair.before, rows, pair.alpha)[free[rows]])
            now.add(edges(pair.after, rows, pair.alpha)[free[rows]])
        around = _ratio(was.variance, now.variance)
        return figures if around is None else figures | {"sharpness_outside": Figure(around, 1)}

    def _within(self, pair: Pair, box: tuple[int, int, int, int]) -> float | None:
        x0, y0, x1, y1 = box
        left = max(0, x0 - _REACH_PX)
        was, now = _Spread(), _Spread()
        for part in strips(y1 - y0):
            rows = slice(y0 + part.start, y0 + part.stop)
            for spread, picture in ((was, pair.before), (now, pair.after)):
                around = edges(picture[:, left : x1 + _REACH_PX], rows, pair.alpha)
                spread.add(around[:, x0 - left : x1 - left])
        return _ratio(was.variance, now.variance)


class _Spread:
    """Collects values, and knows their variance."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def add(self, values: NDArray[np.float32]) -> None:
        """Take some."""
        wide = values.astype(np.float64)
        self._count += values.size
        self._sum += float(wide.sum())
        self._squares += float((wide * wide).sum())

    @property
    def variance(self) -> float:
        """Of all that were taken; 0 where there are none."""
        return max(0.0, self._squares / self._count - (self._sum / self._count) ** 2) if self._count else 0.0


def edges(picture: Picture, rows: slice, alpha: int | None) -> NDArray[np.float32]:
    """Return the Laplacian of some rows of a picture, ``(rows, w)``, computed with the rows beside them."""
    top = max(0, rows.start - _REACH_PX)
    part = picture[top : rows.stop + _REACH_PX]
    if not part.size:
        return np.zeros((0, picture.shape[1]), np.float32)
    found = np.asarray(cv2.Laplacian(grey(part, alpha), cv2.CV_32F), np.float32)
    return found[rows.start - top : rows.stop - top]


def _ratio(before: float, after: float) -> float | None:
    """Return how sharp it is by how sharp it was; none where it was even."""
    return after / before if before > LEAST_VARIANCE else None
