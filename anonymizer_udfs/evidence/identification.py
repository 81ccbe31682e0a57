"""Who is it: the rank of the right one in a gallery, and how often an attacker says a name at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence.bounds import CONFIDENCE, Bounded, bounded

Scores = NDArray[np.floating]
Same = NDArray[np.bool_]
RANKS = 20
"""As far as a cumulative match curve goes."""
_LEAST = float(np.finfo(np.float32).min)
"""Stands for a score that is not a number: less alike than any, and still in the gallery."""


@dataclass(frozen=True, eq=False)
class Standing:
    """Where the right one of each probe stands in a gallery: all that ranks and open sets are counted from.

    It is small however large the gallery is, so a gallery may be compared block by block (:meth:`joined`).

    Attributes:
        above: photos of others that are more alike, ``(n,)``.
        level: photos of others that are exactly as alike.
        right: how alike the right one is; minus infinity where it is not in the gallery.
        other: how alike the most alike other one is; minus infinity where there is none.
        size: photos in the gallery.
    """

    above: NDArray[np.int64]
    level: NDArray[np.int64]
    right: NDArray[np.float64]
    other: NDArray[np.float64]
    size: int

    @classmethod
    def of(cls, scores: Scores, same: Same) -> "Standing":
        """Return where the right ones stand.

        Args:
            scores: ``(probes, gallery)``; not a number where there was nothing to compare, which is the least alike.
            same: which are of one person: at most one photo of a probe's person is in the gallery.

        Raises:
            SpecError: shapes differ, or somebody is there twice.
        """
        if scores.shape != same.shape:
            raise SpecError(f"scores and same must be of one shape, got {scores.shape} and {same.shape}")
        if same.size and same.sum(1).max() > 1:
            raise SpecError("the gallery must have one photo a person")
        known = np.where(np.isnan(scores), _LEAST, scores)
        right = np.max(np.where(same, known, -np.inf), 1, initial=-np.inf)
        return cls.against(right, known, same)

    @classmethod
    def against(cls, right: NDArray[np.floating], scores: Scores, same: Same) -> "Standing":
        """Return where right ones of known scores stand among the others of a block of the gallery.

        Args:
            right: how alike each probe's right one is, wherever it lies, ``(n,)``.
            scores: ``(probes, block)``, finite.
            same: which of the block are of the probe's person; they do not count as others.
        """
        level, above = right[:, None], np.where(same, -np.inf, scores)
        other = np.max(above, 1, initial=-np.inf)
        counts = (above > level).sum(1), ((above == level) & ~same).sum(1)
        return cls(*counts, np.asarray(right, np.float64), np.asarray(other, np.float64), scores.shape[1])

    def joined(self, more: "Standing") -> "Standing":
        """Return where the right ones stand in this block of the gallery and another one together."""
        other = np.maximum(self.other, more.other)
        return Standing(self.above + more.above, self.level + more.level, self.right, other, self.size + more.size)

    @property
    def mated(self) -> Same:
        """Which probes have their right one in the gallery."""
        return self.right > -np.inf

    def taken(self, rows: NDArray[np.int64] | Same) -> "Standing":
        """Return where those of some probes stand."""
        return Standing(self.above[rows], self.level[rows], self.right[rows], self.other[rows], self.size)


def chances(standing: Standing, size: int) -> NDArray[np.float64]:
    """Return how likely the right one is among the first 1, 2, ... 20 of a gallery of ``size``, ``(probes, 20)``.

    The gallery has the right one and ``size - 1`` others of those there are, any of them as likely. How many of those
    ahead are among them is hypergeometric, so no gallery is drawn and no lucky one decides; the order of equal scores
    is as likely as any other, as faces under one mask have them: who knows nothing is right by chance, and neither
    always nor never. A probe whose right one is not there has no chance.

    Examples:
        >>> one = np.array([0.0])
        >>> standing = Standing(np.array([1]), np.array([0]), one, one + 1, 11)
        >>> chances(standing, 11)[0, :2].tolist(), round(float(chances(standing, 6)[0, 0]), 3)
        ([0.0, 1.0], 0.5)
    """
    others, drawn = standing.size - 1, min(size, standing.size) - 1
    ahead, taken = np.arange(others + 1)[:, None], np.arange(RANKS)[None]
    ways = _choices(ahead, taken) + _choices(others - ahead, drawn - taken) - _choices(others, drawn)
    within = np.cumsum(np.exp(ways), axis=1).clip(0, 1)
    # The mean over all places that equal scores may have.
    summed = np.concatenate([np.zeros((1, RANKS)), np.cumsum(within, axis=0)])
    out = np.zeros((len(standing.right), RANKS))
    mine = standing.taken(standing.mated)
    ends = mine.above + mine.level + 1
    out[standing.mated] = (summed[ends] - summed[mine.above]) / (mine.level + 1)[:, None]
    return out


def _choices(n: NDArray[np.int64] | int, k: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Return the logarithm of how many ways there are to take k of n; minus infinity where there is none."""
    n, k = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(k, np.float64))
    possible = (k >= 0) & (k <= n)
    n, k = np.where(possible, n, 0), np.where(possible, k, 0)
    return np.where(possible, special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1), -np.inf)


@dataclass(frozen=True)
class Hits:
    """How often the right person is among the first guesses.

    Attributes:
        size: photos in the gallery, of as many people.
        rank1, rank5, rank10: the rates with their bounds.
        cmc: the share of probes whose right one is among the first 1, 2, 3, ... 20 (the cumulative match curve).
    """

    size: int
    rank1: Bounded
    rank5: Bounded
    rank10: Bounded
    cmc: tuple[float, ...]


def identified(
    standing: Standing | Sequence[Standing],
    people: Sequence[str] | NDArray[np.str_],
    *,
    size: int,
    seed: int,
    confidence: float = CONFIDENCE,
) -> Hits:
    """Return how often an attacker names the right person, who is in his gallery, among ``size`` people.

    Args:
        standing: where the right ones stand in the whole gallery; several, where an attacker who draws by chance tried
            so often: what counts is how often he is right in the mean.
        people: whom each probe shows; probes whose person is not in the gallery are not asked.
        size: people in a gallery; all where there are no more.
        seed: of all that is drawn for the bounds.
        confidence: of the bounds.
    """
    every = [standing] if isinstance(standing, Standing) else list(standing)
    asked, most = every[0].mated, every[0].size
    found = np.mean([chances(one.taken(asked), size) for one in every], axis=0)
    who = np.asarray(people)[asked]
    first = {k: bounded(found[:, k - 1], who, seed, confidence) for k in (1, 5, 10)}
    curve = tuple(float(value) for value in found.mean(0)) if asked.any() else ()
    return Hits(min(size, most), first[1], first[5], first[10], curve)


def open_set(standing: Standing, rate: float) -> tuple[float, float]:
    """Return TPIR and the threshold at a false positive identification rate (ISO/IEC 19795-1).

    An attacker names the most alike person where the score is at least a threshold. The threshold is the least at which
    at most ``rate`` of the probes of people who are not in the gallery get a name; TPIR is the share of the others who
    get the right one. Every probe is asked twice: with its person in the gallery, and with that person taken out.

    Args:
        standing: where the right ones stand; probes whose person is not in the gallery are asked once.
        rate: FPIR, in (0, 1).

    Examples:
        >>> open_set(Standing.of(np.array([[0.9, 0.1], [0.2, 0.3]]), np.eye(2, dtype=bool)), 0.4)
        (1.0, 0.20000000000000004)
    """
    if not 0 < rate < 1:
        raise SpecError(f"a false positive identification rate must be in (0, 1), got {rate}")
    if not standing.mated.any():
        return float("nan"), float("inf")
    right, other = standing.right, standing.other
    threshold = float(np.nextafter(np.sort(other)[::-1][int(len(other) * rate)], np.inf))
    named = (right >= threshold) & (right > other)
    return float(named[standing.mated].mean()), threshold
