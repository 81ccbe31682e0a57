"""A mesh over a face: from where its points lie to a texture that has no shape, and back. Runs on executors.

The points within a face (51 of scheme 68 or a detector's five) and an outline around them are corners of triangles. The
texture is what the triangles hold, warped so that every face's corners are where those of a mean face are (Cootes,
Edwards and Taylor 2001).
"""

import functools
import itertools
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods.facing import POINTS

Floats = NDArray[np.float64]

TEXELS = 96
"""Along the width of an upright face's box."""
SIZE_WH = (112, 136)
"""Of the texture."""
CORNER = (-SIZE_WH[0] / 2 / TEXELS, -0.66)
"""Where the texture begins, in the coordinates of :class:`anonymizer_udfs.methods.facing.Facing`."""
JAW = (
    *((-0.513, -0.135), (-0.506, -0.003), (-0.491, 0.13), (-0.468, 0.262), (-0.425, 0.388), (-0.35, 0.5)),
    *((-0.249, 0.592), (-0.132, 0.662), (0.0, 0.683), (0.132, 0.662), (0.249, 0.592), (0.35, 0.5)),
    *((0.425, 0.388), (0.468, 0.262), (0.491, 0.13), (0.506, -0.003), (0.513, -0.135)),
)
FOREHEAD = ((0.97, -0.3), (0.86, -0.44), (0.62, -0.54), (0.32, -0.59), (0.0, -0.605))
"""From the right temple to the middle: x in halves of the distance between both ends of the jaw, y in widths."""
INNER_68 = (
    *((-0.409, -0.239), (-0.344, -0.294), (-0.257, -0.313), (-0.166, -0.302), (-0.083, -0.269)),
    *((0.083, -0.269), (0.166, -0.302), (0.257, -0.313), (0.344, -0.294), (0.409, -0.239)),
    *((0.0, -0.173), (0.0, -0.09), (0.0, -0.005), (0.0, 0.083)),
    *((-0.1, 0.146), (-0.053, 0.165), (0.0, 0.18), (0.053, 0.165), (0.1, 0.146)),
    *((-0.304, -0.153), (-0.25, -0.183), (-0.187, -0.184), (-0.132, -0.146), (-0.191, -0.134), (-0.252, -0.134)),
    *((0.132, -0.146), (0.187, -0.184), (0.25, -0.183), (0.304, -0.153), (0.252, -0.134), (0.191, -0.134)),
    *((-0.195, 0.323), (-0.126, 0.283), (-0.055, 0.268), (0.0, 0.28), (0.055, 0.268), (0.126, 0.283)),
    *((0.195, 0.323), (0.128, 0.389), (0.059, 0.42), (0.0, 0.425), (-0.059, 0.42), (-0.128, 0.389)),
    *((-0.164, 0.324), (-0.056, 0.309), (0.0, 0.314), (0.056, 0.309)),
    *((0.164, 0.324), (0.057, 0.354), (0.0, 0.361), (-0.057, 0.354)),
)
"""Medians of dlib's points over 3,707 photos of LFW, each brought upon :data:`POINTS` by its five points, made
symmetric; so is :data:`JAW`. In widths of an upright face's box."""
INNER = {"68": INNER_68, "5": POINTS}
"""By scheme: the points that are told apart from person to person, and replaced."""
EDGE = 0.08
"""From the outline inwards, in widths of the box: there the texture fades out."""
_UPPER, _LOWER = (37, 38, 43, 44, 61, 62, 63), (41, 40, 47, 46, 67, 66, 65)
"""Of scheme 68: points of upper lids and of the upper lip's inner edge, and those below each."""
_NUDGE = 1e-4
_SUBPIXELS = 4


@dataclass(frozen=True, eq=False)
class Mesh:
    """The mesh of a scheme over the mean face.

    Attributes:
        corners: the points, then the outline, ``(n, 2)`` in the face's coordinates.
        triangles: indices of corners, ``(t, 3)``.
        texels: which texels lie in a triangle, bool ``(h, w)``.
        of: for each of these the three corners of its triangle, ``(p, 3)``.
        shares: its barycentric coordinates, ``(p, 3)``.
        cover: how much of a texel counts, float32 ``(h, w)``: 1 within, falling to 0 at the outline.
    """

    corners: Floats
    triangles: NDArray[np.intp]
    texels: NDArray[np.bool_]
    of: NDArray[np.intp]
    shares: NDArray[np.float32]
    cover: NDArray[np.float32]

    def sources(self, corners: Floats) -> NDArray[np.float32]:
        """Return where each texel lies on a face with other corners, float32 ``(h, w, 2)``; the first one's outside."""
        w, h = SIZE_WH
        out = np.empty((h, w, 2), np.float32)
        out[:] = corners[0]
        out[self.texels] = np.einsum("pk,pkd->pd", self.shares, corners.astype(np.float32)[self.of])
        return out

    def places(self, corners: Floats, size_wh: tuple[int, int]) -> NDArray[np.float32]:
        """Return where in the texture each pixel of a picture lies, float32 ``(h, w, 2)``; -2 outside of the mesh.

        Pixels and texels are counted by their centres, as OpenCV does.

        Args:
            corners: in pixels of the picture, its corner at the origin.
            size_wh: of the picture.
        """
        w, h = size_wh
        which = np.zeros((h, w), np.int32)
        fixed = np.rint((corners - 0.5) * (1 << _SUBPIXELS)).astype(np.int32)
        # What is turned over lies below, and what is thin, of which OpenCV draws the edges at least, below what is not.
        for i in np.argsort(self._turned(corners) * np.sign(self._way), kind="stable").tolist():
            cv2.fillConvexPoly(which, fixed[self.triangles[i]], i + 1, lineType=cv2.LINE_8, shift=_SUBPIXELS)
        slopes = np.concatenate([[[[0, 0, -2], [0, 0, -2]]], self._slopes(corners)]).astype(np.float32)
        x, y = np.arange(w, dtype=np.float32) + 0.5, np.arange(h, dtype=np.float32)[:, None] + 0.5
        out = np.empty((h, w, 2), np.float32)
        for axis in (0, 1):
            a, b, c = (slopes[:, axis, k].take(which) for k in range(3))
            out[..., axis] = a * x + b * y + c
        return out

    @cached_property
    def _way(self) -> NDArray[np.float64]:
        return self._turned(self.corners)

    def _turned(self, corners: Floats) -> Floats:
        """Return twice the area of each triangle, below 0 for one that goes round the other way."""
        a, b, c = (corners[self.triangles[:, i]] for i in range(3))
        ab, ac = b - a, c - a
        return np.asarray(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])

    def _slopes(self, corners: Floats) -> Floats:
        """Return the affine map of each triangle from pixels to texels, ``(t, 2, 3)``; nowhere for one without area."""
        onto = (self.corners[self.triangles] - CORNER) * TEXELS - 0.5
        seen = np.concatenate([corners[self.triangles], np.ones((len(self.triangles), 3, 1))], 2)
        flat = np.abs(np.linalg.det(seen)) < _NUDGE
        seen[flat] = np.eye(3)
        found = np.swapaxes(np.linalg.solve(seen, onto), 1, 2)
        found[flat] = [[0, 0, -2], [0, 0, -2]]
        return np.asarray(found)


def opened(inner: Floats) -> Floats:
    """Return points of scheme 68 with no upper lid or lip below the lower one; those of scheme 5 as they are.

    A triangle that is turned over would show what lies within an eye or a mouth beside it.
    """
    if len(inner) != len(INNER_68):
        return inner
    out = inner.copy()
    upper, lower = (np.array(one) - len(JAW) for one in (_UPPER, _LOWER))
    over = np.maximum(out[upper, 1] - out[lower, 1], 0) / 2
    out[upper, 1] -= over
    out[lower, 1] += over
    return out


def outline(jaw: Floats) -> Floats:
    """Return the outline that goes with a jaw of 17 points: the jaw, and a forehead above its ends, ``(26, 2)``."""
    left, right = jaw[0], jaw[-1]
    middle, half = (left[0] + right[0]) / 2, (right[0] - left[0]) / 2
    rise = (left[1] + right[1]) / 2 - JAW[0][1]
    side = np.array(FOREHEAD)
    arc = np.concatenate([side, side[-2::-1] * (-1, 1)])
    return np.concatenate([jaw, arc * (half, 1) + (middle, rise)])


@functools.cache
def mesh(scheme: str) -> Mesh:
    """Return the mesh of a scheme, made once a process.

    Raises:
        UnknownNameError: if it is neither ``68`` nor ``5``.
    """
    if scheme not in INNER:
        raise UnknownNameError("scheme of a mesh", scheme, INNER)
    corners = np.concatenate([np.array(INNER[scheme]), outline(np.array(JAW))])
    triangles = delaunay(corners)
    w, h = SIZE_WH
    centres = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), 2).reshape(-1, 2) / TEXELS + CORNER
    inside, of, shares = _located(centres, corners, triangles)
    texels = inside.reshape(h, w)
    padded = np.pad(texels, 1).astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] / (EDGE * TEXELS)
    rising = np.clip(depth - 1 / (EDGE * TEXELS), 0, 1)
    cover = rising * rising * (3 - 2 * rising)
    return Mesh(corners, triangles, texels, of, shares.astype(np.float32), cover.astype(np.float32))


def delaunay(points: Floats) -> NDArray[np.intp]:
    """Return the triangles of points whose circles hold no other point (Delaunay 1934), ``(t, 3)``.

    All triples are tried, which is well for a hundred points, once a process. Points are nudged a little, each its own
    way, so that no four lie on one circle.

    Examples:
        >>> delaunay(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.5, 0.5]])).tolist()
        [[0, 1, 3], [0, 2, 3], [1, 2, 3]]
    """
    n = len(points)
    nudged = points + _NUDGE * np.random.default_rng(0).uniform(-1, 1, points.shape)
    triples = np.array(list(itertools.combinations(range(n), 3)))
    a, b, c = (nudged[triples[:, i]] for i in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    squares = np.stack([(ab**2).sum(1), (ac**2).sum(1)])
    away = np.stack([ac[:, 1] * squares[0] - ab[:, 1] * squares[1], ab[:, 0] * squares[1] - ac[:, 0] * squares[0]], 1)
    away /= 2 * area[:, None]
    centre, reach = a + away, (away**2).sum(1) * (1 - 1e-9)
    empty = np.ones(len(triples), bool)
    for point in nudged:
        empty &= ((point - centre) ** 2).sum(1) >= reach
    return np.asarray(triples[empty], np.intp)


def _located(
    at: Floats, corners: Floats, triangles: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.intp], Floats]:
    """Return which places lie in a triangle, and of these the triangle's corners and their shares."""
    seen = np.concatenate([corners[triangles], np.ones((len(triangles), 3, 1))], 2)
    inverse = np.linalg.inv(seen)
    shares = np.einsum("pi,tij->ptj", np.column_stack([at, np.ones(len(at))]), inverse)
    best = shares.min(2).argmax(1)
    mine = shares[np.arange(len(at)), best]
    inside = mine.min(1) >= 0
    return inside, triangles[best[inside]], mine[inside]
