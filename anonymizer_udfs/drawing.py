"""Shapes with smooth edges at any size: what methods use that draw, rather than change pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""``(n, 2)`` as x, y; ``(k, n, 2)`` for shapes that are drawn at once."""

SAMPLES = 4
"""Along each side of a pixel, so 17 degrees of cover. Half as many for large shapes and for edges that are
blurred, where a step is not seen."""
_LARGE_PX = 512
_SHIFT = 4
"""Bits behind the binary point of the coordinates that OpenCV fills between."""
_FAR = 2.0**28
_SOFT_PX, _SHARP_PX = 2.0, 0.3
"""A softer edge is drawn on pixels so much larger that it is about this soft there; a sharper one is not blurred."""
_SIGMAS = 3
CURVE_STEPS = 6
"""Of a curve, between two of its points."""
_T = np.arange(CURVE_STEPS)[:, None] / CURVE_STEPS
_SPLINE = _T ** [0, 1, 2, 3] @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


@dataclass(frozen=True, eq=False)
class Stamp:
    """How much of each pixel a shape covers, in the window of a canvas that holds all of it.

    Attributes:
        rows: the window's rows of the canvas.
        columns: its columns.
        cover: float32 ``(h, w)`` in [0, 1]; empty where the canvas shows nothing of the shape.
    """

    rows: slice
    columns: slice
    cover: NDArray[np.float32]

    def onto(self, canvas: NDArray[np.float32], colour: Sequence[float] | NDArray[np.floating]) -> None:
        """Lay a colour over a canvas, in place.

        Args:
            canvas: float32 ``(c, h, w)``: planes, since steps over each pixel's few channels cost more than twice as
                much.
            colour: one value for each plane.
        """
        window = canvas[:, self.rows, self.columns]
        for i, value in enumerate(colour):
            added = np.subtract(np.float32(value), window[i])
            added *= self.cover
            window[i] += added


def stamp(polygon: Points, size_hw: tuple[int, int], soft_px: float = 0.0) -> Stamp:
    """Return how a polygon covers the pixels of a canvas.

    Args:
        polygon: its corners in pixels of the canvas, the first pixel from 0 to 1; may lie outside. OpenCV counts
            samples that an edge touches, so a shape is up to a quarter of a pixel wider and higher. Of several, what
            lies in two of them is not covered.
        size_hw: the canvas's height and width.
        soft_px: standard deviation of a blur of its edge.

    Examples:
        >>> half = stamp(np.array([[0.5, 0.0], [2.0, 0.0], [2.0, 1.0], [0.5, 1.0]]), (1, 4))
        >>> [round(float(c), 1) for c in half.cover.ravel()]
        [0.5, 1.0, 0.3]
    """
    corners = polygon.reshape(-1, 2)
    low, high = corners.min(0), corners.max(0)
    rows, columns = (_reach(low[i], high[i], side, soft_px) for i, side in ((1, size_hw[0]), (0, size_hw[1])))
    h, w = rows.stop - rows.start, columns.stop - columns.start
    if not h or not w:
        return Stamp(rows, columns, np.zeros((h, w), np.float32))
    local = polygon - [columns.start, rows.start]
    samples = SAMPLES // 2 if soft_px > _SHARP_PX or max(h, w) > _LARGE_PX else SAMPLES
    coarse = max(1, int(soft_px // _SOFT_PX))
    if coarse == 1:
        return Stamp(rows, columns, _blurred(_covered(local, (h, w), samples), soft_px))
    small = _covered(local / coarse, (-(-h // coarse), -(-w // coarse)), samples)
    large = cv2.resize(_blurred(small, soft_px / coarse), None, fx=coarse, fy=coarse, interpolation=cv2.INTER_LINEAR)
    return Stamp(rows, columns, np.asarray(large[:h, :w], np.float32))


def _covered(polygon: Points, size_hw: tuple[int, int], samples: int) -> NDArray[np.float32]:
    """Return how much of each pixel a polygon covers."""
    h, w = size_hw
    fine = np.zeros((h * samples, w * samples), np.uint8)
    # OpenCV has the centre of a pixel, here a sample, at a whole number.
    at = np.minimum(np.maximum(polygon * (samples << _SHIFT) - (1 << _SHIFT >> 1), -_FAR), _FAR)
    cv2.fillPoly(fine, list(np.rint(at).astype(np.int32).reshape(-1, *at.shape[-2:])), 255, shift=_SHIFT)
    cover = cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA)
    return np.asarray(cover * np.float32(1 / 255), np.float32)


def _blurred(cover: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    if sigma_px <= _SHARP_PX:
        return cover
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), np.float32)


def curve(corners: Sequence[tuple[float, ...]] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a closed curve through some points, as a polygon: the Catmull-Rom spline (Catmull and Rom 1974).

    Examples:
        >>> curve([(0, 0), (1, 0), (1, 1), (0, 1)])[[0, 6, 12]].tolist()
        [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    """
    points = np.asarray(corners, np.float64)
    count = len(points)
    four = points[(np.arange(count)[:, None] + [-1, 0, 1, 2]) % count]
    return np.asarray(_SPLINE @ four).reshape(-1, points.shape[1])


def oval(centre: tuple[float, float], half: tuple[float, float], corners: int = 48) -> Points:
    """Return an ellipse along the axes as a polygon whose sides touch it, so that it holds the ellipse.

    Args:
        centre: of the ellipse.
        half: its half axes.
        corners: of the polygon.
    """
    turn = (np.arange(corners) + 0.5) * 2 * math.pi / corners
    circle = np.stack([np.cos(turn), np.sin(turn)], 1) / math.cos(math.pi / corners)
    return np.asarray(circle * np.array(half) + centre)


def pair(shape: Points) -> Points:
    """Return a shape, in the plane or in space, and its mirror image in x: ``(2, n, 2)`` or ``(2, n, 3)``."""
    other = shape.copy()
    other[:, 0] *= -1
    return np.stack([shape, other])


def _reach(low: float, high: float, side: int, soft_px: float) -> slice:
    """Return the pixels along one side of a canvas that a shape with a soft edge reaches."""
    margin = _SIGMAS * soft_px
    first = min(max(math.floor(low - margin), 0), side)
    # A pixel more, since samples that an edge touches count.
    return slice(first, max(first, min(math.floor(high + margin) + 1, side)))
