"""A face of 68 points whose eyes and mouth are as wide and as far open as asked for, and the ways to turn it."""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.pose import MEAN_FACE, RIGID
from anonymizer_udfs.landmarks.schemes import FROM_106, Points

Floats = NDArray[np.float64]


def face(eyes: tuple[float, float] = (0.3, 0.3), gap: float = 0.0, width: float = 0.914) -> Floats:
    """Return 68 points ``(68, 3)`` in distances between the eyes, upright and seen from the front.

    Args:
        eyes: height by width of each eye.
        gap: between the inner lips.
        width: of the mouth; that of the mean face unless asked for.
    """
    out = np.zeros((68, 3))
    out[:17, 0] = np.linspace(-1, 1, 17)
    out[:17, 1] = 1.3 * np.sqrt(1 - out[:17, 0] ** 2)
    out[17:27, 0], out[17:27, 1] = np.linspace(-0.9, 0.9, 10), -0.8
    out[list(RIGID)] = MEAN_FACE
    for first, ratio in ((36, eyes[0]), (42, eyes[1])):
        left, right = out[first].copy(), out[first + 3].copy()
        height = ratio * np.hypot(*(right - left)[:2])
        for place, share, side in ((1, 1, -1), (2, 2, -1), (4, 2, 1), (5, 1, 1)):
            out[first + place] = left + (right - left) * share / 3 + (0, side * height / 2, 0)
    middle = out[[48, 54]].mean(0)
    out[48:60] = middle + [(-width / 2 * np.cos(a), -0.15 * np.sin(a), 0) for a in np.arange(12) * np.pi / 6]
    shares, sides = (-0.4, -0.2, 0, 0.2, 0.4, 0.2, 0, -0.2), (0, -1, -1, -1, 0, 1, 1, 1)
    out[60:] = [
        middle + np.array([share * width, side * gap / 2, 0]) for share, side in zip(shares, sides, strict=True)
    ]
    return out


def turn(axis: str, degrees: float) -> Floats:
    """Return the rotation about ``x``, ``y`` or ``z``; it takes the next axis in the alphabet to the one after."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out, angle = np.eye(3), np.radians(degrees)
    out[[i, j], [i, j]] = np.cos(angle)
    out[i, j], out[j, i] = -np.sin(angle), np.sin(angle)
    return out


def seen(points: Floats, rotation: Floats, scale: float = 60, scheme: str = "68") -> Points:
    """Return what a camera far away sees of points in three dimensions, somewhere in a picture, in either scheme."""
    xy = (scale * points @ rotation.T)[:, :2] + (211, 97)
    if scheme == "106":
        at = np.full((106, 2), 1e6)  # the points that only this scheme has must count for nothing
        at[list(FROM_106)] = xy
        xy = at
    return Points(xy.astype(np.float32), scheme)
