"""Who is it: the rank of the right one in a gallery, and how often an attacker says a name at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence.bounds import CONFIDENCE, Bounded, bounded

Scores = NDArray[np.floating]
Same = NDArray[np.bool_]
_ORDER, _GALLERY = 1, 2
"""What is drawn from a seed: streams of their own, so that none is another's, or the caller's."""


def ranks(scores: Scores, same: Same, seed: int) -> NDArray[np.int64]:
    """Return the rank of each probe's most alike photo of the same person, from 1 on; 0 for a probe that has none.

    Of equal scores, as faces under one mask have them, the order is drawn: who knows nothing is right by chance alone,
    and neither always nor never.

    Args:
        scores: ``(probes, gallery)``; not a number where there was nothing to compare, which is the least alike.
        same: which are of one person.
        seed: of the order of equal scores.

    Examples:
        >>> ranks(np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0, 0, 0]]), np.eye(3, dtype=bool) & [[1], [1], [0]], 0)
        array([1, 3, 0])
    """
    if scores.shape != same.shape:
        raise SpecError(f"scores and same must be of one shape, got {scores.shape} and {same.shape}")
    known = np.where(np.isnan(scores), -np.inf, scores)
    mates = same.any(1)
    best = np.max(np.where(same, known, -np.inf), 1, initial=-np.inf)[:, None]
    above = ((known > best) & ~same).sum(1)
    level = ((known == best) & ~same).sum(1)
    level_mates = np.maximum(((known == best) & same).sum(1), 1)
    draw = np.random.default_rng((seed, _ORDER))
    # The first of m among t others in random order: the least of m draws without replacement from m + t places.
    before = [int(draw.permutation(m + t)[:m].min()) if t else 0 for m, t in zip(level_mates, level, strict=True)]
    return np.where(mates, above + np.array(before, np.int64) + 1, 0)


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
    scores: Scores, same: Same, people: Sequence[str], *, size: int, seed: int, confidence: float = CONFIDENCE
) -> Hits:
    """Return how often an attacker names the right person, who is in his gallery, among ``size`` people.

    For each probe the gallery has the photo of that person and those of ``size - 1`` others, drawn anew for each probe,
    so that no lucky gallery decides.

    Args:
        scores: ``(probes, gallery)``, the gallery with one photo a person.
        same: which are of one person.
        people: whom each probe shows.
        size: people in a gallery; all where there are no more.
        seed: of galleries, and of all that is drawn.
        confidence: of the bounds.
    """
    size = min(size, scores.shape[1])
    order = ranks(*_drawn(scores, same, size, seed), seed)
    asked = order > 0
    who = np.asarray(people)[asked]
    first = {k: bounded(order[asked] <= k, who, seed, confidence) for k in (1, 5, 10)}
    curve = tuple(float((order[asked] <= k).mean()) for k in range(1, 21)) if asked.any() else ()
    return Hits(size, first[1], first[5], first[10], curve)


def _drawn(scores: Scores, same: Same, size: int, seed: int) -> tuple[Scores, Same]:
    """Return scores and who is the same in a gallery of ``size`` drawn for each probe, the right person among them."""
    n = scores.shape[1]
    if size >= n:
        return scores, same
    key = np.random.default_rng((seed, _GALLERY)).random(scores.shape)
    key[same] = -1.0  # the right ones come first
    held = np.argpartition(key, size - 1, axis=1)[:, :size]
    return np.take_along_axis(scores, held, 1), np.take_along_axis(same, held, 1)


def open_set(scores: Scores, same: Same, rate: float) -> tuple[float, float]:
    """Return TPIR and the threshold at a false positive identification rate (ISO/IEC 19795-1).

    An attacker names the most alike person where the score is at least a threshold. The threshold is the least at which
    at most ``rate`` of the probes of people who are not in the gallery get a name; TPIR is the share of the others who
    get the right one. Every probe is asked twice: with its person in the gallery, and with that person taken out.

    Args:
        scores: ``(probes, gallery)``.
        same: which are of one person; probes without any are asked once.
        rate: FPIR, in (0, 1).

    Examples:
        >>> open_set(np.array([[0.9, 0.1], [0.2, 0.3]]), np.eye(2, dtype=bool), 0.4)
        (1.0, 0.20000000000000004)
    """
    if not 0 < rate < 1:
        raise SpecError(f"a false positive identification rate must be in (0, 1), got {rate}")
    known = np.where(np.isnan(scores), -np.inf, scores)
    right = np.max(np.where(same, known, -np.inf), 1, initial=-np.inf)
    other = np.max(np.where(same, -np.inf, known), 1, initial=-np.inf)
    mated = same.any(1)
    if not mated.any():
        return float("nan"), float("inf")
    threshold = float(np.nextafter(np.sort(other)[::-1][int(len(other) * rate)], np.inf))
    named = (right >= threshold) & (right > other)
    return float(named[mated].mean()), threshold
