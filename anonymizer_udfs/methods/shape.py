"""The shape of a face: the points of each feature, and the ways in which it is changed."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.facing import Facing

Points = NDArray[np.float64]
Shape = Mapping[str, Points]
"""Points ``(n, 2)`` of each of :data:`FEATURES`, in a face's own coordinates (:class:`.facing.Facing`)."""

EYES, BROWS = ("left_eye", "right_eye"), ("left_brow", "right_brow")
FEATURES = (*EYES, *BROWS, "nose", "mouth", "jaw")
"""Left and right of the picture. Whoever has more than five points of a face gives them by these names."""

_EYE = np.array([[-0.1, -0.02], [0.1, -0.02], [0.0, -0.07], [0.0, 0.03]])
_BROW = np.array([[-0.12, -0.14], [0.0, -0.17], [0.12, -0.14]])
_NOSE = np.array([[0.0, 0.0], [-0.13, 0.02], [0.13, 0.02], [0.0, 0.08]])
_LIPS = np.array([[0.0, -0.03], [-0.12, 0.12], [0.0, 0.06], [0.12, 0.12], [0.0, 0.16]])
_JAW = np.array([[-0.47, 0.1], [-0.42, 0.3], [-0.32, 0.5], [-0.16, 0.65], [0.0, 0.69]])
"""From an eye, an eye, the nose's tip, the middle of the mouth's corners, and the box's centre, in widths of the box:
read off the mean of 1,000 photos of LFW that were brought upon each other by their five points, to 0.02 or so."""


def of_five(facing: Facing) -> Shape:
    """Return the shape that five points tell: where each feature is, and an average face's outline of it."""
    left, right, nose, *corners = facing.points
    narrow = np.array([math.cos(math.radians(facing.yaw_degrees)), 1.0])
    mouth, root = np.array(corners), (left + right) / 2
    jaw = np.concatenate([_JAW, _JAW[-2::-1] * (-1, 1)])
    return {
        "left_eye": left + _EYE * narrow,
        "right_eye": right + _EYE * narrow,
        "left_brow": left + _BROW * narrow,
        "right_brow": right + _BROW * narrow,
        "nose": np.concatenate([[root, (root + nose) / 2], nose + _NOSE * narrow]),
        "mouth": np.concatenate([mouth, mouth.mean(0) + _LIPS]),
        "jaw": jaw * narrow + (facing.outline_x, 0),
    }


def ways(shape: Shape) -> list[Shape]:
    """Return the ways in which a shape is changed: how far each point of the features concerned moves in each.

    Both sides move as mirror images, and eyes and mouth move or grow as wholes: so how open they are, in widths of
    themselves, the mouth's curve and the brows' distance from the eyes stay, which tell expressions. What lies below
    goes some of the way with what moves above it, as in a longer nose, so that neighbours are not pressed together.
    One unit is the amplitude; no point moves by more than that in any of them.
    """
    nose, mouth, jaw = (shape[name] for name in ("nose", "mouth", "jaw"))
    down, chin = np.array([0.0, 1.0]), _share(jaw[:, 1])[:, None]
    apart = {name: np.array([side, 0.0]) for pair in (EYES, BROWS) for name, side in zip(pair, (-1, 1), strict=True)}
    return [
        _together(shape, apart),
        _together(shape, dict.fromkeys((*EYES, *BROWS), 0.5 * down)),
        {name: 0.3 * _grown(shape[name]) for name in EYES},
        {
            "nose": 0.6 * _share(nose[:, 1])[:, None] * down,
            **_together(shape, {"mouth": 0.5 * down}),
            "jaw": 0.3 * chin * down,
        },
        {"nose": 0.5 * _grown(nose) * (1, 0)},
        {"mouth": 0.6 * _grown(mouth)},
        {**_together(shape, {"mouth": 0.4 * down}), "jaw": 0.2 * chin * down},
        {"jaw": _grown(jaw) * (1, 0)},
        {"jaw": 0.6 * chin * down},
    ]


def moved(shape: Shape, amounts: NDArray[np.float64]) -> tuple[Points, Points]:
    """Return all points of a shape, ``(n, 2)``, and how far each moves by given amounts of the nine :func:`ways`."""
    by = {name: np.zeros_like(points) for name, points in shape.items()}
    for amount, way in zip(amounts, ways(shape), strict=True):
        for name, one in way.items():
            by[name] += amount * one
    return np.concatenate([shape[name] for name in FEATURES]), np.concatenate([by[name] for name in FEATURES])


def _together(shape: Shape, by: Mapping[str, Points]) -> Shape:
    return {name: np.tile(way, (len(shape[name]), 1)) for name, way in by.items()}


def _grown(points: Points) -> Points:
    """Return how points move away from their middle, by one where they are furthest."""
    away = points - points.mean(0)
    return np.asarray(away / max(float(np.abs(away).max()), 1e-9))


def _share(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where heights lie between the highest point, 0, and the lowest, 1."""
    return np.asarray((heights - heights.min()) / max(float(np.ptp(heights)), 1e-9))
