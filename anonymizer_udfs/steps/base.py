"""What a step on a whole picture is, and where places of the picture are after it."""

from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Picture, orientation

_OTHER_SIDE = [1, 0, 2, 4, 3]
"""Which of five points each is in a mirrored face: eyes and corners of the mouth change places."""
_HALF_TURN = 180.0


class Step(Protocol):
    """A family member: what is done with every pixel of a picture before its faces are treated.

    Members are frozen dataclasses. The same picture gives the same result; the source is not changed.

    Attributes:
        name: how policies call it.
        mirrors: whether what was left is right after it.
        moves: whether places of the picture are elsewhere after it.
    """

    name: ClassVar[str]
    mirrors: ClassVar[bool]
    moves: ClassVar[bool]

    def apply(self, picture: Picture) -> Picture:
        """Return the picture after the step: the same format, channels, kind of samples, and orientation.

        One that the step does not change is returned itself.
        """
        ...


@dataclass(frozen=True)
class Moved:
    """Where the places of an upright picture are after a step.

    Attributes:
        scale_xy: how many pixels after it one pixel before it is, across and down.
        width: of the upright picture after it.
        mirrored: whether left and right have changed places.
    """

    scale_xy: tuple[float, float]
    width: float
    mirrored: bool = False

    @classmethod
    def between(cls, before: Picture, after: Picture, *, mirrored: bool = False) -> "Moved":
        """Return how places move from one picture to another."""
        old, new = (_upright_wh(one) for one in (before, after))
        return cls((new[0] / old[0], new[1] / old[1]), new[0], mirrored)

    def back(self) -> "Moved":
        """Return the way from after the step to before it."""
        x, y = self.scale_xy
        return Moved((1 / x, 1 / y), self.width / x, self.mirrored)

    def finding(self, one: Finding) -> Finding:
        """Return a finding where it is after the step.

        Examples:
            >>> box = np.array([10, 20, 30, 40], np.float32)
            >>> Moved((0.5, 0.5), 50, mirrored=True).finding(Finding("face", box, 0.9, ())).box.tolist()
            [35.0, 10.0, 45.0, 20.0]
        """
        box = self._points(one.box.reshape(2, 2))
        box[:, 0] = np.sort(box[:, 0])
        marks = None if one.landmarks is None else self._points(one.landmarks)
        if marks is not None and self.mirrored:
            marks = marks[_OTHER_SIDE]
        roll = one.roll_degrees
        if roll is not None and self.mirrored and roll != _HALF_TURN:
            roll = -roll + 0.0
        return replace(one, box=box.reshape(4), landmarks=marks, roll_degrees=roll)

    def _points(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.asarray(points * np.array(self.scale_xy), np.float32)
        if self.mirrored:
            out[:, 0] = self.width - out[:, 0]
        return out


def _upright_wh(picture: Picture) -> tuple[int, int]:
    w, h = picture.size_wh
    return (h, w) if orientation.swapped(picture.orientation) else (w, h)
