"""How far apart two histograms, or two shares, are; and how far chance alone would take them. Pure; plain numbers.

A histogram is a mapping from the number of a bin to how many cases fell into it. Bins are narrow (a hundredth of a
confidence, a twelfth of a doubling of a size), so that what is lost by them is small: the distance of Kolmogorov and
Smirnov is taken at their edges, and is short of the exact one by at most the mass of one bin.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from anonymizer_udfs.evidence import bounds

Histogram = Mapping[int, int]
_HALF = 0.5
"""Added to each count, so that what was never seen on one side is far, and not infinitely far."""


@dataclass(frozen=True)
class Apart:
    """How far two distributions are apart.

    Attributes:
        value: at least 0.
        chance: what the same distribution would give against itself, at the confidence that was asked for.
    """

    value: float
    chance: float


def cases(one: Histogram) -> int:
    """Return how many cases a histogram counts."""
    return sum(one.values())


def psi(baseline: Histogram, run: Histogram, bins: int, confidence: float) -> Apart:
    """Return the population stability index over parts of about equal mass of the baseline.

    By chance it is distributed as chi-squared with one degree of freedom less than parts, times ``1/n + 1/m``
    (Yurdakul 2018, *Statistical Properties of Population Stability Index*, 2.2).

    Args:
        baseline: of at least one case.
        run: of at least one case.
        bins: parts at most; a baseline of few values has fewer.
        confidence: of ``chance``, in (0, 1).

    Examples:
        >>> same = {0: 500, 1: 500}
        >>> round(psi(same, same, 10, 0.99).value, 6), round(psi(same, {0: 900, 1: 100}, 10, 0.99).value, 2)
        (0.0, 0.88)
    """
    parts = _parts(baseline, run, bins)
    n, m = cases(baseline), cases(run)
    more = _HALF * len(parts)
    value = 0.0
    for expected, seen in parts:
        p, q = (expected + _HALF) / (n + more), (seen + _HALF) / (m + more)
        value += (q - p) * math.log(q / p)
    degrees = max(1, len(parts) - 1)
    return Apart(value, float(special.chdtri(degrees, 1 - confidence)) * (1 / n + 1 / m))


def _parts(baseline: Histogram, run: Histogram, bins: int) -> list[tuple[int, int]]:
    """Return the cases of both sides in each part; a part ends where the next share of the baseline is full."""
    total, parts, seen = cases(baseline), [(0, 0)], 0
    for place in sorted({*baseline, *run}):
        if seen * bins >= total * len(parts) and parts[-1] != (0, 0):
            parts.append((0, 0))
        a, b = baseline.get(place, 0), run.get(place, 0)
        seen += a
        parts[-1] = (parts[-1][0] + a, parts[-1][1] + b)
    return parts


def ks(baseline: Histogram, run: Histogram, confidence: float) -> Apart:
    """Return the largest difference of the two distribution functions (Smirnov 1939), in [0, 1].

    Its limit by chance is the asymptotic one, which is on the safe side where many cases have one value.

    Examples:
        >>> ks({0: 50, 5: 50}, {0: 50, 5: 50}, 0.99).value, ks({0: 100}, {7: 100}, 0.99).value
        (0.0, 1.0)
    """
    n, m = cases(baseline), cases(run)
    before = now = worst = 0.0
    for place in sorted({*baseline, *run}):
        before += baseline.get(place, 0) / n
        now += run.get(place, 0) / m
        worst = max(worst, abs(before - now))
    return Apart(min(1.0, round(worst, 12)), math.sqrt(-math.log((1 - confidence) / 2) / 2 * (n + m) / (n * m)))


def median(one: Histogram) -> int | None:
    """Return the bin in which the middle case is; none of an empty histogram."""
    half, seen = cases(one) / 2, 0
    for place in sorted(one):
        seen += one[place]
        if seen >= half > 0:
            return place
    return None


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    hits: int
    trials: int

    @property
    def value(self) -> float | None:
        """Return the share; none of nothing."""
        return self.hits / self.trials if self.trials else None

    def bounds(self, confidence: float) -> tuple[float, float]:
        """Return its one-sided bounds by Clopper and Pearson."""
        return bounds.lower(self.hits, self.trials, confidence), bounds.upper(self.hits, self.trials, confidence)


def odds_ratio(baseline: Share, run: Share) -> float:
    """Return how many times the odds of the baseline those of a run are, above 0 (Haldane 1956; Anscombe 1956).

    Examples:
        >>> odds_ratio(Share(0, 100), Share(0, 100)), round(odds_ratio(Share(10, 1000), Share(50, 1000)), 1)
        (1.0, 5.0)
    """
    return _odds(run) / _odds(baseline)


def _odds(one: Share) -> float:
    return (one.hits + _HALF) / (one.trials - one.hits + _HALF)


def separate(baseline: Share, run: Share, confidence: float) -> bool:
    """Return whether the bounds of two shares have no value in common."""
    (low, high), (other_low, other_high) = baseline.bounds(confidence), run.bounds(confidence)
    return low > other_high or high < other_low
