"""A head as a solid body that can be turned: what a drawn face is drawn on.

Coordinates are those of :class:`anonymizer_udfs.methods.facing.Facing`, with a third that points out of the picture and
is 0 in the plane of the eyes and the mouth. Seen from far away, a body whose level sections are ellipses keeps simple
outlines however far it is turned about the vertical.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.drawing import CURVE_STEPS, Points, curve

AXIS_DEPTH = -0.26
"""Of the axis about which a face turns within its box: the mean of CenterFace's points of eyes and mouth was found
``0.26 sin(yaw)`` beside the box's centre, with a deviation of 0.012, and the nose ``0.46 sin(yaw)``, which is its own
depth more (400 photos of LFW)."""
_SECTIONS = np.array(
    [
        (-1.05, 0.00, -0.58, -0.58),
        (-1.03, 0.19, -0.37, -0.82),
        (-0.96, 0.34, -0.19, -1.02),
        (-0.84, 0.45, -0.05, -1.14),
        (-0.68, 0.52, 0.03, -1.22),
        (-0.54, 0.55, 0.07, -1.25),
        (-0.40, 0.56, 0.09, -1.26),
        (-0.16, 0.56, 0.08, -1.24),
        (0.10, 0.54, 0.08, -1.12),
        (0.30, 0.475, 0.08, -0.86),
        (0.45, 0.395, 0.07, -0.66),
        (0.57, 0.295, 0.06, -0.52),
        (0.65, 0.20, 0.04, -0.40),
        (0.69, 0.11, 0.00, -0.30),
        (0.70, 0.00, -0.14, -0.14),
    ]
)
"""Of a head, from the crown to the chin: height, half width, front and back. Made up, to look like a head in the
frame of a detector's box; no body was measured."""
CROWN_Y, CHIN_Y = float(_SECTIONS[0, 0]), float(_SECTIONS[-1, 0])
AROUND = np.arange(-180.0, 180.0, 2.5)
"""Angles around a head, in degrees from its front, to the right."""
_SIN, _COS = np.sin(np.radians(AROUND)), np.cos(np.radians(AROUND))
_ROWS = 512
_MIDDLE_Y = -0.2
"""The height from which a head that is made larger grows upwards and downwards."""


def _table() -> NDArray[np.float64]:
    """Return half width, depth of the middle and half depth at heights evenly from crown to chin, ``(3, rows + 1)``."""
    ends = [1, -1, 1, 1]  # as if the other side of the head went on beyond, so that crown and chin are round
    closed = curve(np.concatenate([_SECTIONS[:1] * ends, _SECTIONS, _SECTIONS[-1:] * ends]))
    fine = closed[CURVE_STEPS : -2 * CURVE_STEPS]
    rising = np.maximum.accumulate(fine[:, 0])
    heights = np.linspace(CROWN_Y, CHIN_Y, _ROWS + 1)
    half, front, back = (np.interp(heights, rising, column) for column in fine.T[1:])
    return np.stack([np.maximum(half, _THIN), (front + back) / 2, np.maximum((front - back) / 2, _THIN)])


_THIN = 1e-3
"""Crown and chin are not points, so that nothing is divided by zero there."""
_TABLE = _table()
_STEPS = np.diff(_TABLE, axis=1, append=_TABLE[:, -1:])


@dataclass(frozen=True)
class Head:
    """A head turned by an angle.

    Attributes:
        yaw_degrees: how far it looks to the picture's right; up to 60 the face is all in view.
        jaw: width of the lower face, relative to that of :data:`_SECTIONS`.
    """

    yaw_degrees: float = 0.0
    jaw: float = 1.0

    def seen(self, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64] | float) -> Points:
        """Return where points of the body are seen, ``(n, 2)``."""
        turn = math.radians(self.yaw_degrees)
        out = np.empty((*x.shape, 2))
        out[..., 0] = x * math.cos(turn) + (z - AXIS_DEPTH) * math.sin(turn)
        out[..., 1] = y
        return out

    def lifted(self, points: Points, lift: float = 0.0) -> Points:
        """Return where points drawn on the front of the face are seen; ``lift`` is their height over the skin."""
        x, y = points[..., 0], points[..., 1]
        half, middle, deep = self._sections(y)
        bend = np.sqrt(np.maximum(1 - (x / half) ** 2, 0))
        return self.seen(x, y, middle + deep * bend + lift)

    def outline(self, top: float = CROWN_Y, bottom: float = CHIN_Y, wider: float = 0.0) -> Points:
        """Return the outline between two heights, ``(n, 2)``, down the right and up the left side.

        Args:
            top: least height.
            bottom: greatest height.
            wider: how far it is moved outwards, as a cap of hair is.
        """
        y = np.linspace(top, bottom, 48)
        right, left = self.edge(y, wider), self.edge(y, wider, side=-1)
        return np.concatenate([right, left[::-1]])

    def edge(self, y: NDArray[np.float64], wider: float = 0.0, side: int = 1) -> Points:
        """Return the right (1) or left (-1) edge of the outline at some heights."""
        larger = 1 + wider / _SECTIONS[:, 1].max()
        half, middle, deep = self._sections(_MIDDLE_Y + (y - _MIDDLE_Y) / larger)
        turn = math.radians(self.yaw_degrees)
        reach = np.hypot(half * math.cos(turn), deep * math.sin(turn)) * larger
        return np.stack([(middle - AXIS_DEPTH) * math.sin(turn) + side * reach, y], 1)

    def line(self, y: NDArray[np.float64], lift: float = 0.0) -> Points:
        """Return the part in view of a line around the head, from the right edge to the left.

        Args:
            y: its heights at :data:`AROUND`.
            lift: its height over the skin.
        """
        turn = math.radians(self.yaw_degrees)
        half, middle, deep = self._sections(y)
        facing = _COS / deep * math.cos(turn) - _SIN / half * math.sin(turn)  # the depth of the skin's normal
        front = np.flatnonzero(facing >= 0)
        front = front[np.argsort((AROUND[front] + self.yaw_degrees + 180) % 360)][::-1]
        return self.seen((half + lift) * _SIN, y, middle + (deep + lift) * _COS)[front]

    def _sections(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return half width, depth of the middle, and half depth at some heights."""
        row = np.minimum(np.maximum((y - CROWN_Y) * (_ROWS / (CHIN_Y - CROWN_Y)), 0), _ROWS)
        above = row.astype(np.intp)
        half, middle, deep = _TABLE[:, above] + (row - above) * _STEPS[:, above]
        return half * (1 + (self.jaw - 1) * np.minimum(np.maximum(y / CHIN_Y, 0), 1)), middle, deep
