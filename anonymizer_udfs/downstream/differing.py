"""How far two models may differ in truth that answered the same questions: intervals and a test for paired answers."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import special

from anonymizer_udfs.errors import SpecError

RESAMPLES = 2000
_BLOCK = 1 << 22
_HALVINGS = 60


def resampled(
    values: NDArray[np.float64], belongs: NDArray[np.intp], seed: int, confidence: float
) -> list[tuple[float, float]]:
    """Return the interval of the mean of each column over images, whole groups drawn with replacement.

    Args:
        values: one row an image, ``(n, columns)``, at least one.
        belongs: the group of each, ``(n,)``.
        seed: of the draws.
        confidence: of each bound.
    """
    _, which = np.unique(belongs, return_inverse=True)
    sizes = np.bincount(which).astype(np.float64)
    sums = np.stack([np.bincount(which, column) for column in values.T], 1)
    draw, n = np.random.default_rng(seed), len(sizes)
    rows = max(1, _BLOCK // n)
    means = []
    for at in range(0, RESAMPLES, rows):
        drawn = draw.integers(0, n, (min(rows, RESAMPLES - at), n))
        means.append(sums[drawn].sum(1) / sizes[drawn].sum(1)[:, None])
    low, high = np.quantile(np.concatenate(means), [1 - confidence, confidence], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return how likely such a split of the images on which two models differ is if both are as good, two-sided.

    Examples:
        >>> mcnemar(0, 0), mcnemar(5, 5), round(mcnemar(10, 0), 5)
        (1.0, 1.0, 0.00195)
    """
    fewer, differ = min(only_first, only_second), only_first + only_second
    return min(1.0, 2 * float(special.bdtr(fewer, differ, 0.5))) if differ else 1.0


def score(only_first: int, only_second: int, cases: int, confidence: float) -> tuple[float, float]:
    """Return the interval of the second's rate less the first's (Tango 1998); not a point where they never differed.

    Args:
        only_first: cases about which the first alone was right.
        only_second: about which the second alone was.
        cases: all of them, at least 1.
        confidence: of each bound, in (0.5, 1).

    Raises:
        SpecError: the numbers contradict each other.

    Examples:
        >>> [round(end, 4) for end in score(0, 0, 160, 0.975)]
        [-0.0234, 0.0234]
    """
    if not 0 <= only_first + only_second <= cases or min(only_first, only_second) < 0 or cases < 1:
        raise SpecError(f"of {cases} cases {only_first} and {only_second} cannot be those where only one was right")
    z, value = NormalDist().inv_cdf(confidence), (only_second - only_first) / cases
    low = _root(only_first, only_second, cases, z, (-1.0, value))
    return low, _root(only_first, only_second, cases, -z, (value, 1.0))


def _root(only_first: int, only_second: int, n: int, wanted: float, within: tuple[float, float]) -> float:
    """Return the difference at which the score is as large as wanted; the score falls as the difference grows."""
    low, high = within
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _statistic(only_first, only_second, n, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _statistic(only_first: int, only_second: int, n: int, difference: float) -> float:
    """Return Tango's score, the rate of the first alone taken as most likely under a difference."""
    linear = (2 * n - only_second + only_first) * difference - only_first - only_second
    constant = -only_first * difference * (1 - difference)
    rate = ((linear**2 - 8 * n * constant) ** 0.5 - linear) / (4 * n)
    variance = n * (2 * rate + difference * (1 - difference))
    off = only_second - only_first - n * difference
    return off / variance**0.5 if variance > 0 else float(np.copysign(np.inf, off))
