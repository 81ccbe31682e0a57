"""Coarse cells of templates, so that not all pairs of an archive are compared: each template is in its nearest few.

Two faces of one person that share none of their cells are not compared with each other; they are still linked where
others of the person lie between them. That splits people, which is the unsafe error, so each template is in many cells.
"""

import numpy as np
from numpy.typing import NDArray

CELL_TEMPLATES = 1500
"""What a cell holds on average: 1500 x 1500 comparisons take 0.1 s."""
CELLS_MAX = 4096
SAMPLED = 32
"""Templates of the sample for each cell."""
NEAREST = 6
"""Of LFW's 3,189 pairs of photos of one person that dlib's recognizer links, 8.6% share none of their two nearest of 60
cells, 0.9% none of their four, 0.09% none of their six; of 20 cells 4.6%, 0.03% and none."""
ROUNDS = 8
_BLOCK = 4096

Centroids = NDArray[np.float32]


def cells_for(templates: int) -> int:
    """Return how many cells so many templates are put into, each of them in its nearest :data:`NEAREST`.

    Examples:
        >>> cells_for(0), cells_for(700), cells_for(100_000), cells_for(10**9)
        (1, 3, 400, 4096)
    """
    return min(CELLS_MAX, max(1, -(-templates * NEAREST // CELL_TEMPLATES)))


def centroids(sample: NDArray[np.float32], cells: int) -> Centroids:
    """Return the centres of at most ``cells`` cells, ``(cells, d)``: k-means, begun at evenly spaced templates.

    The same sample in the same order gives the same centres.

    Args:
        sample: ``(n, d)``, at least one.
        cells: at least 1.
    """
    first = np.linspace(0, len(sample) - 1, min(cells, len(sample))).round().astype(np.intp)
    out = np.unique(sample[first], axis=0).astype(np.float64)
    for _ in range(ROUNDS if len(out) > 1 else 0):
        mine = nearest(sample, out.astype(np.float32), 1)[:, 0]
        counts = np.bincount(mine, minlength=len(out))
        sums = np.zeros_like(out)
        np.add.at(sums, mine, sample)
        used = counts > 0
        out[used] = sums[used] / counts[used, None]
    return np.asarray(out, np.float32)


def nearest(templates: NDArray[np.float32], centres: Centroids, count: int) -> NDArray[np.intp]:
    """Return the nearest centres of each template by Euclidean distance, ``(n, count)`` or fewer, nearest first.

    Examples:
        >>> nearest(np.array([[1.0]], np.float32), np.array([[0.0], [9.0], [3.0]], np.float32), 2).tolist()
        [[0, 2]]
    """
    count = min(count, len(centres))
    wide = centres.astype(np.float64)
    out = np.zeros((len(templates), count), np.intp)
    for start in range(0, len(templates), _BLOCK):
        some = templates[start : start + _BLOCK].astype(np.float64)
        far = (wide**2).sum(1) - 2 * some @ wide.T
        out[start : start + _BLOCK] = np.argsort(far, axis=1, kind="stable")[:, :count]
    return out


def line(centres: Centroids) -> NDArray[np.intp]:
    """Return the centres in an order in which neighbours are alike: along their direction of greatest variance.

    Examples:
        >>> line(np.array([[0.0, 0], [9, 1], [3, 0]], np.float32)).tolist()
        [0, 2, 1]
    """
    centred = centres.astype(np.float64) - centres.mean(0, dtype=np.float64)
    main = np.linalg.svd(centred, full_matrices=False)[2][0]
    main = main * (1 if main[np.abs(main).argmax()] > 0 else -1)
    return np.argsort(centred @ main, kind="stable")
