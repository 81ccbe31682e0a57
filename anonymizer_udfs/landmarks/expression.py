"""What a face does: how far its eyes and its mouth are open, and how wide the mouth is.

All are ratios of lengths in one face, so they know neither its size nor its roll. They are NaN where the points are not
known, or a length that they are relative to is 0.
"""

import math

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.schemes import (
    INNER_LIPS,
    LEFT_CORNER,
    LEFT_EYE,
    RIGHT_CORNER,
    RIGHT_EYE,
    Points,
)

Xy = NDArray[np.float64]


def eye_aspect_ratios(points: Points) -> tuple[float, float]:
    """Return how far the left and the right eye are open: height by width.

    Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks" (2016), equation 1. Of 3,706 photos of
    LFW, by dlib's points, the mean of both was 0.29 in the median, 0.18 and 0.40 at 5 and 95%; in the 30 lowest, up
    to 0.13, eyes were shut, cast down or narrowed.
    """
    xy = points.as_68
    return _aspect_ratio(xy[LEFT_EYE]), _aspect_ratio(xy[RIGHT_EYE])


def mouth_openness(points: Points) -> float:
    """Return the mean gap between the inner lips, in distances between the eyes.

    Of 106 photos of LFW, sorted by eye, 63 with parted lips had 0.19 in the median and 43 with closed ones 0.03; of a
    pair from both the parted one had more in 96 of 100 cases.
    """
    xy = points.as_68
    lips = xy[INNER_LIPS]
    return _ratio(float(_lengths(lips[1:4] - lips[[7, 6, 5]]).mean()), _between_eyes(xy))


def mouth_width(points: Points) -> float:
    """Return the distance between the corners of the mouth, in distances between the eyes: what a smile makes larger.

    Of 120 photos of LFW, sorted by eye, 42 who smile had 1.03 in the median and 78 who do not 0.81; of a pair from both
    the smiling one had more in 98 of 100 cases. How far the corners are raised told less, and changed with the pitch.
    """
    xy = points.as_68
    return _ratio(math.dist(xy[LEFT_CORNER], xy[RIGHT_CORNER]), _between_eyes(xy))


def _aspect_ratio(eye: Xy) -> float:
    """Return the mean distance between the lids by that between the corners, of the six points of an eye."""
    heights = _lengths(eye[[1, 2]] - eye[[5, 4]])
    return _ratio(float(heights.mean()), math.dist(eye[0], eye[3]))


def _between_eyes(xy: Xy) -> float:
    """Return the distance between the means of both eyes' points."""
    return math.dist(xy[LEFT_EYE].mean(0), xy[RIGHT_EYE].mean(0))


def _lengths(vectors: Xy) -> Xy:
    return np.hypot(vectors[:, 0], vectors[:, 1])


def _ratio(length: float, of: float) -> float:
    return length / of if of > 0 else math.nan
