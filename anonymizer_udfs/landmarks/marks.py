"""What 68 points say of a face before and after: where they are, which way it and its eyes look, what it does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.base import Rgb
from anonymizer_udfs.landmarks.expression import eye_aspect_ratios, mouth_openness, mouth_width
from anonymizer_udfs.landmarks.gaze import gaze
from anonymizer_udfs.landmarks.pose import Pose, pose
from anonymizer_udfs.landmarks.schemes import LEFT_EYE, RIGHT_EYE, Points

PARTED, WIDE = 0.11, 0.92
"""Where lips count as parted, and a mouth as wide: half-way between the medians of those that are and those that are
not, as :mod:`anonymizer_udfs.landmarks.expression` has them."""


@dataclass(frozen=True, eq=False)
class Marks:
    """What the points of one face say.

    Attributes:
        xy: the 68 points, ``(68, 2)``, in pixels of the picture.
        turn: yaw and pitch.
        open_eyes: the mean ratio of both eyes.
        parted: the gap between the lips, in distances of the eyes.
        wide: the mouth's width, likewise.
        gaze: where the irises lie, in widths of an eye.
    """

    xy: NDArray[np.float64]
    turn: Pose
    open_eyes: float
    parted: float
    wide: float
    gaze: float

    @classmethod
    def of(cls, rgb: Rgb, points: Points) -> "Marks":
        """Return what points say of a face in a picture."""
        eyes = float(np.mean(eye_aspect_ratios(points)))
        return cls(points.as_68, pose(points), eyes, mouth_openness(points), mouth_width(points), gaze(rgb, points))


@dataclass(frozen=True)
class Moved:
    """How far what the points say has moved; not a number where it cannot be said.

    Attributes:
        landmark_error: the mean distance of the 68 points, in distances of the eyes.
        yaw_error: in degrees.
        pitch_error: in degrees.
        eye_error: of the mean ratio of both eyes, height by width, by which a blink is told.
        expression: 1 where lips are parted or not as before, and the mouth is as wide or narrow; else 0.
        gaze_error: of where the irises lie, in widths of an eye.
    """

    landmark_error: float = math.nan
    yaw_error: float = math.nan
    pitch_error: float = math.nan
    eye_error: float = math.nan
    expression: float = math.nan
    gaze_error: float = math.nan


def moved(before: Marks, after: Marks) -> Moved:
    """Return how far the points of a face have moved."""
    eyes = math.dist(before.xy[LEFT_EYE].mean(0), before.xy[RIGHT_EYE].mean(0))
    apart = float(np.linalg.norm(after.xy - before.xy, axis=1).mean())
    return Moved(
        landmark_error=apart / eyes if eyes > 0 else math.nan,
        yaw_error=abs(after.turn.yaw - before.turn.yaw),
        pitch_error=abs(after.turn.pitch - before.turn.pitch),
        eye_error=abs(after.open_eyes - before.open_eyes),
        expression=_alike(before, after),
        gaze_error=abs(after.gaze - before.gaze),
    )


def _alike(before: Marks, after: Marks) -> float:
    said = (before.parted, before.wide, after.parted, after.wide)
    if not all(map(math.isfinite, said)):
        return math.nan
    same = (before.parted >= PARTED) == (after.parted >= PARTED) and (before.wide >= WIDE) == (after.wide >= WIDE)
    return float(same)
