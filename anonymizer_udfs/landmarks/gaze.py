"""Where eyes look, to the left or the right: where the dark of the iris lies between the corners of an eye.

No model gives it. It is good for one thing: whether the same face, before and after a method, looks the same way. What
it says of a clear photo and of its mirror image, and what it cannot say, is in ``docs/landmarks.md``.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.schemes import LEFT_EYE, RIGHT_EYE, Points

WIDE_PX, HIGH_PX = 48, 32
"""Of the chip that an eye is looked at in, its corners in the middle of the left and the right side."""
DARKEST = 0.3
"""The share of an eye's pixels between the lids that count as iris and pupil."""
LEAST_OPEN = 0.12
"""Lids nearer than this, in widths of the eye, leave too little of an iris; see :mod:`.expression`."""
LEAST_CONTRAST = 12.0
"""Levels of 255 between the dark and the rest of an eye, below which nothing is an iris."""


def gaze(rgb: NDArray[np.uint8], points: Points) -> float:
    """Return how far the irises lie to the picture's right of the eyes' middles, in widths of an eye. About 1 ms.

    Of one eye where the other one tells nothing. NaN where none does: shut, too even, or beyond the picture.

    Args:
        rgb: the picture, uint8 ``(h, w, 3)``.
        points: of the face in it.
    """
    xy = points.as_68
    sides = [one for one in (_across(rgb, xy[eye]) for eye in (LEFT_EYE, RIGHT_EYE)) if math.isfinite(one)]
    return float(np.mean(sides)) if sides else math.nan


def _across(rgb: NDArray[np.uint8], eye: NDArray[np.float64]) -> float:
    """Return where the dark of one eye is, of its six points: -0.5 at the left corner, 0.5 at the right one."""
    left, right = eye[0], eye[3]
    along = right - left
    width = math.hypot(*along)
    if not width > 0:
        return math.nan
    scale = WIDE_PX / width
    turn = np.array([[along[0], along[1]], [-along[1], along[0]]]) * (scale / width)
    move = np.array([WIDE_PX, HIGH_PX]) / 2 - turn @ ((left + right) / 2)
    lids = eye @ turn.T + move
    if np.mean(lids[[5, 4], 1] - lids[[1, 2], 1]) < LEAST_OPEN * WIDE_PX:
        return math.nan
    h, w = rgb.shape[:2]
    if (eye < 0).any() or (eye > (w, h)).any():
        return math.nan
    # From corners of pixels to their centres, in the picture and in the chip.
    matrix = np.column_stack([turn, move + turn @ (0.5, 0.5) - 0.5])
    chip = cv2.warpAffine(rgb, matrix, (WIDE_PX, HIGH_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = chip.astype(np.float64).mean(2)
    between = np.zeros((HIGH_PX, WIDE_PX), np.uint8)
    cv2.fillPoly(between, [np.rint(lids - 0.5).astype(np.int32)], 1)
    return _dark(grey, between.astype(bool))


def _dark(grey: NDArray[np.float64], between: NDArray[np.bool_]) -> float:
    """Return where the darkest pixels between the lids lie on average."""
    values, columns = grey[between], np.nonzero(between)[1]
    if not len(values):
        return math.nan
    limit = float(np.quantile(values, DARKEST))
    dark = values <= limit
    if dark.all() or values[~dark].mean() - values[dark].mean() < LEAST_CONTRAST:
        return math.nan
    return float((columns[dark].mean() + 0.5) / WIDE_PX - 0.5)
