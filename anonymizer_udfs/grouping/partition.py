"""People into groups of at least k, those who are alike together, with no square of their number.

k-Same replaces a face by the mean of its group (Newton, Sweeney and Malin 2005); the more alike a group is, the more of
a face is left in its mean. Their nearest-first choice compares all with all; here a tree halves the people along their
direction of greatest variance until a half would have fewer than k.
"""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import check_count
from anonymizer_udfs.methods.k_same import K_MAX

ROUNDS = 12
"""Of the power iteration that finds a direction: any direction gives valid groups, a better one more alike ones."""
LEAST_K = 2


def partition(templates: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the group of each person, numbered from 0; each has k to 2k - 1 people.

    The same people in the same order give the same groups.

    Args:
        templates: one a person, ``(n, d)``.
        k: at least 2.

    Returns:
        ``(n,)``; all are -1 where there are fewer than k people: nobody gets a group then.

    Examples:
        >>> partition(np.array([[0.0], [9.0], [1.0], [8.0], [7.0]], np.float32), 2).tolist()
        [0, 1, 0, 1, 1]
        >>> partition(np.zeros((1, 1), np.float32), 2).tolist()
        [-1]
    """
    check_count("k", k, LEAST_K, K_MAX)
    out = np.full(len(templates), -1)
    if len(templates) < k:
        return out
    waiting, number = [np.arange(len(templates))], 0
    while waiting:
        some = waiting.pop()
        if len(some) < 2 * k:
            out[some] = number
            number += 1
            continue
        values = templates[some].astype(np.float64)
        order = some[np.argsort(_along(values - values.mean(0)), kind="stable")]
        half = len(order) // 2
        waiting += [np.sort(order[half:]), np.sort(order[:half])]
    return out


def _along(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where each lies along the direction of greatest variance, whose sign is fixed."""
    variances = (centred**2).sum(0)
    direction = np.zeros(centred.shape[1])
    direction[int(variances.argmax())] = 1.0
    for _ in range(ROUNDS):
        onto = centred.T @ (centred @ direction)
        length = float(np.linalg.norm(onto))
        if not length:
            break
        direction = onto / length
    return np.asarray(centred @ direction)
