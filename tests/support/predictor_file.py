"""A small shape predictor in dlib's format, and its cascade computed number by number: what ours is held against."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.support.dlib_file import Floats, integer, real

_GRID = 2.0**-20
"""What numbers are multiples of, so that dlib's format holds them exactly."""


def reals(values: NDArray[np.floating]) -> bytes:
    """Return numbers one after the other."""
    return b"".join(real(float(value)) for value in values.ravel())


def column(values: NDArray[np.floating]) -> bytes:
    """Return a matrix of one column: the sides, negative as dlib writes them, and the numbers."""
    return integer(-values.size) + integer(-1) + reals(values)


def listed(parts: list[bytes]) -> bytes:
    """Return a list: how many, and each."""
    return integer(len(parts)) + b"".join(parts)


@dataclass
class Predictor:
    """A predictor's numbers: ``shape`` (points, 2), and for each level its trees and pixels.

    Attributes:
        splits: (levels, trees, splits, 2).
        thresholds: (levels, trees, splits).
        leaves: (levels, trees, splits + 1, points, 2).
        anchors: (levels, pixels).
        deltas: (levels, pixels, 2).
    """

    shape: Floats
    splits: NDArray[np.int64]
    thresholds: Floats
    leaves: Floats
    anchors: NDArray[np.int64]
    deltas: Floats

    @classmethod
    def drawn(cls, seed: int = 0, points: int = 5, levels: int = 3, trees: int = 6, depth: int = 2) -> "Predictor":
        """Return one of random numbers, whose shapes stay within a half of the unit square around it."""
        draw, nodes, pixels = np.random.default_rng(seed), 2**depth - 1, 9

        def grid(low: float, high: float, *shape: int) -> Floats:
            return (np.rint(draw.uniform(low, high, shape) / _GRID) * _GRID).astype(np.float32)

        splits, thresholds = draw.integers(0, pixels, (levels, trees, nodes, 2)), grid(-90, 90, levels, trees, nodes)
        splits[:, 0, :, 1], thresholds[:, 0] = splits[:, 0, :, 0], 0  # neither brighter nor darker
        return cls(
            grid(0.1, 0.9, points, 2),
            splits,
            thresholds,
            grid(-0.02, 0.02, levels, trees, nodes + 1, points, 2),
            draw.integers(0, points, (levels, pixels)),
            grid(-0.2, 0.2, levels, pixels, 2),
        )

    def content(self) -> bytes:
        """Return the file."""
        forests = [listed([self._tree(i, j) for j in range(self.splits.shape[1])]) for i in range(len(self.splits))]
        anchors = [listed([integer(int(anchor)) for anchor in level]) for level in self.anchors]
        deltas = [listed([reals(delta) for delta in level]) for level in self.deltas]
        return integer(1) + column(self.shape) + b"".join(map(listed, (forests, anchors, deltas)))

    def _tree(self, level: int, tree: int) -> bytes:
        pairs = zip(self.splits[level, tree], self.thresholds[level, tree], strict=True)
        splits = [integer(int(first)) + integer(int(second)) + real(float(at)) for (first, second), at in pairs]
        return listed(splits) + listed([column(leaf) for leaf in self.leaves[level, tree]])

    def points(self, grey: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points in a picture, one tree, one pixel and one point after the other."""
        shape = self.shape.astype(np.float64)
        for level in range(len(self.splits)):
            turn = _similarity(self.shape.astype(np.float64), shape)
            seen = []
            for anchor, delta in zip(self.anchors[level], self.deltas[level], strict=True):
                x, y = matrix[:, :2] @ (shape[anchor] + turn @ delta) + matrix[:, 2]
                row, place = math.floor(y), math.floor(x)
                inside = 0 <= row < grey.shape[0] and 0 <= place < grey.shape[1]
                seen.append(int(grey[row, place]) if inside else 0)
            for tree in range(self.splits.shape[1]):
                shape = shape + self.leaves[level, tree, self._end(level, tree, seen)]
        return np.asarray(shape @ matrix[:, :2].T + matrix[:, 2])

    def _end(self, level: int, tree: int, seen: list[int]) -> int:
        """Return the leaf that a tree ends in."""
        node, count = 0, self.splits.shape[2]
        while node < count:
            first, second = self.splits[level, tree, node]
            brighter = seen[first] - seen[second] > self.thresholds[level, tree, node]
            node = 2 * node + (1 if brighter else 2)
        return node - count


def _similarity(points: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 2x2 matrix of the best similarity, by Umeyama's way (1991) over a singular value decomposition."""
    a, b = points - points.mean(0), onto - onto.mean(0)
    u, spread, v = np.linalg.svd(b.T @ a)
    flip = np.diag([1.0, np.linalg.det(u @ v)])
    return np.asarray(u @ flip @ v * (spread @ np.diag(flip)) / (a**2).sum())
