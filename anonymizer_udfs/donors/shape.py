"""The canvas of a face without expression, and where the 68 points of scheme ``68`` lie on it and in depth.

Coordinates are those of :mod:`anonymizer_udfs.landmarks.pose`: distances between the eyes, x to the right, y down and z
away from the camera, from the middle of the points that do not move with an expression.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.schemes import MIRRORED

Points = NDArray[np.float64]

EYE_PX = 96
"""Pixels of the canvas for one distance between the eyes."""
CORNER = (-1.36, -1.36)
"""Of the canvas."""
SIZE_HW = (290, 261)
"""The canvas's rows and columns: from the hairline to below the chin, and a little beyond the cheeks."""

_RIGHT = (
    *((0.0, 1.471), (0.301, 1.423), (0.563, 1.26), (0.788, 1.052), (0.959, 0.8), (1.061, 0.513)),  # jaw, from the chin
    *((1.113, 0.21), (1.143, -0.096), (1.158, -0.405)),
    *((0.189, -0.718), (0.384, -0.794), (0.593, -0.816), (0.791, -0.77), (0.93, -0.641)),  # brow
    *((0.0, -0.49), (0.0, -0.301), (0.0, -0.111), (0.0, 0.085), (0.0, 0.306), (0.12, 0.271), (0.23, 0.229)),  # nose
    *((0.301, -0.432), (0.429, -0.516), (0.574, -0.516), (0.696, -0.443), (0.579, -0.4), (0.437, -0.401)),  # eye
    *((0.0, 0.524), (0.1, 0.512), (0.27, 0.56), (0.415, 0.618)),  # outer lips
    *((0.29, 0.705), (0.13, 0.77), (0.0, 0.784)),
    *((0.0, 0.615), (0.12, 0.613), (0.36, 0.619), (0.12, 0.625), (0.0, 0.628)),  # inner lips
)
_DRAWN = (
    *((0.0, 0.0),) * 9,
    *((-0.016, 0.026), (-0.034, 0.024), (-0.052, 0.02), (-0.066, -0.001), (-0.058, -0.026)),
    *((0.0, 0.025), (0.0, 0.021), (0.0, 0.017), (0.0, 0.013), (0.0, 0.019), (-0.015, 0.03), (-0.027, 0.042)),
    *((-0.005, 0.01), (-0.024, 0.015), (-0.041, 0.015), (-0.056, 0.024), (-0.049, 0.034), (-0.036, 0.036)),
    *((0.0, -0.023), (-0.007, -0.019), (-0.006, -0.005), (-0.006, 0.009)),
    *((-0.011, -0.012), (-0.006, -0.018), (0.0, -0.019)),
    *((0.0, -0.024), (-0.008, -0.019), (-0.004, 0.006), (-0.006, -0.017), (0.0, -0.02)),
)
_RIGHT_PLACES = (*range(8, 17), *range(22, 27), *range(27, 31), 33, 34, 35, *range(42, 48), *range(51, 58))
_RIGHT_PLACES += (62, 63, 64, 65, 66)
_DEPTHS = (
    *(0.171, 0.207, 0.324, 0.435, 0.522, 0.581, 0.62, 0.654, 0.698),
    *(-0.024, 0.028, 0.101, 0.192, 0.3),
    *(-0.034, -0.125, -0.222, -0.316, -0.155, -0.12, -0.072),
    *(0.163, 0.159, 0.177, 0.226, 0.185, 0.169),
    *(-0.063, -0.045, 0.056, 0.229, 0.101, 0.011, -0.007),
    *(-0.038, -0.015, 0.202, 0.004, -0.017),
)


def _whole(values: Sequence[Sequence[float]], mirror: tuple[float, ...]) -> NDArray[np.float64]:
    """Return all 68 rows from those of the right side and the middle."""
    out = np.zeros((68, len(mirror)))
    right = np.array(values)
    out[list(_RIGHT_PLACES)] = right
    out[np.array(MIRRORED)[list(_RIGHT_PLACES)]] = right * mirror
    out[list(_RIGHT_PLACES)] = right
    return out


NEUTRAL: Points = _whole(_RIGHT, (-1.0, 1.0))
"""Where the points of a face without expression lie, ``(68, 2)``: as fitted to dlib's points of 3,706 photos of LFW (as
``landmarks.pose.MEAN_FACE`` was, the jaw's to the photos with a yaw under 15 degrees), but with the lips closed."""
CANVAS: Points = NEUTRAL + _whole(_DRAWN, (-1.0, 1.0))
"""Where they lie on the canvas, ``(68, 2)``: where dlib's predictor sees the features of the drawn faces, by the mean
over 80 photos of LFW into which they were put."""
DEPTH: NDArray[np.float64] = _whole([(z,) for z in _DEPTHS], (1.0,))[:, 0]
"""How deep they lie, ``(68,)``, by the same fit. That of the jaw is a guess from nearly frontal photos."""
SKIN = np.array(
    [
        *((-1.0, -0.95, 0.45), (-0.6, -1.12, 0.25), (-0.2, -1.2, 0.18), (0.2, -1.2, 0.18), (0.6, -1.12, 0.25)),
        *((1.0, -0.95, 0.45), (-0.75, 0.05, 0.16), (0.75, 0.05, 0.16), (-0.62, 0.42, 0.18), (0.62, 0.42, 0.18)),
    ]
)
"""Places of forehead and cheeks, where no point is, with their depths, ``(10, 3)``: by eye."""
IRISES = np.array([(-0.5, -0.456), (0.5, -0.456)])
"""Where the middles of the irises are on the canvas."""


def pixels(points: Points) -> Points:
    """Return where points of a face lie on the canvas, in its pixels, the first from 0 to 1.

    Examples:
        >>> pixels(np.array([CORNER])).tolist()
        [[0.0, 0.0]]
    """
    return np.asarray((points - CORNER) * EYE_PX)


def grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the coordinates of the canvas's columns, ``(1, w)``, and rows, ``(h, 1)``."""
    h, w = SIZE_HW
    x = (np.arange(w, dtype=np.float32) + np.float32(0.5)) / EYE_PX + np.float32(CORNER[0])
    y = (np.arange(h, dtype=np.float32) + np.float32(0.5)) / EYE_PX + np.float32(CORNER[1])
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


def opening(eye: Points) -> float:
    """Return how far an eye of six points is open, height by width (Soukupova and Cech 2016); 0 where it has no width.

    Examples:
        >>> round(opening(NEUTRAL[36:42]), 2)
        0.29
    """
    width = math.dist(eye[0], eye[3])
    heights = math.dist(eye[1], eye[5]) + math.dist(eye[2], eye[4])
    return heights / 2 / width if width > 0 else 0.0
