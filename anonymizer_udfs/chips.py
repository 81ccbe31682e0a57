"""Chips: small squares taken from a picture by a similarity transform, for recognizers and for detectors that zoom."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

_SHRINK_FIRST = 0.5
_MARGIN_PX = 2
_SMALLEST = 2.0**-12


def chip(rgb: NDArray[np.uint8], matrix: NDArray[np.float64], side_px: int) -> NDArray[np.uint8]:
    """Return the upright square ``(side_px, side_px, 3)`` that ``matrix`` takes from the picture; black outside of it.

    Only the part that the chip shows is touched, so that the cost does not grow with the picture. A large face is
    averaged down first: sampling it bilinearly would alias, and a recognizer that sees worse attacks worse.

    Args:
        rgb: uint8 ``(h, w, 3)``.
        matrix: 2x3, from pixels of the picture to pixels of the chip.
        side_px: The chip's side.
    """
    x0, y0, x1, y1 = _seen(matrix, side_px, rgb.shape)
    if x1 <= x0 or y1 <= y0:
        return np.zeros((side_px, side_px, 3), np.uint8)
    part = rgb[y0:y1, x0:x1]
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (x0, y0)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < _SHRINK_FIRST:
        part, back = _shrunk(part, scale)
        moved = moved @ back
    out = cv2.warpAffine(part, moved, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(out, np.uint8)


def _seen(matrix: NDArray[np.float64], side_px: int, shape_hw: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the part of a picture that a chip shows, ``x0 y0 x1 y1`` within it.

    In plain numbers: a plan takes hundreds of chips of a picture, and NumPy would need ten times the warp's own time.
    """
    (a, b, tx), (c, d, ty) = matrix.tolist()
    scale = a * d - b * c
    corners = [(x - tx, y - ty) for x in (0, side_px) for y in (0, side_px)]
    xs = [(d * x - b * y) / scale for x, y in corners]
    ys = [(a * y - c * x) / scale for x, y in corners]
    h, w = shape_hw[:2]
    return (
        min(max(math.floor(min(xs)) - _MARGIN_PX, 0), w),
        min(max(math.floor(min(ys)) - _MARGIN_PX, 0), h),
        min(max(math.ceil(max(xs)) + _MARGIN_PX, 0), w),
        min(max(math.ceil(max(ys)) + _MARGIN_PX, 0), h),
    )


def _shrunk(part: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the part averaged down to about ``scale``, and the matrix from its pixels back to those of the part."""
    h, w = part.shape[:2]
    size_wh = max(1, round(w * scale)), max(1, round(h * scale))
    back = _back(w / size_wh[0], h / size_wh[1])
    return np.asarray(cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA), np.uint8), back


def _back(sx: float, sy: float) -> NDArray[np.float64]:
    """Return the 3x3 matrix from the pixels of a shrunk picture to those of the picture."""
    # A pixel's centre is at an integer, so its corner is half a pixel away on both scales.
    return np.array([[sx, 0.0, (sx - 1) / 2], [0.0, sy, (sy - 1) / 2], [0.0, 0.0, 1.0]])


class Pyramid:
    """A picture and what it is when halved again and again, each made when first asked for.

    For many chips and views of one picture: the shrinking that each would do is done once for all. A third of the
    picture's memory, at most.
    """

    def __init__(self, size_wh: tuple[int, int], at_least: Callable[[float], NDArray[np.uint8]]) -> None:
        """Take a picture's own size, and what gives it at a scale of 1, 1/2, 1/4 ... that is at least the one given."""
        self._size_wh = size_wh
        self._at_least = at_least
        self._levels: dict[int, NDArray[np.uint8]] = {}

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> "Pyramid":
        """Return the pyramid of a picture that is there already, uint8 ``(h, w, 3)``."""
        return cls((rgb.shape[1], rgb.shape[0]), lambda _: rgb)

    def chip(self, matrix: NDArray[np.float64], side_px: int) -> NDArray[np.uint8]:
        """Return what :func:`chip` returns, up to the rounding of repeated averages."""
        level = self.at_least(math.hypot(matrix[0, 0], matrix[1, 0]))
        (h, w), (full_w, full_h) = level.shape[:2], self._size_wh
        return chip(level, matrix if (w, h) == self._size_wh else matrix @ _back(full_w / w, full_h / h), side_px)

    def at_least(self, scale: float) -> NDArray[np.uint8]:
        """Return the smallest of them that has a scale of at least the one given; of more than 1 there is none."""
        return self._level(max(0, math.floor(-math.log2(max(scale, _SMALLEST)))))

    def _level(self, halvings: int) -> NDArray[np.uint8]:
        """Return the picture halved so often, or as often as it can be."""
        if halvings not in self._levels:
            image = self._at_least(0.5**halvings)
            done = round(math.log2(max(self._size_wh) / max(image.shape[:2])))
            nearest = max((n for n in self._levels if done < n < halvings), default=done)
            image = self._levels.get(nearest, image)
            for _ in range(halvings - nearest):
                h, w = (max(1, -(-side // 2)) for side in image.shape[:2])
                image = np.asarray(cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
            self._levels[halvings] = image
        return self._levels[halvings]
