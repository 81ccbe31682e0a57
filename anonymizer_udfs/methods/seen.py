"""What is seen of a face in a patch: its points, and how the face is turned."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.landmarks.pose import MEAN_FACE, RIGID, fit
from anonymizer_udfs.landmarks.schemes import LEFT_CORNER, LEFT_EYE, NOSE_TIP, RIGHT_CORNER, RIGHT_EYE
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import POINTS, Facing

Points = NDArray[np.float64]

_FIVE = np.array(
    [(-0.5, -0.455, 0.17), (0.5, -0.455, 0.17), (0.0, 0.098, -0.316), (-0.428, 0.536, 0.229), (0.428, 0.536, 0.229)]
)
"""Where a detector's five points lie in space, in distances of the eyes: as ``facing.POINTS`` has them, with the depths
of the mean face."""
_STRAY = 0.3
"""How far the five points that many points tell may lie from the detector's on average, in distances of the eyes; what
is further off is another face, or none."""
_REFIT = (0.85, 1.18)
"""How far a size is corrected once it is known who stands in."""
_LOWER = 0.015
"""A stand-in lies so much lower than its points say, in distances of the eyes: over 80 photos of LFW CenterFace saw its
points 0.024 too high else, and dlib's predictor saw its own 0.006 too low."""
_FLATTEST = 0.35
"""Cosine of the steepest turn that is undone: a face seen from further aside tells nothing of its other half."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A face as it lies in a patch.

    A place of the face ``(x, y, z)``, in distances of the eyes, is seen at ``scale * (rotation @ (x, y, z))[:2] +
    shift``.

    Attributes:
        rotation: 3x3.
        scale: pixels for one distance of the eyes.
        shift: ``(2,)``, in pixels.
        five: eyes, nose and corners of the mouth, ``(5, 2)`` in pixels.
        points: the 68 points, ``(68, 2)`` in pixels; None where five or fewer were given.
    """

    rotation: NDArray[np.float64]
    scale: float
    shift: NDArray[np.float64]
    five: Points
    points: Points | None = None

    @classmethod
    def of_five(cls, target: Target) -> "Seen":
        """Return what five points tell, where they agree with the box; else a face that fills the box, upright."""
        facing = Facing.of(target)
        seen = facing.pixels(facing.points)
        rotation, scale = fit(_FIVE, seen)
        if not scale > 0 or rotation[2, 2] < _FLATTEST:
            turn = math.radians(facing.roll_degrees)
            c, s = math.cos(turn), math.sin(turn)
            rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
            scale = facing.width_px * (POINTS[1][0] - POINTS[0][0])
        return cls(rotation, scale, _shift(_FIVE, seen, rotation, scale), seen)

    @classmethod
    def of_points(cls, points: Points) -> "Seen | None":
        """Return what 68 points tell, ``(68, 2)`` in pixels; None where they tell no face that can be seen."""
        model, rigid = np.array(MEAN_FACE), points[list(RIGID)]
        rotation, scale = fit(model, rigid)
        if not np.isfinite(points).all() or not scale > 0 or rotation[2, 2] < _FLATTEST:
            return None
        return cls(rotation, scale, _shift(model, rigid, rotation, scale), _five(points), points)

    @property
    def yaw_degrees(self) -> float:
        """How far the face looks to the picture's right."""
        return math.degrees(math.asin(float(np.clip(self.rotation[2, 0], -1, 1))))

    @property
    def flat(self) -> NDArray[np.float64]:
        """The 2x2 part of the turn that a flat face knows."""
        return self.rotation[:2, :2]

    @property
    def up(self) -> NDArray[np.float64]:
        """One distance of the eyes towards the forehead, ``(2,)`` in pixels, not foreshortened."""
        down = self.rotation[:2, 1]
        return np.asarray(-down / np.hypot(*down) * self.scale)

    def placed(self, points: Points, depth: NDArray[np.float64]) -> Points:
        """Return where places of the face ``(n, 2)`` at depths ``(n,)`` are seen."""
        return np.asarray(self.scale * (points @ self.flat.T + depth[:, None] * self.rotation[:2, 2]) + self.shift)

    def frontal(self) -> Points:
        """Return where the 68 points would lie if the face looked straight ahead; the canvas's where none are known."""
        if self.points is None:
            return shape.NEUTRAL
        upright = (self.points - self.shift) / self.scale - shape.DEPTH[:, None] * self.rotation[:2, 2]
        u, spread, v = np.linalg.svd(self.flat)
        back = (v.T / np.maximum(spread, _FLATTEST)) @ u.T
        return np.asarray(upright @ back.T)

    def flattened(self, at: Points) -> Points:
        """Return the face's coordinates of places in the patch, as if the face were flat."""
        return np.asarray((at - self.shift) / self.scale @ np.linalg.inv(self.flat).T)

    def fitted(self, points: Points) -> "Seen":
        """Return the face so large and placed so that another's points lie closest to its own: of eyes, nose and mouth.

        Args:
            points: the other's, looking straight ahead, ``(68, 2)`` in distances of the eyes.
        """
        other = (_five(self.placed(points, shape.DEPTH)) - self.shift) / self.scale
        about, mine = other - other.mean(0), self.five - self.five.mean(0)
        scale = float((about * mine).sum() / max(float((about**2).sum()), 1e-9))
        low, high = _REFIT
        scale = float(np.clip(scale, low * self.scale, high * self.scale))
        return replace(self, scale=scale, shift=self.five.mean(0) - scale * other.mean(0) - _LOWER * self.up)

    def scaled(self, by: float, corner: tuple[int, int]) -> "Seen":
        """Return the face as it is seen in a window that begins at a corner and is then scaled."""
        points = None if self.points is None else (self.points - corner) * by
        five = (self.five - corner) * by
        return replace(self, scale=self.scale * by, shift=(self.shift - corner) * by, five=five, points=points)


def look(rgb: NDArray[np.uint8], target: Target, landmarker: Landmarker | None) -> Seen:
    """Return what is seen of a target: by a landmarker's points where there is one that knows its detector.

    Args:
        rgb: the patch, uint8 ``(h, w, 3)``.
        target: where the face is in it.
        landmarker: who finds 68 points; None: nobody does.
    """
    by_five = Seen.of_five(target)
    if landmarker is None or target.landmarks is None or target.detector is None or target.runtime is None:
        return by_five
    told = np.array([target.landmarks[: len(_FIVE)]], np.float32)
    box = np.array([target.box_xyxy], np.float32)
    found = landmarker.locate(np.ascontiguousarray(rgb), box, told, target.detector, target.runtime)[0]
    seen = Seen.of_points(found.as_68) if found.known else None
    near = seen is not None and np.hypot(*(seen.five - told[0]).T).mean() <= _STRAY * seen.scale
    return replace(seen, five=told[0].astype(np.float64)) if seen is not None and near else by_five


def agrees(target: Target) -> bool:
    """Return whether a target has five points, and they tell a face of its box's size that does not look far aside."""
    if target.landmarks is None or not all(target.face_wh):
        return False
    facing = Facing.of(target)
    told = np.array(target.landmarks[: len(_FIVE)], np.float64)
    off = np.hypot(*(facing.pixels(facing.points) - told).T).max()
    return bool(off <= 0.1 * facing.width_px and abs(facing.yaw_degrees) <= _YAW_MOST)


_YAW_MOST = 50.0
"""Beyond it a drawn face does not lie on what is seen of the original."""


def _five(points: Points) -> Points:
    """Return eyes, nose and corners of the mouth of 68 points."""
    return np.array(
        [points[LEFT_EYE].mean(0), points[RIGHT_EYE].mean(0), *points[[NOSE_TIP, LEFT_CORNER, RIGHT_CORNER]]]
    )


def _shift(model: Points, xy: Points, rotation: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    return np.asarray(xy.mean(0) - scale * (rotation[:2] @ model.mean(0)))
