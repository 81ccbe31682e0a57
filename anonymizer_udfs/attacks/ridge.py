"""A linear map learned from pairs, with a ridge chosen on people who were held out. NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Shares of the kernel's mean eigenvalue."""
HELD_OUT = 0.2
LEAST = 2
Floats = NDArray[np.float32]


def held_out(groups: Sequence[int] | NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Return which rows are held out: those of the last groups, about a share of them and one at least.

    Examples:
        >>> held_out([0, 0, 1, 2], 0.2).tolist()
        [False, False, False, True]
    """
    kinds, which = np.unique(np.asarray(groups), return_inverse=True)
    return np.asarray(which >= len(kinds) - max(1, round(len(kinds) * share)))


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map with an offset, in the dual form, whose size is that of what it was learned from.

    Attributes:
        seen: what it was learned from, less its mean, ``(n, p)``.
        mean_x: the mean of what goes in, ``(p,)``.
        mean_y: the mean of what comes out, ``(q,)``.
        vectors: eigenvectors of ``seen @ seen.T``, ``(n, n)``.
        values: its eigenvalues, ``(n,)``.
        turned: ``vectors.T`` times what came out, less its mean, ``(n, q)``.
        ridge: the share of the mean eigenvalue that is added to each.
    """

    seen: Floats
    mean_x: Floats
    mean_y: Floats
    vectors: Floats
    values: Floats
    turned: Floats
    ridge: float = RIDGES[2]

    @classmethod
    def learned(cls, x: Floats, y: Floats, ridge: float = RIDGES[2]) -> "Ridge":
        """Return the map from ``x``, ``(n, p)``, to ``y``, ``(n, q)``; costs the eigenvectors of n by n numbers."""
        if len(x) != len(y) or len(x) < LEAST:
            raise SpecError(f"a map is learned from {LEAST} pairs at least, got {len(x)} and {len(y)} rows")
        mean_x, mean_y = x.mean(0), y.mean(0)
        seen = x - mean_x
        values, vectors = np.linalg.eigh(seen @ seen.T)
        return cls(seen, mean_x, mean_y, vectors, np.maximum(values, 0), vectors.T @ (y - mean_y), ridge)

    @classmethod
    def chosen(cls, x: Floats, y: Floats, groups: Sequence[int] | NDArray[np.int64]) -> "Ridge":
        """Return the map whose ridge loses least on groups that are held out, learned from all.

        Args:
            x: what goes in.
            y: what comes out.
            groups: whose row each is; rows of one person are held out together.
        """
        held = held_out(groups, HELD_OUT)
        if (~held).sum() < LEAST:
            return cls.learned(x, y)
        trial = cls.learned(x[~held], y[~held])
        losses = [float(((trial.at(ridge)(x[held]) - y[held]) ** 2).mean()) for ridge in RIDGES]
        return cls.learned(x, y, RIDGES[int(np.argmin(losses))])

    def at(self, ridge: float) -> "Ridge":
        """Return the same map with another ridge."""
        return Ridge(self.seen, self.mean_x, self.mean_y, self.vectors, self.values, self.turned, ridge)

    def __call__(self, x: Floats) -> Floats:
        """Return what comes out for ``x``, ``(m, p)``."""
        penalty = self.ridge * max(float(self.values.mean()), 1e-12)
        weights = (x - self.mean_x) @ self.seen.T @ self.vectors / (self.values + penalty)
        return np.asarray(weights @ self.turned + self.mean_y, np.float32)
