"""Keyed displacement of a face's geometry. Looks natural; protects little."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods import shape, splines
from anonymizer_udfs.methods.base import Patch, Target, check_ratio, colours, full_range
from anonymizer_udfs.methods.facing import POINTS, Facing
from anonymizer_udfs.methods.lattice import Lattice
from anonymizer_udfs.methods.sampling import LEVELS, eased, levels, sampled

WAYS = 9
EYES_APART = POINTS[1][0] - POINTS[0][0]
RING = (0.68, 0.92)
"""Half axes of the ellipse around the head on which nothing moves, in widths of the box."""
_RING_POINTS = 16
_BEYOND = 0.15
"""From the ring to where nothing moves at all, in its half axes."""
_EDGE = 0.15
"""From the patch's edge inwards, in widths of the box: there the displacement rises from nothing."""
_NODE = 1 / 26
_SHIFT_PX = 0.5


@dataclass(frozen=True)
class Warp:
    """Move eyes, nose, mouth and jaw by amounts drawn from the key, and the skin between them along.

    Nine amounts are drawn: the eyes' distance, height and size, the nose's length and width, the mouth's size and
    height, the jaw's width and the chin's length. Pose stays, and so do expressions by and large: both sides move as
    mirror images, and eyes and mouth as wholes. Features are where the five points say; without them, where they are
    in an upright face that fills the box. Between the points moves what a thin-plate spline says (Bookstein 1989), and
    nothing on the patch's edge or well beyond the head, so that there is no seam. But the edge of a turned region that
    is smaller than 1.6 boxes lies within what moves: there the default moves it by up to 3% of the box's width at 1.3
    boxes, and 6% at 1.

    The whole patch is sampled half a pixel beside its own pixels, and in 256 levels at any bit depth. Skin, hair and
    whatever is finer than features are as they were: use it for looks, beside a method that protects. Of 1,000 people
    73% were still named at the default amplitude, 47% at the greatest (``docs/methods.md``).

    Attributes:
        amplitude: the most that a point moves in one of the nine, 0.02 to 0.25 of an upright face's distance between
            the eyes; each amount is at least half of it. Where points lie oddly close to each other, all move less.
    """

    amplitude: float = 0.15

    name: ClassVar[str] = "warp"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "amplitude", check_ratio("amplitude", self.amplitude, 0.02, 0.25))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above recolouring, as measured from 0.15 on, below everything else."""
        return (0.7, self.amplitude)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch warped; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        h, w = patch.shape[:2]
        if not any(target.face_wh):  # such a box says nothing of the face's size
            target = replace(target, box_xyxy=(0, 0, w, h))
        amounts = rng.uniform(0.5, 1, WAYS) * rng.choice([-1.0, 1.0], WAYS) * self.amplitude * EYES_APART
        step = full_range(patch) // LEVELS
        sources = _sources((h, w), Facing.of(target), amounts)
        out[..., treated] = sampled(levels(patch[..., treated]), sources).astype(patch.dtype) * step
        return out


def _sources(shape_hw: tuple[int, int], facing: Facing, amounts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return where in the patch each pixel comes from, ``(h, w, 2)`` as x, y, a pixel's centre at whole numbers."""
    h, w = shape_hw
    out = np.empty((h, w, 2), np.float32)
    out[..., 0] = np.arange(w) + _SHIFT_PX
    out[..., 1] = np.arange(h)[:, None] + _SHIFT_PX
    x0, y0, x1, y1 = _window(shape_hw, facing)
    if x0 < x1 and y0 < y1:
        lattice = Lattice.over((x0, y0, x1, y1), facing.width_px * _NODE)
        # Where a pixel comes from is against the flow.
        against = -_velocity(lattice, facing, amounts, shape_hw)
        out[y0:y1, x0:x1] += lattice.filled(lattice.flow(against))
    return out


def _window(shape_hw: tuple[int, int], facing: Facing) -> tuple[int, int, int, int]:
    """Return the part of a patch in which something moves, ``x0 y0 x1 y1``; with no side where that is beyond it."""
    reach = np.abs(facing.matrix[:, :2]) @ RING * (1 + _BEYOND)
    size = np.array(shape_hw[::-1])
    x0, y0 = np.clip(np.floor(facing.matrix[:, 2] - reach), 0, size).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(facing.matrix[:, 2] + reach), 0, size).astype(int).tolist()
    return x0, y0, x1, y1


def _velocity(
    lattice: Lattice, facing: Facing, amounts: NDArray[np.float64], shape_hw: tuple[int, int]
) -> NDArray[np.float64]:
    """Return how far the spline moves each node, in pixels."""
    nodes = lattice.nodes + _SHIFT_PX
    at = facing.of_pixels(nodes)
    turn = np.arange(_RING_POINTS) * 2 * math.pi / _RING_POINTS
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * RING
    points, by = shape.moved(shape.of_five(facing), amounts)
    by[:, 0] *= math.cos(math.radians(facing.yaw_degrees))
    fixed = np.concatenate([by, np.zeros_like(ring)])
    move = splines.displaced(np.concatenate([points, ring]), fixed, at.reshape(-1, 2)).reshape(at.shape)
    inside = (1 + _BEYOND - np.hypot(at[..., 0] / RING[0], at[..., 1] / RING[1])) / _BEYOND
    # The outermost nodes speak for what lies beyond them, up to the edge.
    edge_px = (np.minimum(nodes, np.array(shape_hw[::-1]) - nodes) - lattice.spacing / 2 - _SHIFT_PX).min(2)
    move *= (eased(inside) * eased(edge_px / (_EDGE * facing.width_px)))[..., None]
    return np.asarray(move @ facing.matrix[:, :2].T)
