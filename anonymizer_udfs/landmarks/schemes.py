"""Two ways to mark a face with points, and what they have in common.

``68``: that of the iBUG 300-W data (Sagonas et al. 2013), which dlib's predictor and InsightFace's 3D model follow: the
jaw from the left of the picture to its right, the brows, the nose from its bridge down, the eyes and the lips. ``106``:
that of InsightFace's ``2d106det``: nearly all of these points in another order, and more of them.

Left and right are those of the picture of an upright face, as in :mod:`anonymizer_udfs.detection.base`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError, UnknownNameError

SIZES = {"68": 68, "106": 106}

JAW, NOSE = slice(0, 17), slice(27, 36)
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""Of scheme 68: from the left corner over the upper lid to the right corner, and back over the lower lid."""
LEFT_CORNER, RIGHT_CORNER, NOSE_TIP = 48, 54, 30
"""Of the mouth, and of the nose, in scheme 68."""
INNER_LIPS = slice(60, 68)
"""Of scheme 68: from the left corner over the upper lip to the right corner, and back over the lower lip."""

FROM_106 = (
    *(1, 10, 12, 14, 16, 3, 5, 7, 0, 23, 21, 19, 32, 30, 28, 26, 17),  # jaw
    *(43, 48, 49, 51, 50, 102, 103, 104, 105, 101),  # brows
    *(72, 73, 74, 86, 78, 79, 80, 85, 84),  # nose
    *(35, 41, 42, 39, 37, 36, 89, 95, 96, 93, 91, 90),  # eyes
    *(52, 64, 63, 71, 67, 68, 61, 58, 59, 53, 56, 55),  # outer lips
    *(65, 66, 62, 70, 69, 57, 60, 54),  # inner lips
)
"""For each point of scheme 68 the one of scheme 106 that is nearest to it in meaning, as public users of InsightFace's
model have it; not checked here on the model itself."""

MIRRORED = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
"""For each point of scheme 68 the one that takes its place in a mirror."""

Xy = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """The points of one face.

    They are face geometry: they stay in the worker's memory, and none but five of them may reach a table.

    Attributes:
        xy: float32 ``(n, 2)`` as x, y in pixels of the picture; may lie beyond it. NaN throughout where the face's box
            is empty.
        scheme: what each of them marks: ``68`` or ``106``.
    """

    xy: NDArray[np.float32]
    scheme: str

    def __post_init__(self) -> None:
        """Refuse an unknown scheme, and points that are not of it."""
        if self.scheme not in SIZES:
            raise UnknownNameError("scheme of points", self.scheme, SIZES)
        if self.xy.shape != (SIZES[self.scheme], 2) or self.xy.dtype != np.float32:
            raise SpecError(
                f"points of scheme {self.scheme} must be float32 ({SIZES[self.scheme]}, 2), got {self.xy.dtype} "
                f"{self.xy.shape}"
            )

    @classmethod
    def none(cls, scheme: str) -> "Points":
        """Return the points of a face that has no place: NaN."""
        return cls(np.full((SIZES.get(scheme, 0), 2), np.nan, np.float32), scheme)

    @property
    def known(self) -> bool:
        """Whether all of them are finite."""
        return bool(np.isfinite(self.xy).all())

    @property
    def as_68(self) -> Xy:
        """The 68 points that both schemes have, float64 ``(68, 2)``."""
        xy = self.xy.astype(np.float64)
        return xy if self.scheme == "68" else xy[list(FROM_106)]


def five(points: Points) -> NDArray[np.float32]:
    """Return the five points that detectors give, float32 ``(5, 2)``: eyes, nose, corners of the mouth.

    An eye is the mean of its six points, so it does not move with the gaze, as a pupil does.
    """
    xy = points.as_68
    eyes = xy[LEFT_EYE].mean(0), xy[RIGHT_EYE].mean(0)
    return np.asarray([*eyes, xy[NOSE_TIP], xy[LEFT_CORNER], xy[RIGHT_CORNER]], np.float32)
