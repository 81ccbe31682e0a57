"""What a search gives: one finding for each face or plate, with who saw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.records import Sighting

HALF_TURN = 180.0
_LEAST_SPAN = 0.1
"""Eyes and mouth nearer to each other than this share of the box's diagonal say nothing of the roll."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One face or plate in an upright picture.

    Attributes:
        kind: ``face`` or ``plate``.
        box: float32 ``(4,)``, ``x0 y0 x1 y1`` in pixels, clipped to the picture.
        confidence: in [0, 1]; see :func:`anonymizer_udfs.detection.fusion.confidence`.
        sightings: by whom, best first, at least one.
        landmarks: float32 ``(5, 2)`` of the best sighting that has any, or none.
        landmarks_by: the detector whose idea of landmarks they are.
        roll_degrees: how far the face is turned in the picture's plane, clockwise, in (-180, 180]; none if unknown.
    """

    kind: str
    box: NDArray[np.float32]
    confidence: float
    sightings: tuple[Sighting, ...]
    landmarks: NDArray[np.float32] | None = None
    landmarks_by: str | None = None
    roll_degrees: float | None = None


def roll_degrees(landmarks: NDArray[np.float32]) -> float | None:
    """Return the angle by which a face is turned clockwise, in (-180, 180]; none where the points lie too near.

    It is the direction from between the eyes to between the corners of the mouth, which is down in an upright face;
    unlike the line of the eyes it stays what it is when a picture is mirrored.

    Examples:
        >>> upright = np.array([[2, 2], [6, 2], [4, 4], [2, 6], [6, 6]], np.float32)
        >>> roll_degrees(upright), roll_degrees(upright[:, ::-1]), roll_degrees(-upright)
        (0.0, -90.0, 180.0)
    """
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:].mean(0)
    down = (mouth - eyes).astype(np.float64)
    if np.hypot(*down) <= _LEAST_SPAN * np.hypot(*np.ptp(landmarks, axis=0)):
        return None
    angle = round(float(np.degrees(np.arctan2(-down[0], down[1]))), 1) + 0.0
    return angle if angle > -HALF_TURN else HALF_TURN
