"""What is left of a face's points, pose, eyes and expression, where many points were looked for before and after."""

import math
from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.landmarks.marks import Marks, moved
from anonymizer_udfs.utility.base import Figure, Figures, Pair

SHUT = 0.13
"""Ratio of an eye's height to its width: of 3,706 photos the 30 lowest had up to this, and eyes that were shut, cast
down or narrowed; see :mod:`anonymizer_udfs.landmarks.expression`."""
_HALF_TURN = 180.0


@dataclass(frozen=True)
class PointsKept:
    """How far points, and what they say, have moved. Cases are the faces found in both of which it can be said.

    Where a face is no longer found there is nothing to compare, so these figures are of what ``detector_retention``
    counts as kept, and have no case at all under a mask.

    Figures:
        landmark_error: mean distance of the 68 points, in distances between the eyes; 0 is best, as of all errors.
        yaw_error, pitch_error, roll_error: in degrees.
        eye_error: of the mean ratio of both eyes, height by width.
        gaze_error: of where the irises lie, in widths of an eye.
        blink_agreement: share whose eyes are shut, or open, as before; 1 is best, as of all agreements.
        expression_agreement: share whose lips are parted or not, and whose mouth is wide or not, as before.
    """

    name: ClassVar[str] = "points_kept"

    def measure(self, pair: Pair) -> Figures:
        """Return the figures, as far as they are defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        rows = [_of(before, after) for before, after in pair.marks]
        figures: Figures = {}
        for name in rows[0] if rows else ():
            known = [row[name] for row in rows if math.isfinite(row[name])]
            if known:
                figures[name] = Figure(sum(known) / len(known), len(known))
        return figures


def _of(before: Marks, after: Marks) -> dict[str, float]:
    """Return every figure of one face; not a number where it cannot be said."""
    found = moved(before, after)
    return {
        "landmark_error": found.landmark_error,
        "yaw_error": found.yaw_error,
        "pitch_error": found.pitch_error,
        "roll_error": abs((after.turn.roll - before.turn.roll + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN),
        "eye_error": found.eye_error,
        "gaze_error": found.gaze_error,
        "blink_agreement": _alike(before.open_eyes, after.open_eyes),
        "expression_agreement": found.expression,
    }


def _alike(was: float, now: float) -> float:
    return float((was <= SHUT) == (now <= SHUT)) if math.isfinite(was) and math.isfinite(now) else math.nan
