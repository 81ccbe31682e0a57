"""Thin-plate splines: the smoothest displacement of a plane that takes given points along."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

STIFFNESS = 1e-4
"""Added to the kernel's diagonal, in squared units of the coordinates (Wahba 1990): points that fall together and are
to go different ways share the difference, and the equations can always be solved. Next to nothing for all others."""


def displaced(points: Points, by: Points, where: Points) -> Points:
    """Return how far places move where points among them move by given vectors (Bookstein 1989).

    The displacement is an affine map and a sum of the kernel ``r^2 log r^2`` about each point, whose weights have no
    affine part of their own: of all that take the points along it has the least bending energy.

    Args:
        points: ``(n, 2)``, not all on a line.
        by: ``(n, 2)``, how far each moves.
        where: ``(m, 2)``.

    Returns:
        ``(m, 2)``.

    Examples:
        >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> displaced(corners, corners * 0.1, np.array([[0.5, 0.25], [2.0, 0.0]])).round(3).tolist()
        [[0.05, 0.025], [0.2, 0.0]]
    """
    n = len(points)
    affine = np.column_stack([np.ones(n), points])
    left = np.zeros((n + 3, n + 3))
    left[:n, :n] = _kernel(points, points) + STIFFNESS * np.eye(n)
    left[:n, n:], left[n:, :n] = affine, affine.T
    weights = np.linalg.solve(left, np.concatenate([by, np.zeros((3, 2))]))
    return np.asarray(_kernel(where, points) @ weights[:n] + weights[n] + where @ weights[n + 1 :])


def _kernel(a: Points, b: Points) -> NDArray[np.float64]:
    """Return ``r^2 log r^2`` between each of ``(n, 2)`` and each of ``(m, 2)`` points; 0 where they are one."""
    squared = np.subtract.outer(a[:, 0], b[:, 0]) ** 2
    squared += np.subtract.outer(a[:, 1], b[:, 1]) ** 2
    squared *= np.log(np.maximum(squared, np.finfo(np.float64).tiny))
    return np.asarray(squared)
