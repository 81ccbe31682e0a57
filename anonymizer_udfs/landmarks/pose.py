"""Which way a face looks: a mean face in three dimensions, turned until it lies on the points.

The camera is taken to be far away (weak perspective), so that nothing need be known of its lens: a point of the face is
turned, its depth dropped, and what is left scaled and moved. The turn is the one of least squared distances.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.schemes import Points

RIGID = (*range(27, 36), 36, 39, 42, 45, 48, 54)
"""The points of scheme 68 that are looked at: nose, corners of the eyes, corners of the mouth. Lids, lips and brows
move with the expression."""
MEAN_FACE = (
    *((0.0, -0.49, -0.029), (0.0, -0.3, -0.115), (0.0, -0.11, -0.209), (0.0, 0.087, -0.299)),
    *((-0.231, 0.23, -0.071), (-0.121, 0.272, -0.117), (0.0, 0.307, -0.15), (0.121, 0.272, -0.117)),
    *((0.231, 0.23, -0.071), (-0.697, -0.444, 0.223), (-0.303, -0.429, 0.161), (0.303, -0.429, 0.161)),
    *((0.697, -0.444, 0.223), (-0.457, 0.624, 0.205), (0.457, 0.624, 0.205)),
)
"""Where they are on a mean face: x to the right, y down, z away from the camera, in distances between the eyes.

Fitted by ``benchmarks/landmarks.py`` to dlib's points of 3,706 photos of LFW: by turns the pose of each photo and the
face that suits all, made symmetric (structure from motion as in Tomasi and Kanade 1992, under a scaled camera). All
points but the jaw's were fitted, 51; with fewer, depths came out up to 27% larger, so a yaw is not known better than to
some tenth of it. Another mean face, which InsightFace has for its own model, is read at yaws of 10 to 50 degrees as
turned by 9.8 to 49.9, and when nodded by -20 to 20 degrees from where it reads 0 as by -23.7 to 19.2.

A pitch of 0 is how the people of LFW hold their heads in the median: it is no property of a skull."""
_MODEL = np.array(MEAN_FACE)
_STEPS, _SMALL = 20, 1e-6
Xyz = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Angles in degrees; NaN where the points do not tell.

    The face of yaw, pitch and roll 0 is first nodded by the pitch, then turned by the yaw about the picture's vertical
    axis, then turned in the picture's plane by the roll.

    Attributes:
        yaw: how far it looks to the picture's right, once upright, in [-90, 90].
        pitch: how far it looks up.
        roll: how far it is turned clockwise, in [-180, 180].
    """

    yaw: float
    pitch: float
    roll: float


def pose(points: Points) -> Pose:
    """Return which way a face looks; some half a millisecond."""
    rotation, scale = fit(_MODEL, points.as_68[list(RIGID)])
    if not scale > 0:
        return Pose(math.nan, math.nan, math.nan)
    sine = float(np.clip(rotation[2, 0], -1, 1))
    pitch, roll = math.atan2(-rotation[2, 1], rotation[2, 2]), math.atan2(rotation[1, 0], rotation[0, 0])
    return Pose(math.degrees(math.asin(sine)), math.degrees(pitch), math.degrees(roll))


def fit(model: Xyz, xy: NDArray[np.float64]) -> tuple[Xyz, float]:
    """Return the rotation and the scale that bring a model closest to points of a picture.

    Gauss and Newton's way over the turn and the scale, from the nearest rotation of the best affine map on; places are
    compared about their means.

    Args:
        model: ``(n, 3)``, its points not in one plane with the third axis.
        xy: ``(n, 2)``, of the same points.

    Returns:
        The 3x3 rotation, and pixels for one unit of the model; 0 where the points are all in one place or not finite.
    """
    if not np.isfinite(xy).all() or not np.ptp(xy, axis=0).any():
        return np.eye(3), 0.0
    about, seen = model - model.mean(0), xy - xy.mean(0)
    affine = np.linalg.lstsq(about, seen, rcond=None)[0].T
    u, spread, v = np.linalg.svd(affine, full_matrices=False)
    rows, scale = u @ v, float(spread.mean())
    rotation = np.stack([*rows, np.cross(rows[0], rows[1])])
    for _ in range(_STEPS):
        x, y, z = turned = rotation @ about.T
        off = seen.T - scale * turned[:2]
        none = np.zeros_like(x)
        # How both coordinates change with a small turn about each axis, and with the scale.
        across, down = np.stack([none, scale * z, -scale * y, x]), np.stack([-scale * z, none, scale * x, y])
        slopes = np.concatenate([across, down], 1)
        step = np.linalg.lstsq(slopes @ slopes.T, slopes @ off.ravel(), rcond=None)[0]
        rotation, scale = _turn(step[:3]) @ rotation, scale + float(step[3])
        if float(np.abs(step[:3]).max()) < _SMALL:
            break
    return rotation, scale


def _turn(axis: Xyz) -> Xyz:
    """Return the rotation about an axis by as many radians as it is long (Rodrigues' formula)."""
    angle = float(np.linalg.norm(axis))
    if angle < np.finfo(float).tiny:
        return np.eye(3)
    x, y, z = axis / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross)
