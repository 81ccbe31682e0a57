"""How much a rate may be in truth: one-sided bounds of Clopper and Pearson (1934) and of a bootstrap over people."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from anonymizer_udfs.errors import SpecError

CONFIDENCE = 0.95
RESAMPLES = 2000
"""Of people; the 95% quantile of so many has a standard error of a hundredth of the rates' own spread."""
_BLOCK = 1 << 22
_PEOPLE_MOST = 1 << 24


def upper(hits: float, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided upper bound of a rate by Clopper and Pearson: 1 where nothing was tried.

    Hits may be a sum of chances: the beta distribution that gives the bound has no need of whole numbers, and a sum of
    chances scatters less than that of as many draws with its mean (Hoeffding 1956).

    Examples:
        >>> round(upper(0, 2995), 6), upper(3, 3), upper(0, 0)
        (0.001, 1.0, 1.0)
    """
    _check(hits, trials, confidence)
    return 1.0 if hits == trials else float(special.betaincinv(hits + 1, trials - hits, confidence))


def lower(hits: float, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided lower bound of a rate: 0 where nothing was tried.

    Examples:
        >>> round(lower(3000, 3000), 5), lower(0, 5), lower(0, 0)
        (0.999, 0.0, 0.0)
    """
    _check(hits, trials, confidence)
    return 0.0 if not hits else float(special.betaincinv(hits, trials - hits + 1, 1 - confidence))


def least_without_one(limit: float, confidence: float = CONFIDENCE) -> int:
    """Return how many trials without a single hit show that a rate is at most ``limit``.

    Examples:
        >>> least_without_one(0.001), least_without_one(0.001, 0.99)
        (2995, 4603)
    """
    if not 0 < limit < 1:
        raise SpecError(f"limit must be in (0, 1), got {limit}")
    trials = math.ceil(math.log(1 - confidence) / math.log1p(-limit))
    return trials if upper(0, trials, confidence) <= limit else trials + 1


def least_people(chance: float, margin: float, confidence: float = CONFIDENCE) -> int:
    """Return how many people, each asked once, can show that a rate is at most ``chance + margin``.

    An attacker who knows nothing is right about ``chance * people`` times, and it must show even where chance gives
    him one more than that.

    Examples:
        >>> least_people(0.001, 0.005), least_people(0.001, 0.0025, 0.99)
        (1048, 3742)
    """
    if not 0 <= chance < chance + margin < 1:
        raise SpecError(f"chance and margin must be at least 0 and less than 1 in all, got {chance} and {margin}")
    low, high = 1, 2
    while not _shows(high, chance, margin, confidence):
        low, high = high, 2 * high
        if high > _PEOPLE_MOST:
            raise SpecError(f"a margin of {margin:g} over {chance:g} needs more than {_PEOPLE_MOST:,} people")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _shows(middle, chance, margin, confidence) else (middle, high)
    return high


def _shows(people: int, chance: float, margin: float, confidence: float) -> bool:
    hits = round(chance * people) + 1
    return hits <= people and upper(hits, people, confidence) <= chance + margin


@dataclass(frozen=True)
class Bounded:
    """A rate, and what it may be in truth.

    Attributes:
        value: the mean over people of each one's own rate, in [0, 1]; not a number without people.
        low: its one-sided lower bound.
        high: its one-sided upper bound: of Clopper and Pearson on one random trial a person, and of the bootstrap over
            people, the larger one.
        people: how many people there were.
        trials: how many trials, of all of them.
        confidence: of each bound.
    """

    value: float
    low: float
    high: float
    people: int
    trials: int
    confidence: float = CONFIDENCE


def bounded(
    hits: NDArray[np.bool_] | NDArray[np.float64],
    people: Sequence[str] | NDArray[np.generic],
    seed: int,
    confidence: float = CONFIDENCE,
) -> Bounded:
    """Return how often trials hit, with bounds of which the unit is the person.

    Runs on the driver or an executor; deterministic. Costs some milliseconds a thousand people.

    Args:
        hits: which trials did, or how likely each does where part of it is chance, ``(n,)``.
        people: whose trial each was, ``(n,)``.
        seed: of the trial that is drawn a person, and of the resamples.
        confidence: of each of the two bounds, in (0, 1).

    Raises:
        SpecError: the two differ in length.
    """
    if len(hits) != len(people):
        raise SpecError(f"hits and people must be of one length, got {len(hits)} and {len(people)}")
    if not len(hits):
        return Bounded(math.nan, 0.0, 1.0, 0, 0, confidence)
    _, who = np.unique(np.asarray(people), return_inverse=True)
    count = np.bincount(who)
    rates = np.bincount(who, np.asarray(hits, float)) / count
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(hits))
    one = np.full(len(count), -1)
    one[who[order]] = order
    n = len(count)
    drawn = min(float(np.asarray(hits, float)[one].sum()), n)
    means = _resampled(rates, draw)
    low, high = np.quantile(means, [1 - confidence, confidence])
    return Bounded(
        float(rates.mean()),
        min(lower(drawn, n, confidence), float(low)),
        max(upper(drawn, n, confidence), float(high)),
        n,
        len(hits),
        confidence,
    )


def _resampled(rates: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    """Return means over people drawn with replacement, ``(RESAMPLES,)``, in bounded memory."""
    n = len(rates)
    rows = max(1, _BLOCK // n)
    blocks = [min(rows, RESAMPLES - at) for at in range(0, RESAMPLES, rows)]
    return np.concatenate([rates[draw.integers(0, n, (block, n))].mean(1) for block in blocks])


def _check(hits: float, trials: int, confidence: float) -> None:
    if not 0 <= hits <= trials:
        raise SpecError(f"hits must be from 0 to {trials}, got {hits}")
    if not 0 < confidence < 1:
        raise SpecError(f"confidence must be in (0, 1), got {confidence}")
