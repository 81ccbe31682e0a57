"""A drawn body under a head, so that a face is a person's and does not hover.

Detectors see shoulders before they see a small face: of 120 faces of 16 pixels in the same scenes, CenterFace found 43%
at a threshold of 0.2 without bodies and 91% with them, YuNet 50% and 85% at 0.3, SCRFD-2.5g 33% and 94% at 0.5. A head
without a body is no picture that anybody has.

Proportions are about those of standing adults, in heights of the face's box; the origin is the middle of that box and y
goes down.
"""

import math

import cv2
import numpy as np
from numpy.random import Generator

from benchmarks.recalls.backgrounds import colours
from benchmarks.recalls.heads import Floats, Head
from benchmarks.recalls.layout import Spot
from benchmarks.recalls.portraits import Rgb

NECK = ((-0.2, 0.2), (0.2, 0.2), (0.22, 0.6), (0.3, 0.74), (0.0, 0.86), (-0.3, 0.74), (-0.22, 0.6))
TRUNK = ((0.2, 0.6), (0.54, 0.71), (0.88, 0.79), (1.03, 0.92), (1.08, 1.15), (0.86, 2.0), (0.8, 2.8), (0.86, 3.5))
ARM = (
    (0.86, 0.8),
    (1.04, 0.92),
    (1.13, 1.25),
    (1.22, 2.3),
    (1.2, 3.4),
    (1.06, 3.75),
    (0.94, 3.4),
    (0.92, 2.3),
    (0.8, 1.4),
)
LEGS = ((0.86, 3.3), (0.84, 5.2), (0.7, 7.6), (0.26, 7.6), (0.08, 4.1), (0.0, 3.8), (0.0, 3.3))
SHOULDERS = 0.6
"""Where a body begins. People are drawn in the order of this line, so that nobody's body is before another's face."""
_FINE = 4
"""Corners are given to OpenCV in sixteenths of a pixel (2 to the power of this)."""
_FARTHEST_PX = 20_000
"""Corners farther out than this are drawn here: OpenCV's fine coordinates do not reach much farther."""


def draw(canvas: Rgb, head: Head, spot: Spot, rng: Generator) -> None:
    """Draw the body that belongs to a head into a picture, in place; the head comes after it.

    Args:
        canvas: ``(h, w, 3)`` RGB, changed.
        head: whose skin and, often, clothes give the colours.
        spot: where the face goes, its height and its roll.
        rng: where the rest of the colours comes from.
    """
    turn = math.radians(spot.roll_deg)
    matrix = spot.height_px * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    skin, cloth, legs = _skin(head), _cloth(head, rng), colours(rng, 1)[0] * 0.6
    wide = float(rng.uniform(0.88, 1.1))

    def fill(outline: Floats, colour: Floats) -> None:
        points = (outline * (wide, 1.0)) @ matrix.T + spot.centre_xy
        fine = np.rint(np.clip(points, -_FARTHEST_PX, _FARTHEST_PX) * (1 << _FINE)).astype(np.int32)
        cv2.fillPoly(canvas, [fine], [float(c) for c in colour], cv2.LINE_AA, _FINE)

    for side in (-1, 1):
        fill(_points(LEGS) * (side, 1), legs)
        fill(_points(ARM) * (side, 1), cloth * 0.86)
    right = _points(TRUNK)
    fill(np.concatenate([right, right[::-1] * (-1, 1)]), cloth)
    fill(_points(NECK), skin * 0.85)


def _points(outline: tuple[tuple[float, float], ...]) -> Floats:
    return np.array(outline, np.float32)


def _skin(head: Head) -> Floats:
    """Return the median colour around the nose."""
    x, y = np.clip(head.landmarks[2].astype(int), 0, np.array(head.rgb.shape[1::-1]) - 1)
    reach = max(2, int(head.box_wh[0] * 0.12))
    part = head.rgb[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
    return np.asarray(np.median(part.reshape(-1, 3), 0), np.float32)


def _cloth(head: Head, rng: Generator) -> Floats:
    """Return the median colour of what the photo shows well under the chin, or any colour where it ends before."""
    x0, _, x1, y1 = head.box.astype(int)
    below = head.rgb[int(y1 + 0.28 * head.box_wh[1]) : -4, max(0, x0) : x1]
    if below.size < 300 * 3:
        return np.asarray(colours(rng, 1)[0], np.float32)
    return np.asarray(np.median(below.reshape(-1, 3), 0), np.float32)
