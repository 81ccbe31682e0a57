"""How a donor's canvas lies on a face, and how what is around the face moves with its outline."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.methods import splines
from anonymizer_udfs.methods.lattice import Lattice
from anonymizer_udfs.methods.sampling import eased
from anonymizer_udfs.methods.seen import Seen

Points = NDArray[np.float64]

SHIFT_PX = 0.5
"""The whole patch is sampled so far beside its own pixels."""
_RING = (1.75, 2.25)
"""Half axes of the ellipse around the nose on which nothing moves, in distances of the eyes."""
_RING_POINTS, _BEYOND = 16, 0.15
_NODE = 0.09
"""From node to node, in distances of the eyes."""
_EDGE = 0.3
_NOSE = 30


def sources(shape_hw: tuple[int, int], seen: Seen, points: Points) -> NDArray[np.float32]:
    """Return where in the patch each pixel around the face comes from, ``(h, w, 2)`` as x, y.

    The outline of the jaw goes where that of the stand-in is, so that a narrower one shows no rest of the original's
    beside it; what is around goes along, ever less.

    Args:
        shape_hw: the patch's size.
        seen: the original.
        points: the stand-in's 68 points in the patch.
    """
    h, w = shape_hw
    out = np.empty((h, w, 2), np.float32)
    out[..., 0] = np.arange(w) + SHIFT_PX
    out[..., 1] = np.arange(h)[:, None] + SHIFT_PX
    if seen.points is None:
        return out
    middle, reach = points[_NOSE], np.array(_RING) * seen.scale * (1 + _BEYOND)
    size = np.array((w, h))
    low, high = np.clip([np.floor(middle - reach), np.ceil(middle + reach)], 0, size).astype(int).tolist()
    if low[0] >= high[0] or low[1] >= high[1]:
        return out
    lattice = Lattice.over((*low, *high), seen.scale * _NODE)
    out[low[1] : high[1], low[0] : high[0]] += lattice.filled(lattice.flow(_velocity(lattice, seen, points, size)))
    return out


def _velocity(lattice: Lattice, seen: Seen, points: Points, size_wh: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far away from each node it comes from, in pixels."""
    nodes, middle = lattice.nodes, points[_NOSE]
    turn = np.arange(_RING_POINTS) * 2 * math.pi / _RING_POINTS
    ring = middle + np.column_stack([np.cos(turn), np.sin(turn)]) * _RING * seen.scale
    original = points if seen.points is None else seen.points
    still = np.concatenate([original[17:27], original[17:27] + 0.4 * seen.up, ring])
    held = np.concatenate([points[:17], still]) / seen.scale
    by = np.concatenate([_across(points[:17], original[:17] - points[:17]), np.zeros_like(still)])
    move = splines.displaced(held, by, nodes.reshape(-1, 2) / seen.scale).reshape(nodes.shape)
    away = np.hypot(*np.moveaxis((nodes - middle) / (np.array(_RING) * seen.scale), 2, 0))
    edge_px = (np.minimum(nodes, size_wh - nodes) - lattice.spacing / 2).min(2)
    ease = eased((1 + _BEYOND - away) / _BEYOND) * eased(edge_px / (_EDGE * seen.scale))
    return np.asarray(move * ease[..., None])


def _across(outline: Points, by: Points) -> Points:
    """Return the part of vectors that is across an outline: points of a jaw are no fixed places along it."""
    along = np.gradient(outline, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return np.asarray((by * normal).sum(1, keepdims=True) * normal)


def laid(
    canvas: NDArray[np.float32], size_hw: tuple[int, int], seen: Seen, points: Points, irises: Points
) -> NDArray[np.float32]:
    """Return a donor's canvas as it lies on a face, float32 ``(h, w, 3)``.

    Args:
        canvas: float32 ``(h, w, 3)``.
        size_hw: of the picture that is made.
        seen: the original, in that picture.
        points: the stand-in's 68 points there.
        irises: where its irises are.
    """
    h, w = size_hw
    lattice = Lattice.over((0, 0, w, h), seen.scale * _NODE)
    nodes = lattice.nodes.reshape(-1, 2)
    skin = seen.placed(shape.SKIN[:, :2], shape.SKIN[:, 2])
    there = np.concatenate([points, skin, irises])
    on_canvas = np.concatenate([shape.CANVAS, shape.SKIN[:, :2], shape.IRISES])
    off = on_canvas - seen.flattened(there)
    at = seen.flattened(nodes) + splines.displaced(there / seen.scale, off, nodes / seen.scale)
    where = lattice.filled(shape.pixels(at).reshape(*lattice.shape, 2) - 0.5)
    return np.asarray(cv2.remap(canvas, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
