"""A donor's face with the expression of another: what is kept of a face's points, and what is not."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors.shape import opening
from anonymizer_udfs.landmarks.schemes import LEFT_EYE, RIGHT_EYE
from anonymizer_udfs.methods.seen import Seen

Points = NDArray[np.float64]

_EYES = (LEFT_EYE, RIGHT_EYE)
_BROWS = (slice(17, 22), slice(22, 27))
_LIPS, _CORNERS = slice(48, 68), (48, 54)
_UPPER, _LOWER = (1, 2, 3, 4, 5, 13, 14, 15), (7, 8, 9, 10, 11, 17, 18, 19)
"""Of the 20 points of the lips."""
_BROW_SHARE, _BROW_MOST = 0.7, 0.2
_WIDTH_SHARE, _BEND_SHARE = 0.75, 0.8
"""How much of what a face differs by from the donors counts as its expression; the rest is taken for its own shape."""
_GAP_SHARE = 1.12
"""Drawn lips hide a little of what is between them: so much further they are opened."""
_TURNED = (18.0, 38.0)
"""Of a face that is turned further than the first the outline is partly its own, beyond the second all of it: what is
seen of a turned head's outline are no points of the jaw."""
_GAZE_STEP, _GAZE_MOST = 0.1, 0.5
_EYE_PX, _EYE_OPEN, _CONTRAST = 8.0, 0.12, 12.0
"""Eyes less wide, less open or of less contrast than this look straight ahead."""


def expressed(own: Points, seen: Seen) -> Points:
    """Return the points of a donor's face, looking straight ahead, with the expression that is seen.

    Kept are: how far each eye is open, how high each brow is over its eye, how far the mouth is open, how wide it is
    and how it bends, and the jaw that goes with it. Where features lie and how large they are is the donor's, but for
    a share of a mouth's width and a brow's height that may be the face's own and not its expression.

    Args:
        own: the donor's points, ``(68, 2)``.
        seen: the other face. Without 68 points it is as the donor is.
    """
    out = own.copy()
    if seen.points is None:
        return out
    face = seen.frontal()
    for eye, brow in zip(_EYES, _BROWS, strict=True):
        out[eye] = _opened(own[eye], opening(face[eye]))
        higher = (face[brow, 1].mean() - face[eye, 1].mean()) - (own[brow, 1].mean() - own[eye, 1].mean())
        out[brow, 1] += _BROW_SHARE * np.clip(higher, -_BROW_MOST, _BROW_MOST)
    out[_LIPS], gap = _mouth(own[_LIPS], face[_LIPS])
    jaw = own[:17].copy()
    jaw[:, 1] += 0.45 * gap * np.clip((jaw[:, 1] - 0.3) / 1.1, 0, 1)
    low, high = _TURNED
    out[:17] = face[:17] + np.clip((high - abs(seen.yaw_degrees)) / (high - low), 0, 1) * (jaw - face[:17])
    return out


def mouth_gap(points: Points) -> float:
    """Return the mean gap between the inner lips of 68 points, in their unit."""
    lips = points[_LIPS]
    return float((lips[[19, 18, 17], 1] - lips[[13, 14, 15], 1]).mean())


def _opened(eye: Points, ratio: float) -> Points:
    """Return an eye that is open as far as a ratio of height to width says."""
    out = eye.copy()
    share = np.clip(ratio / opening(eye), 0.12, 1.8)
    slope = (eye[3, 1] - eye[0, 1]) / (eye[3, 0] - eye[0, 0])
    line = eye[0, 1] + (eye[:, 0] - eye[0, 0]) * slope
    out[:, 1] = line + (eye[:, 1] - line) * share
    return out


def _mouth(own: Points, face: Points) -> tuple[Points, float]:
    """Return a donor's lips with the mouth of a face, and how much further it is open than the donor's."""
    middle, theirs = own[[0, 6]].mean(0), face[[0, 6]].mean(0)
    width = float(own[6, 0] - own[0, 0])
    wanted = width + _WIDTH_SHARE * (float(np.clip(face[6, 0] - face[0, 0], 0.5, 1.25)) - width)
    out = (own - middle) * (wanted / width, 1)
    between = [13, 14, 15, 17, 18, 19]
    bend = (face[between, 1].mean() - theirs[1]) - (own[between, 1].mean() - middle[1])
    share = np.clip(1 - (out[:, 0] / (wanted / 2)) ** 2, 0, 1)
    out[:, 1] += _BEND_SHARE * np.clip(bend, -0.2, 0.2) * share
    gaps = (np.maximum(one[[19, 18, 17], 1] - one[[13, 14, 15], 1], 0).mean() for one in (face, own))
    gap = float(np.clip(_GAP_SHARE * next(gaps) - next(gaps), -0.1, 0.7))
    for side, places in ((-0.5, _UPPER), (0.5, _LOWER)):
        out[list(places), 1] += side * gap * np.sqrt(share[list(places)])
    return out + middle, gap


def irises(grey: NDArray[np.uint8], seen: Seen, points: Points) -> Points:
    """Return where the irises of a stand-in lie in the patch, ``(2, 2)``: where the original looks, in tenths.

    Args:
        grey: the patch, ``(h, w)``, in 256 levels.
        seen: the original.
        points: the stand-in's 68 points in the patch.
    """
    gaze = 0.0
    if seen.points is not None:
        both = [_gaze(grey, seen.points[eye]) for eye in _EYES]
        gaze = float(np.clip(round(sum(both) / 2 / _GAZE_STEP) * _GAZE_STEP, -_GAZE_MOST, _GAZE_MOST))
    return np.array([points[eye].mean(0) + gaze * (points[eye][3] - points[eye][0]) / 2 for eye in _EYES])


def _gaze(grey: NDArray[np.uint8], eye: Points) -> float:
    """Return how far the dark of an eye lies from its middle towards the right corner, in half widths of it."""
    along = eye[3] - eye[0]
    width = math.hypot(*along)
    if width < _EYE_PX or opening(eye) < _EYE_OPEN:
        return 0.0
    h, w = grey.shape
    x0, y0 = np.clip(np.floor(eye.min(0)).astype(int), 0, (w, h)).tolist()
    x1, y1 = np.clip(np.ceil(eye.max(0)).astype(int) + 1, 0, (w, h)).tolist()
    part = grey[y0:y1, x0:x1].astype(np.float64)
    inside = np.zeros(part.shape, np.uint8)
    if not inside.size:
        return 0.0
    cv2.fillPoly(inside, [np.rint((eye - (x0, y0) - 0.5) * 16).astype(np.int32)], 1, shift=4)
    if inside.sum() < _EYE_PX:
        return 0.0
    dark, light = np.quantile(part[inside > 0], (0.05, 0.85)).tolist()
    if light - dark < _CONTRAST:
        return 0.0
    weights = inside * np.maximum((dark + light) / 2 - part, 0)
    y, x = np.mgrid[y0:y1, x0:x1] + 0.5
    middle = eye.mean(0)
    off = ((x - middle[0]) * along[0] + (y - middle[1]) * along[1]) / width
    return float((weights * off).sum() / max(float(weights.sum()), 1e-9) / (width / 2))
