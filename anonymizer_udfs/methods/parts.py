"""The parts of a face by which people are told apart, and where they lie in a patch."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import POINTS, Facing
from anonymizer_udfs.methods.lattice import Lattice

DROPS: Mapping[str, float] = {"eyes": 0.130, "nose": 0.110, "periphery": 0.052, "mouth": 0.045}
"""Parts by how much they tell of who somebody is: the drop of the mean similarity of two photos of a person, 0.571 for
dlib's recognizer over 1,104 people of LFW, when that part alone is masked in one of them (``docs/methods.md``)."""
FEATHER = 0.06
"""How far a part fades out beyond its edge, in widths of the box."""
FACE_Y, FACE_AXES = 0.02, (0.44, 0.6)
"""Middle and half axes of the ellipse from the hairline to the chin that the periphery lies around."""
NOSE_TIP = 0.06
"""How far the outline of a nose seen from the side lies beyond the detector's point."""
_NODE = 1 / 32
_NODES_MOST = 160
Places = NDArray[np.float64]
Outside = Callable[[Facing, Places], NDArray[np.float64]]


@dataclass(frozen=True)
class _Bar:
    """A bar with round ends between two of a face's points, in widths of the box.

    Attributes:
        start: where it begins, from the first point.
        end: where it ends, from the second.
        radius: its half width.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    radius: float

    def outside(self, at: Places, first: Places, last: Places, scale: float) -> NDArray[np.float64]:
        """Return how far places ``(..., 2)`` lie outside of it between two points; below 0 within."""
        start, end = first + scale * np.array(self.start), last + scale * np.array(self.end)
        along = end - start
        share = np.clip((at - start) @ along / max(float(along @ along), 1e-9), 0, 1)
        away = at - start - share[..., None] * along
        return np.asarray(np.hypot(away[..., 0], away[..., 1]) - scale * self.radius)


_EYES = _Bar((-0.04, -0.04), (0.04, -0.04), 0.15)
_NOSE = _Bar((0.0, 0.08), (0.0, 0.03), 0.14)
_MOUTH = _Bar((0.03, 0.06), (-0.03, 0.06), 0.14)
"""Read off the mean of 1,000 photos of LFW that were brought upon each other by their points: brows, lids, nostrils and
lips lie within. Eyes are followed from one to the other, the nose from between them to its tip, the mouth by its
corners."""


def _eyes(facing: Facing, at: Places) -> NDArray[np.float64]:
    return _EYES.outside(at, facing.points[0], facing.points[1], _larger(facing))


def _nose(facing: Facing, at: Places) -> NDArray[np.float64]:
    tip = facing.points[2] + (NOSE_TIP * math.sin(math.radians(facing.yaw_degrees)), 0)
    return _NOSE.outside(at, facing.points[:2].mean(0), tip, _larger(facing))


def _mouth(facing: Facing, at: Places) -> NDArray[np.float64]:
    return _MOUTH.outside(at, facing.points[3], facing.points[4], _larger(facing))


def _periphery(facing: Facing, at: Places) -> NDArray[np.float64]:
    away = (at - (facing.outline_x, FACE_Y)) / FACE_AXES
    return np.asarray(min(FACE_AXES) * (1 - np.hypot(away[..., 0], away[..., 1])))


_OUTSIDE: Mapping[str, Outside] = {"eyes": _eyes, "nose": _nose, "periphery": _periphery, "mouth": _mouth}


def share(names: Sequence[str], shape_hw: tuple[int, ...], target: Target, feather: float) -> NDArray[np.float32]:
    """Return how much of each pixel belongs to parts, ``(h, w)``: 1 within any of them, falling to 0 beyond the edge.

    Args:
        names: of :data:`DROPS`, at least one.
        shape_hw: the patch's shape; neither side is 0.
        target: where the face is in it.
        feather: how far beyond the edge it falls, in widths of the box; 0 for not at all.
    """
    h, w = shape_hw[:2]
    facing = Facing.of(target)
    lattice = Lattice.over((0, 0, w, h), facing.width_px * _NODE, _NODES_MOST)
    at = facing.of_pixels(lattice.nodes)
    outside = np.min([_OUTSIDE[name](facing, at) for name in names], 0)[..., None]
    if not feather:
        return np.asarray(lattice.filled(outside)[..., 0] <= 0, np.float32)
    much = lattice.filled(1 - outside / feather)[..., 0]
    return np.clip(much, 0, 1, out=much)


def _larger(facing: Facing) -> float:
    """Return how much larger a turned face is than the fit of its points, which foreshortening has pressed together.

    Examples:
        >>> [round(_larger(Facing(np.eye(3)[:2], yaw)), 2) for yaw in (0.0, 30.0, 60.0)]
        [1.0, 1.07, 1.31]
    """
    across, down = np.var(POINTS, 0).tolist()
    pressed = across * math.cos(math.radians(facing.yaw_degrees)) + down
    return float((across + down) / pressed)
