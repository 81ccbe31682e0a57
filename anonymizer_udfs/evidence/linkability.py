"""Whether two releases of one archive, made under two keys, can be linked (Gomez-Barrero et al. 2018).

D_sys is 0 where scores of one person and of two are alike, and 1 where they are apart. As an estimate from histograms
it is above 0 even where they are alike, since two samples of one law differ: so what it is for labels in random order
is taken off.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

BINS = 20
DRAWS = 1000
Scores = NDArray[np.floating]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Linkability:
    """How linkable two releases are.

    Attributes:
        d_sys: the plain estimate, in [0, 1]; too high, by ``null`` where nothing is linked and by less elsewhere.
        null: the mean of the same estimate with labels in random order.
        excess: their difference: its mean is 0 where nothing is linked, and the truth is between it and ``d_sys``.
        high: its one-sided upper bound, by a bootstrap of both samples.
        mated: scores of one person.
        other: scores of two.
    """

    d_sys: float
    null: float
    excess: float
    high: float
    mated: int
    other: int


def d_sys(mated: Counts, other: Counts) -> NDArray[np.float64]:
    """Return D_sys of scores counted in the same bins, those of one person and those of two as likely as each other.

    In each bin with the likelihood ratio r it is ``2 r / (1 + r) - 1`` where r is above 1, else 0; the mean over the
    scores of one person.

    Args:
        mated: scores of one person in each bin, ``(..., bins)``.
        other: scores of two people.

    Examples:
        >>> float(d_sys(np.array([0, 4]), np.array([9, 0]))), float(d_sys(np.array([2, 2]), np.array([5, 5])))
        (1.0, 0.0)
    """
    p, q = mated / mated.sum(-1, keepdims=True), other / other.sum(-1, keepdims=True)
    local = np.divide(p - q, p + q, out=np.zeros(p.shape), where=p > q)
    return np.asarray((local * p).sum(-1))


def linkability(mated: Scores, other: Scores, seed: int, confidence: float = 0.95) -> Linkability:
    """Return how linkable two releases are by their scores.

    Args:
        mated: similarities of a person's photo in one release to another photo of that person in the other one.
        other: similarities of photos of two people.
        seed: of permutations and resamples.
        confidence: of the bound.

    Raises:
        SpecError: there are no scores of one of the two kinds, or some are not finite.
    """
    if not len(mated) or not len(other):
        raise SpecError(f"scores of one person and of two are needed, got {len(mated)} and {len(other)}")
    both = np.concatenate([mated, other])
    if not np.isfinite(both).all():
        raise SpecError("scores must be finite numbers")
    edges = np.linspace(both.min(), both.max() + (both.max() == both.min()), BINS + 1)
    first, second = (np.histogram(one, edges)[0] for one in (mated, other))
    draw, n, m = np.random.default_rng(seed), len(mated), len(other)
    value = float(d_sys(first, second))
    taken = draw.multivariate_hypergeometric(first + second, n, DRAWS)  # labels in random order
    null = float(d_sys(taken, first + second - taken).mean())
    again = d_sys(draw.multinomial(n, first / n, DRAWS), draw.multinomial(m, second / m, DRAWS))
    spread = float(np.quantile(again, confidence) - again.mean())
    return Linkability(value, null, value - null, value - null + max(spread, 0.0), n, m)
