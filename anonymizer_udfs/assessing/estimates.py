"""What a random sample of images says of all of them: shares and sums, each with a two-sided 95% interval.

Shares have the interval of Clopper and Pearson (1934), sums that of a bootstrap over images (Efron 1979, percentiles).
Neither is made narrower where the sample is a large part of the whole; where it is the whole, there is nothing to
estimate and the interval is the value.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence.bounds import lower, upper

ONE_SIDED = 0.975
"""Of each bound, so that both together hold with 95%."""
RESAMPLES = 2000
LEAST = 10
"""With fewer images a bootstrap says less than it seems to."""
_SEED = 20_260_101


@dataclass(frozen=True)
class Share:
    """The share of images of which something holds.

    Attributes:
        hits, cases: of how many in the sample it holds, and how many were asked.
        value: the share in the sample; none where nobody was asked.
        low, high: the interval of the share in the whole, in [0, 1].
    """

    hits: int
    cases: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Total:
    """The sum over all images of what each one has.

    Attributes:
        value: estimated from the sample's mean; none where nobody was asked.
        low, high: the interval; none where the sample cannot tell one: fewer than :data:`LEAST` images, or no two that
            differ (in a sample without a face, the one image that has all of them may be missing).
        exact: whether the sample is the whole.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    exact: bool = False


def share(hits: int, cases: int, whole: int) -> Share:
    """Return the share of a whole of which something holds.

    Args:
        hits: of how many in the sample it holds.
        cases: how many the sample has.
        whole: how many there are in all, at least ``cases``.

    Raises:
        SpecError: the numbers contradict each other.

    Examples:
        >>> share(1, 4, 4)
        Share(hits=1, cases=4, value=0.25, low=0.25, high=0.25)
        >>> round(share(0, 100, 10**6).high, 4), share(0, 0, 9)
        (0.0362, Share(hits=0, cases=0, value=None, low=0.0, high=1.0))
    """
    _check(cases, whole)
    if not cases:
        return Share(hits, cases, None, 0.0, 1.0)
    if cases == whole:
        return Share(hits, cases, hits / cases, hits / cases, hits / cases)
    return Share(hits, cases, hits / cases, lower(hits, cases, ONE_SIDED), upper(hits, cases, ONE_SIDED))


def total(values: Sequence[float], whole: int) -> Total:
    """Return what a sample's values are in sum over the whole.

    Args:
        values: one a sampled image, finite, at least 0.
        whole: how many images there are, at least as many as values.

    Raises:
        SpecError: the numbers contradict each other, or a value is none.

    Examples:
        >>> total([1, 2, 3], 3)
        Total(value=6.0, low=6.0, high=6.0, exact=True)
        >>> total([0.0] * 10, 100)
        Total(value=0.0, low=None, high=None, exact=False)
        >>> [round(end) for end in (total([0, 1] * 50, 1000).low, total([0, 1] * 50, 1000).high)]
        [400, 600]
    """
    _check(len(values), whole)
    if not all(math.isfinite(one) and one >= 0 for one in values):
        raise SpecError("values must be finite and at least 0")
    if not values:
        return Total(None)
    given = np.asarray(values, np.float64)
    mean = float(given.mean())
    if len(values) == whole:
        value = float(given.sum())
        return Total(value, value, value, exact=True)
    if len(values) < LEAST or not np.ptp(given):
        return Total(mean * whole)
    draw = np.random.default_rng(_SEED)
    means = [float(given[draw.integers(0, len(given), len(given))].mean()) for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [1 - ONE_SIDED, ONE_SIDED])
    return Total(mean * whole, float(low) * whole, float(high) * whole)


def _check(cases: int, whole: int) -> None:
    if not 0 <= cases <= whole:
        raise SpecError(f"a sample must have from 0 to {whole} images, which is the whole; got {cases}")
