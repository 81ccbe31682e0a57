"""Structural similarity: how much of the picture's structure is left (Wang, Bovik, Sheikh and Simoncelli 2004).

As in the paper: on grey values, an 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; so
the values equal those of ``skimage.metrics.structural_similarity`` with ``gaussian_weights=True, sigma=1.5,
use_sample_covariance=False`` (a test compares them).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.utility.base import Figure, Figures, Pair, Picture, colour, data_range, outside, strips

WINDOW_PX = 11
RADIUS_PX = WINDOW_PX // 2
SIGMA_PX = 1.5
K1, K2 = 0.01, 0.03
RGB = 3
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601; pictures of other than three colour channels take the plain mean of them."""


@dataclass(frozen=True)
class Ssim:
    """Mean structural similarity inside and outside the regions, in [-1, 1]; 1 is unchanged.

    Figures:
        ssim_inside: how much of the faces' surroundings is still readable; low by design. Cases are regions.
        ssim_outside: harm done to the rest of the picture; 1 where it is untouched. A window must not reach into a
            region, so pixels within 5 of one count for neither. Cases are images.

    Cost: nothing is scaled down. Pictures are worked through in strips of 512 rows, so memory does not grow with their
    height, and strips that are identical are not computed, so an image that was patched in place costs as much as its
    faces.
    """

    name: ClassVar[str] = "ssim"

    def measure(self, pair: Pair) -> Figures:
        """Return both figures, as far as they are defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        figures: Figures = {}
        boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in pair.regions.tolist() if x1 > x0 and y1 > y0]
        if boxes:
            inside = [ssim_inside(pair.before, pair.after, box, pair.alpha) for box in boxes]
            figures["ssim_inside"] = Figure(float(np.mean(inside)), len(inside))
        around = ssim_outside(pair.before, pair.after, boxes, pair.alpha)
        if around is not None:
            figures["ssim_outside"] = Figure(around, 1)
        return figures


def ssim_inside(before: Picture, after: Picture, region: IntBox, alpha: int | None = None) -> float:
    """Return the mean similarity within one region, in [-1, 1]; an empty one is unchanged: 1.

    Args:
        before: ``(h, w, c)``, uint8 or uint16.
        after: the same shape and type.
        region: ``x0 y0 x1 y1`` within the picture.
        alpha: index of the alpha channel, which is not looked at.
    """
    x0, y0, x1, y1 = region
    if x1 <= x0 or y1 <= y0:
        return 1.0
    return float(_window(before, after, (slice(y0, y1), slice(x0, x1)), alpha).mean())


def ssim_outside(before: Picture, after: Picture, regions: Sequence[IntBox], alpha: int | None = None) -> float | None:
    """Return the mean similarity outside all regions, in [-1, 1]; None where nothing is outside.

    Args:
        before: ``(h, w, c)``, uint8 or uint16.
        after: the same shape and type.
        regions: each ``x0 y0 x1 y1`` within the picture; pixels within 5 of one are left out.
        alpha: index of the alpha channel, which is not looked at.
    """
    h, w = before.shape[:2]
    free = outside((h, w), regions, RADIUS_PX)
    if not free.any():
        return None
    total = 0.0
    for rows in strips(h):
        total += float(_window(before, after, (rows, slice(0, w)), alpha)[free[rows]].sum(dtype=np.float64))
    return total / int(free.sum())


def ssim_map(before: NDArray[np.float32], after: NDArray[np.float32], peak: int) -> NDArray[np.float32]:
    """Return the structural similarity around each pixel, ``(h, w)``.

    Args:
        before: grey values ``(h, w)``.
        after: the same of the other picture.
        peak: the data range: 255 or 65535.
    """
    # Shares of the range keep squares of 16-bit values within the precision of float32.
    a, b = before / np.float32(peak), after / np.float32(peak)
    mean_a, mean_b = _mean(a), _mean(b)
    var_a, var_b = _mean(a * a) - mean_a * mean_a, _mean(b * b) - mean_b * mean_b
    cov = _mean(a * b) - mean_a * mean_b
    c1, c2 = np.float32(K1**2), np.float32(K2**2)
    top = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return np.asarray(top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)), np.float32)


def grey(picture: Picture, alpha: int | None) -> NDArray[np.float32]:
    """Return a picture's grey values, float32 ``(h, w)`` in the picture's own range."""
    left = colour(picture, alpha)
    channels = left.shape[2]
    weights = LUMA if channels == RGB else (1 / channels,) * channels
    out = np.zeros(left.shape[:2], np.float32)
    for c, weight in enumerate(weights):  # in float32 throughout: a strip of a wide picture is large
        out += left[..., c] * np.float32(weight)
    return out


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (WINDOW_PX, WINDOW_PX)
    return np.asarray(cv2.GaussianBlur(values, size, SIGMA_PX, borderType=cv2.BORDER_REFLECT), np.float32)


def _window(before: Picture, after: Picture, part: tuple[slice, slice], alpha: int | None) -> NDArray[np.float32]:
    """Return the map of a part of the picture, computed with the pixels around it that its windows reach."""
    (h, w), (rows, columns) = before.shape[:2], part
    top, left = max(0, rows.start - RADIUS_PX), max(0, columns.start - RADIUS_PX)
    wide = np.s_[top : min(h, rows.stop + RADIUS_PX), left : min(w, columns.stop + RADIUS_PX)]
    if np.array_equal(before[wide], after[wide]):
        return np.ones((rows.stop - rows.start, columns.stop - columns.start), np.float32)
    similarity = ssim_map(grey(before[wide], alpha), grey(after[wide], alpha), data_range(before))
    return similarity[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
