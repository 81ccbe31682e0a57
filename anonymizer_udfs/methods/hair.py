"""Ways of wearing hair, on a head that can be turned."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.drawing import Points
from anonymizer_udfs.methods.heads import AROUND, CROWN_Y, Head

Side = tuple[float, ...]
_GIVEN = (0, 25, 50, 64, 74, 84, 95, 108, 130, 180)
"""Angles around a head, in degrees from its front, at which a hairline's heights are given."""
_SMOOTHING = np.array([1, 2, 3, 4, 3, 2, 1]) / 16
_ROOTS = 0.6
_CORNERS = 32


@dataclass(frozen=True)
class Hair:
    """One way of wearing it, in widths of the face's box.

    Attributes:
        right: heights of the hairline at :data:`_GIVEN`, on the side that is on the right as it is seen.
        left: those on the other side.
        stands_out: how far from the head.
        behind: the right side of what hangs behind the head, from above to below; empty where nothing does.
        over_ears: whether it covers them.
    """

    right: Side
    left: Side
    stands_out: float
    behind: tuple[tuple[float, float], ...] = ()
    over_ears: bool = False

    def cap(self, head: Head) -> Points:
        """Return the outline of what lies on a head, as it is seen."""
        line = head.line(self.heights, self.stands_out * _ROOTS)
        crown = CROWN_Y - 1.5 * self.stands_out
        first, last = line[0, 1], line[-1, 1]
        right = head.edge(np.linspace(first, crown, _CORNERS), self.stands_out)
        left = head.edge(np.linspace(crown, last, _CORNERS), self.stands_out, side=-1)
        return np.concatenate([line[::-1], right, left])

    @functools.cached_property
    def heights(self) -> NDArray[np.float64]:
        """The hairline's heights at :data:`anonymizer_udfs.methods.heads.AROUND`, without corners."""
        right, left = (np.interp(np.abs(AROUND), _GIVEN, side) for side in (self.right, self.left))
        line = np.where(AROUND >= 0, right, left)
        reach = len(_SMOOTHING) // 2
        return np.convolve(np.pad(line, reach, mode="wrap"), _SMOOTHING, "valid")


_SHORT = (-0.64, -0.63, -0.56, -0.38, -0.1, 0.02, -0.2, -0.05, 0.1, 0.15)
_FRINGE = (-0.6, -0.56, -0.5, -0.36, -0.1, 0.04, -0.2, -0.05, 0.1, 0.15)
_PARTED = (-0.6, -0.72, -0.68, -0.42, -0.1, 0.04, -0.2, -0.05, 0.1, 0.15)
_CROPPED = (-0.74, -0.74, -0.64, -0.4, -0.2, -0.05, -0.25, -0.1, 0.08, 0.12)
_CURTAIN = (-0.74, -0.6, -0.42, -0.1, 0.25, 0.5, 0.6, 0.65, 0.65, 0.65)
_BOB = (-0.66, -0.52, -0.4, -0.15, 0.15, 0.4, 0.45, 0.5, 0.5, 0.5)
_BOB_PARTED = (-0.66, -0.72, -0.56, -0.2, 0.15, 0.4, 0.45, 0.5, 0.5, 0.5)
_TIED = (-0.68, -0.66, -0.56, -0.36, -0.15, -0.1, -0.25, -0.15, 0.05, 0.1)

STYLES = (
    Hair(_SHORT, _SHORT, 0.05),
    Hair(_FRINGE, _PARTED, 0.075),
    Hair(_CROPPED, _CROPPED, 0.02),
    Hair(
        _CURTAIN,
        _CURTAIN,
        0.07,
        ((0.2, -1.1), (0.56, -0.9), (0.68, -0.4), (0.68, 0.2), (0.74, 0.8), (0.62, 1.3), (0.3, 1.38)),
        over_ears=True,
    ),
    Hair(
        _BOB,
        _BOB_PARTED,
        0.1,
        ((0.2, -1.12), (0.58, -0.9), (0.74, -0.4), (0.78, 0.1), (0.7, 0.6), (0.4, 0.72)),
        over_ears=True,
    ),
    Hair(_TIED, _TIED, 0.04, ((0.1, -1.38), (0.26, -1.3), (0.3, -1.12), (0.2, -0.95))),
)


def worn(style: float) -> Hair:
    """Return the way that a number in [0, 1) stands for."""
    return STYLES[min(int(style * len(STYLES)), len(STYLES) - 1)]
