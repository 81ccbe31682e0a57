"""Close-ups: one finding, brought upright and to a known size, as detectors saw faces in training."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.chips import Pyramid
from anonymizer_udfs.detection.base import Detections, Rgb
from anonymizer_udfs.detection.views import MIRRORED

_TOUCHES_PX = 2.0
_STEPS_A_SIDE = 12
_SIZE_STEP = 1.1
_TURN_STEP_DEGREES = 15


@dataclass(frozen=True)
class CloseUp:
    """A square around a point of a picture, turned and scaled; black where it reaches over the picture.

    Attributes:
        centre_xy: the point, in pixels of the picture.
        scale: pixels of the close-up for one of the picture.
        roll_degrees: how far the face is turned clockwise in the picture; the close-up shows it upright.
        side_px: the square's side.
        mirrored: whether left and right are swapped.
    """

    centre_xy: tuple[float, float]
    scale: float
    roll_degrees: float
    side_px: int
    mirrored: bool = False

    @property
    def rough(self) -> tuple[object, ...]:
        """What it shows, roughly: a detector that saw one of two close-ups that are equal in this has seen the other.

        Steps of a twelfth of the side, of a tenth of the size and of 15 degrees are less than what moves a box from one
        pass to the next.
        """
        x, y = (round(one * self.scale / self.side_px * _STEPS_A_SIDE) for one in self.centre_xy)
        size = round(math.log(self.scale) / math.log(_SIZE_STEP))
        turn = round(self.roll_degrees / _TURN_STEP_DEGREES) % round(360 / _TURN_STEP_DEGREES)
        return x, y, size, turn, self.side_px, self.mirrored

    @functools.cached_property
    def _turn(self) -> NDArray[np.float64]:
        """The 2x2 matrix from offsets in the picture to offsets in the close-up."""
        angle = np.radians(self.roll_degrees)
        c, s = np.cos(angle) * self.scale, np.sin(angle) * self.scale
        turn = np.array([[c, s], [-s, c]])
        return np.asarray(np.diag([-1.0, 1.0]) @ turn if self.mirrored else turn)

    def render(self, picture: Pyramid) -> Rgb:
        """Return the close-up of a picture, uint8 ``(side_px, side_px, 3)``."""
        # A pixel's centre is half a pixel from its corner, in the picture as in the close-up.
        middle = self._turn @ (0.5 - np.array(self.centre_xy)) + self.side_px / 2 - 0.5
        return picture.chip(np.concatenate([self._turn, middle[:, None]], 1), self.side_px)

    def back(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return points ``(..., 2)`` of the close-up in pixels of the picture.

        Examples:
            >>> CloseUp((50, 40), 2.0, 90.0, 64).back(np.array([[32.0, 36.0]], np.float32)).round(3).tolist()
            [[48.0, 40.0]]
        """
        # The inverse of a turn, mirrored or not, is its transpose; that of its scale is one over it.
        offsets = (np.asarray(points, np.float64) - self.side_px / 2) @ (self._turn / self.scale**2)
        return np.asarray(offsets + np.array(self.centre_xy), np.float32)

    def shows(self, x: float, y: float) -> bool:
        """Return whether a point of the picture lies in the close-up."""
        return bool((np.abs(self._turn @ (np.array([x, y]) - self.centre_xy)) < self.side_px / 2).all())

    def found(self, detections: Detections, size_wh: tuple[int, int]) -> Detections:
        """Return what was found in the close-up in pixels of the picture, clipped to it.

        A face is taken for an ellipse, whose box along the picture's axes is smaller than that of its turned box. What
        touches the close-up's border is the part of a neighbour, and dropped.
        """
        xyxy = detections.boxes_xyxy
        keep = ((xyxy[:, :2] > _TOUCHES_PX) & (xyxy[:, 2:] < self.side_px - _TOUCHES_PX)).all(1)
        if not keep.any():
            return Detections.none()
        xyxy, points = xyxy[keep], detections.landmarks[keep]
        centre = self.back((xyxy[:, :2] + xyxy[:, 2:]) / 2)
        wh = (xyxy[:, 2:] - xyxy[:, :2]) / self.scale
        angle = np.radians(self.roll_degrees)
        square = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]]) ** 2
        half = np.sqrt(wh**2 @ square.T) / 2
        limit = np.array([*size_wh, *size_wh], np.float32)
        out = np.clip(np.concatenate([centre - half, centre + half], 1).astype(np.float32), 0, limit)
        marks = self.back(points)
        if self.mirrored:
            marks = marks[:, MIRRORED]
        inside = (out[:, 2] > out[:, 0]) & (out[:, 3] > out[:, 1])
        return Detections(out[inside], detections.scores[keep][inside], marks[inside])
