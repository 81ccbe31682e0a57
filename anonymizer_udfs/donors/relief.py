"""The relief of a drawn face, and how light falls on it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.shape import EYE_PX

Plane = NDArray[np.float32]
"""One value for each pixel of the canvas."""

_NOSE_Y = (-0.8, -0.55, -0.44, -0.3, -0.15, 0.0, 0.08, 0.15, 0.21, 0.26, 0.31)
_NOSE_HEIGHT = (0.045, 0.06, 0.07, 0.1, 0.15, 0.205, 0.23, 0.225, 0.17, 0.075, 0.0)
_NOSE_HALF = (0.2, 0.17, 0.15, 0.15, 0.165, 0.185, 0.2, 0.205, 0.21, 0.21, 0.2)
_BUMPS = (
    (0.03, 0.0, 0.1, 0.11, 0.09),  # tip of the nose
    (0.085, 0.205, 0.175, 0.06, 0.065),  # its wings
    (-0.02, 0.1, 0.11, 0.03, 0.05),
    (-0.085, 0.29, -0.46, 0.12, 0.13),  # sockets
    (-0.085, 0.5, -0.545, 0.26, 0.075),
    (-0.04, 0.52, -0.3, 0.22, 0.06),
    (0.085, 0.5, -0.455, 0.16, 0.095),  # the eyes' balls
    (0.045, 0.46, -0.7, 0.2, 0.085),  # brows
    (0.07, 0.74, -0.06, 0.22, 0.2),  # cheeks
    (0.04, 0.52, 0.22, 0.2, 0.18),
    (-0.06, 0.8, 0.55, 0.2, 0.25),
    (0.1, 0.0, 0.6, 0.4, 0.26),  # what the teeth push out
    (-0.022, 0.0, 0.4, 0.035, 0.075),  # above the lip
    (0.014, 0.075, 0.42, 0.03, 0.08),
    (0.045, 0.1, 0.565, 0.12, 0.042),  # lips
    (0.02, 0.25, 0.585, 0.1, 0.03),
    (0.05, 0.0, 0.705, 0.2, 0.05),
    (-0.025, 0.46, 0.63, 0.06, 0.06),
    (-0.045, 0.0, 0.865, 0.24, 0.07),  # chin
    (0.09, 0.0, 1.16, 0.28, 0.2),
)
"""Height, place and standard deviations of bells, in distances of the eyes; on both sides where x is not 0. These and
all numbers of drawing were set by eye, beside the mean of 250 photos of LFW that were brought onto the canvas."""
_FOLDS = (
    (0.05, 0.03, 0.035, ((0.235, 0.13), (0.3, 0.24), (0.4, 0.38), (0.5, 0.55), (0.53, 0.68))),
    (0.028, 0.025, 0.022, ((0.3, -0.36), (0.42, -0.285), (0.56, -0.275), (0.68, -0.33))),
)
"""Depth, width, blur and course of what age makes deeper: from the nose past the mouth, and below the eyes."""
_CREASE = (0.028, 0.016, 0.012, ((0.3, -0.5), (0.4, -0.565), (0.52, -0.585), (0.64, -0.545), (0.73, -0.47)))


def bell(x: Plane, y: Plane, *where: float) -> Plane:
    """Return a bell about a place, and about its mirror image where that is another one.

    Args:
        x: the canvas's columns.
        y: its rows.
        where: x and y of the place, and the standard deviations across and down.
    """
    cx, cy, sx, sy = where
    down = np.exp(-(((y - np.float32(cy)) / np.float32(sy)) ** 2) / 2)
    across = np.exp(-(((x - np.float32(cx)) / np.float32(sx)) ** 2) / 2)
    if cx:
        across = across + np.exp(-(((x + np.float32(cx)) / np.float32(sx)) ** 2) / 2)
    return np.asarray(across * down, np.float32)


def blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return planes blurred by a standard deviation in distances of the eyes."""
    return np.asarray(
        cv2.GaussianBlur(plane, (0, 0), sigma * EYE_PX, borderType=cv2.BORDER_REPLICATE), np.float32
    ).reshape(plane.shape)


def lines(course: Sequence[tuple[float, float]], width: float, soft: float) -> Plane:
    """Return how much of each pixel a soft line and its mirror image cover."""
    drawn = np.zeros(shape.SIZE_HW, np.uint8)
    for side in (-1.0, 1.0):
        at = shape.pixels(np.array(course) * (side, 1.0)) - 0.5
        cv2.polylines(
            drawn,
            [np.rint(at * 16).astype(np.int32)],
            isClosed=False,
            color=255,
            thickness=max(1, round(width * EYE_PX)),
            lineType=cv2.LINE_AA,
            shift=4,
        )
    return blurred(drawn.astype(np.float32) / np.float32(255), soft)


def relief(age: float) -> Plane:
    """Return how far the face stands out, in distances of the eyes.

    Args:
        age: in [0, 1]: how deep the folds are.
    """
    x, y = shape.grid()
    wide = np.abs(x)
    out = np.sqrt(np.maximum(1 - (wide / 1.3) ** 2.3, 0)) + 0 * y
    out = out - 0.42 * np.maximum(-0.55 - y, 0) ** 1.7 - 0.35 * np.maximum(y - 1.05, 0) ** 1.8
    high, half = (_smoothly(y, values) for values in (_NOSE_HEIGHT, _NOSE_HALF))
    out = out + high * np.exp(-((wide / half) ** 2.2))
    for height, *where in _BUMPS:
        out = out + np.float32(height) * bell(x, y, *where)
    between_lips = np.exp(-(((y - 0.615) / 0.018) ** 2) / 2) * np.exp(-((wide / 0.38) ** 6))
    out = out - 0.05 * between_lips
    for depth, width, soft, course in _FOLDS:
        out = out - np.float32(depth * (0.5 + 0.9 * age)) * lines(course, width, soft)
    depth, width, soft, course = _CREASE
    return np.asarray(out - np.float32(depth) * lines(course, width, soft), np.float32)


def _smoothly(y: Plane, values: Sequence[float]) -> Plane:
    """Return values at heights, without corners."""
    at = np.interp(y[:, 0], _NOSE_Y, values).astype(np.float32)[:, None]
    return np.asarray(cv2.GaussianBlur(at, (1, 15), sigmaX=1, sigmaY=0.028 * EYE_PX), np.float32).reshape(-1, 1)


def lit(height: Plane) -> tuple[Plane, Plane]:
    """Return how bright matt skin of a relief is, and how much it shines; light comes from above and the front."""
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=EYE_PX / 8)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=EYE_PX / 8)
    flat = 1 / np.sqrt(across * across + down * down + 1)
    normal = -across * flat, -down * flat, flat

    def along(x: float, y: float, z: float) -> Plane:
        nx, ny, nz = normal
        return np.asarray((nx * x + ny * y + nz * z) / np.float32((x * x + y * y + z * z) ** 0.5), np.float32)

    def light(x: float, y: float, z: float, wrapped: float) -> Plane:
        return np.asarray(np.clip(along(x, y, z) * np.float32(1 - wrapped) + np.float32(wrapped), 0, 1), np.float32)

    sides = (light(0.9, -0.2, 0.5, 0.4) + light(-0.9, -0.2, 0.5, 0.4)) / 2
    sky = 0.5 * light(0, -0.75, 0.8, 0.25) + 0.25 * sides + 0.28 * light(0, -0.3, 1, 0.5)
    # What lies lower than what is around it gets less of the light.
    low = [np.maximum(blurred(height, sigma) - height, 0) for sigma in (0.1, 0.25)]
    open_to_it = np.clip(1 - 2.2 * low[0] - 1.1 * low[1], 0.25, 1)
    shine = np.clip(along(0, -0.45, 1), 0, 1) ** 26
    return np.asarray(sky * open_to_it, np.float32), np.asarray(shine, np.float32)
