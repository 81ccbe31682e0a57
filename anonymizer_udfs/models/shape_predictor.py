"""Shape predictors: points of a face by a cascade of regression trees, run in NumPy.

Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees" (2014), as dlib runs them:
from a mean shape on, each level looks at pixels near its points and adds what the leaves say that its trees end in. The
file is what :mod:`.convert_dlib_shape` makes of dlib's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models import tensors

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
_DIMENSIONS = {"shape": 2, "splits": 4, "thresholds": 3, "leaves": 5, "anchors": 2, "deltas": 3}


@dataclass(frozen=True, eq=False)
class Level:
    """One level of a cascade.

    Attributes:
        anchors: which point of the shape each pixel is near, ``(pixels,)``.
        deltas: how far from it, in the unit square around the mean shape, ``(2, pixels)``: x, then y.
        first: one of the two pixels that each split compares, all trees' splits in a row.
        second: the other one.
        thresholds: where the first is brighter than the second by more than this, the left child is next.
        leaves: what each leaf adds to the shape, all trees' leaves in a row, ``(trees * leaves, 2 * points)``.
    """

    anchors: Indices
    deltas: Floats
    first: Indices
    second: Indices
    thresholds: Floats
    leaves: Floats


@dataclass(frozen=True, eq=False)
class ShapePredictor:
    """A cascade.

    Attributes:
        shape: the mean shape in the unit square, ``(points, 2)``.
        levels: its levels, in order.
        trees: of each level.
        splits: of each tree; one less than its leaves.
    """

    shape: Floats
    levels: tuple[Level, ...]
    trees: int
    splits: int

    def points(self, grey: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points of one face, ``(points, 2)`` as x, y in pixels, the picture's corner at the origin.

        Runs on an executor; some three milliseconds for 68 points. It looks at single pixels, black beyond the picture,
        so a face should be some 100 to 200 pixels wide in it.

        Args:
            grey: uint8 ``(h, w)``; dlib takes the mean of red, green and blue, rounded down.
            matrix: 2x3, from the unit square around the face to pixels.
        """
        # dlib's order of float32 additions: in another, one of 66 coordinates came out one or two pixels elsewhere,
        # since where a level looks follows from what the one before has added.
        sums = np.empty((self.trees + 1, self.shape.size), np.float32)
        sums[0] = self.shape.ravel()
        mean = _complex(self.shape)
        weights = np.conj(mean - mean.mean()) / (np.abs(mean - mean.mean()) ** 2).sum()
        for level in self.levels:
            shape = sums[0].reshape(-1, 2)
            xy = _placed(level, shape, complex((weights * _complex(shape)).sum()))
            brightness = _sampled(grey, matrix[:, :2] @ xy + matrix[:, 2:])
            np.take(level.leaves, self._ends(level, brightness), 0, sums[1:], mode="clip")
            sums[0] = sums.sum(0)
        return np.asarray(sums[0].reshape(-1, 2) @ matrix[:, :2].T + matrix[:, 2])

    def _ends(self, level: Level, brightness: Floats) -> Indices:
        """Return the leaf that each tree ends in, as an index of the level's leaves."""
        difference = brightness.take(level.first, mode="clip")  # which spares NumPy the look at each index
        difference -= brightness.take(level.second, mode="clip")
        right = np.less_equal(difference, level.thresholds)
        tree = np.arange(self.trees)
        roots = tree * self.splits
        at, shift = roots, 1 - roots
        for _ in range(self.splits.bit_length()):
            went = right.take(at, mode="clip")
            at = at + at
            at += shift
            at += went
        return np.asarray(at + (tree - self.splits), np.intp)


def _complex(shape: Floats) -> NDArray[np.complex128]:
    """Return points as complex numbers."""
    return np.ascontiguousarray(shape).view(np.complex64)[:, 0].astype(np.complex128)


def _placed(level: Level, shape: Floats, slope: complex) -> Floats:
    """Return where a level's pixels lie in the unit square, ``(2, pixels)``, turned and scaled as the shape is."""
    a, b = np.float32(slope.real), np.float32(slope.imag)
    (dx, dy), out = level.deltas, np.empty(level.deltas.shape, np.float32)
    np.add(a * dx - b * dy, shape[:, 0].take(level.anchors), out[0])
    np.add(b * dx + a * dy, shape[:, 1].take(level.anchors), out[1])
    return out


def _sampled(grey: NDArray[np.uint8], xy: NDArray[np.float64]) -> Floats:
    """Return the pixels that places ``(2, n)`` lie in, 0 beyond the picture."""
    h, w = grey.shape
    x, y = np.floor(xy)
    inside = (x >= 0) & (y >= 0) & (x < w) & (y < h)
    if not inside.any():
        return np.zeros(len(x), np.float32)
    where = np.where(inside, y * w + x, 0).astype(np.intp)
    return np.asarray(np.multiply(grey.ravel().take(where), inside, dtype=np.float32))


def read(content: bytes) -> ShapePredictor:
    """Return the predictor of a file; its arrays are views of it.

    Raises:
        ModelFormatError: if it is no shape predictor, or one whose parts do not belong together.
    """
    arrays = tensors.unpack(content)
    if {name: array.ndim for name, array in arrays.items()} != _DIMENSIONS:
        raise ModelFormatError(f"expected the arrays of a shape predictor, got {', '.join(arrays) or 'none'}")
    shape, splits, leaves = arrays["shape"], arrays["splits"], arrays["leaves"]
    levels, trees, nodes = splits.shape[:3]
    pixels, points = arrays["anchors"].shape[1], len(shape)
    expected = {
        "shape": (points, 2),
        "splits": (levels, trees, nodes, 2),
        "thresholds": (levels, trees, nodes),
        "leaves": (levels, trees, nodes + 1, points, 2),
        "anchors": (levels, pixels),
        "deltas": (levels, pixels, 2),
    }
    if {name: array.shape for name, array in arrays.items()} != expected or nodes & (nodes + 1) or 0 in leaves.shape:
        raise ModelFormatError(f"the arrays of a shape predictor do not belong together: {expected}")
    _check_values(arrays, pixels, points)
    return ShapePredictor(shape, tuple(_level(arrays, i) for i in range(levels)), trees, nodes)


def _check_values(arrays: dict[str, NDArray[Any]], pixels: int, points: int) -> None:
    """Refuse indices that lead out of their arrays, and numbers that are none."""
    if int(arrays["splits"].max()) >= pixels or int(arrays["anchors"].max()) >= points:
        raise ModelFormatError("a shape predictor's trees name pixels or points that it does not have")
    floats = ("shape", "thresholds", "leaves", "deltas")
    if any(arrays[name].dtype != np.float32 or not np.isfinite(arrays[name]).all() for name in floats):
        raise ModelFormatError("a shape predictor's shapes and thresholds must be finite float32")
    if not np.ptp(arrays["shape"], axis=0).any():
        raise ModelFormatError("a shape predictor's mean shape must have an extent")


def _level(arrays: dict[str, NDArray[Any]], i: int) -> Level:
    splits, leaves = arrays["splits"][i].reshape(-1, 2).astype(np.intp), arrays["leaves"][i]
    return Level(
        arrays["anchors"][i].astype(np.intp),
        np.ascontiguousarray(arrays["deltas"][i].T),
        np.ascontiguousarray(splits[:, 0]),
        np.ascontiguousarray(splits[:, 1]),
        arrays["thresholds"][i].ravel(),
        leaves.reshape(leaves.shape[0] * leaves.shape[1], -1),
    )
