"""Heads on the canvas: what a group's surrogate is the mean of. Runs on executors."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.chips import chip
from anonymizer_udfs.methods.base import Landmarks, Target
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.surrogate import HALF, SIDE_PX, Canvas

REACH_PX = 20_000
"""A canvas that spans more of a picture than this is no face."""


def head(
    rgb: NDArray[np.uint8], box_xyxy: tuple[float, float, float, float], landmarks: Landmarks | None
) -> Canvas | None:
    """Return a face's head on the canvas, aligned by its points; beyond the picture's edge, its edge goes on.

    Args:
        rgb: the upright picture, uint8 ``(h, w, 3)``.
        box_xyxy: the face's box in it.
        landmarks: its five points; without them nothing tells the roll, and there is no head.

    Returns:
        None where the face cannot be aligned, or does not lie in the picture.
    """
    if landmarks is None:
        return None
    scale = SIDE_PX / (2 * HALF)
    onto = Facing.of(Target(box_xyxy, landmarks=landmarks)).matrix @ np.array(
        [[1 / scale, 0, -HALF], [0, 1 / scale, -HALF], [0, 0, 1]]
    )
    corners = np.array([[0, 0, 1], [SIDE_PX, 0, 1], [0, SIDE_PX, 1], [SIDE_PX, SIDE_PX, 1]]) @ onto.T
    if not np.isfinite(corners).all() or np.ptp(corners, axis=0).max() > REACH_PX:
        return None
    part, corner = _with_edges(rgb, corners)
    if part is None:
        return None
    # From where pixels begin to where their centres are, on both sides.
    to_canvas = cv2.invertAffineTransform(onto - [[0, 0, corner[0]], [0, 0, corner[1]]])
    to_canvas[:, 2] += to_canvas[:, :2] @ (0.5, 0.5) - 0.5
    return chip(part, to_canvas, SIDE_PX)


def _with_edges(
    rgb: NDArray[np.uint8], corners: NDArray[np.float64]
) -> tuple[NDArray[np.uint8] | None, tuple[int, int]]:
    """Return the part of a picture that has the corners in it, its edge repeated beyond, and where it begins."""
    h, w = rgb.shape[:2]
    x0, y0 = (math.floor(v) - 2 for v in corners.min(0))
    x1, y1 = (math.ceil(v) + 2 for v in corners.max(0))
    inside = rgb[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    if not inside.size:
        return None, (x0, y0)
    beyond = max(0, -y0), max(0, y1 - h), max(0, -x0), max(0, x1 - w)
    return np.asarray(cv2.copyMakeBorder(inside, *beyond, cv2.BORDER_REPLICATE), np.uint8), (x0, y0)


def canvas(values: NDArray[np.float64]) -> Canvas:
    """Return a mean of heads, ``(SIDE_PX, SIDE_PX, 3)``, as a surrogate's canvas."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
