"""From an attacker's scores to figures: how often he is right, in galleries of several sizes, with bounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import Scores
from anonymizer_udfs.evidence import Bounded, Figure, Standing, bounded, chances, identified, open_set, verification
from anonymizer_udfs.evidence.figure import Dimensions
from anonymizer_udfs.evidence.verification import threshold

GALLERIES = (100, 1_000, 10_000)
FPIRS = (0.01, 0.001)
FMRS = (1e-3, 1e-4)
QUANTILES = (0.5, 0.9, 0.99, 1.0)
DISTINCTIVE = 100
LEAST_GROUP = 10
"""Fewer people of a group say nothing of it, and would be told apart themselves."""
WORST = 3
_CURVE_GALLERY = 1_000
_DET_SHOWN = 40


@dataclass(frozen=True, eq=False)
class Attempt:
    """What an attacker said of whom.

    Attributes:
        scores: how alike, ``(probes, gallery)``; several, where the attacker learned as often, with other draws.
        probes: whom each probe shows.
        gallery: whom each photo of the gallery shows, nobody twice.
        dimensions: of all figures: attack, tier, recognizer.
        seed: of what is drawn for bounds.
        confidence: of the bounds.
    """

    scores: tuple[Scores, ...]
    probes: NDArray[np.str_]
    gallery: NDArray[np.str_]
    dimensions: Dimensions
    seed: int
    confidence: float

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which are of one person."""
        return np.asarray(self.probes[:, None] == self.gallery[None])


def figures(attempt: Attempt, face_ids: Sequence[str], groups: Sequence[Mapping[str, str]]) -> Iterator[Figure]:
    """Yield all figures of an attempt.

    Args:
        attempt: the scores.
        face_ids: of the probes, to name the worst.
        groups: of the probes' people, by column.
    """
    standing = [Standing.of(one, attempt.same) for one in attempt.scores]
    yield from _ranked(attempt, standing)
    yield from _verified(attempt)
    for rate in FPIRS:
        tpir = float(np.mean([open_set(one, rate)[0] for one in standing]))
        yield _plain(attempt, "tpir", tpir, len(attempt.probes), (("fpir", f"{rate:g}"),))
    yield from _grouped(attempt, standing, groups)
    yield from _worst(attempt, standing[0], face_ids)


def sizes(gallery: int) -> list[int]:
    """Return the sizes of galleries that can be stated; that of all there are, where it is less than the least."""
    return [size for size in GALLERIES if size <= gallery] or [gallery]


def _ranked(attempt: Attempt, standing: Sequence[Standing]) -> Iterator[Figure]:
    curve = _usual(standing[0])
    for size in sizes(standing[0].size):
        found = identified(standing, attempt.probes, size=size, seed=attempt.seed, confidence=attempt.confidence)
        at = (("gallery", str(size)),)
        for name in ("rank1", "rank5", "rank10"):
            yield bound("attack", name, getattr(found, name), (*attempt.dimensions, *at))
        if size == curve:
            for rank, value in enumerate(found.cmc, 1):
                yield _plain(attempt, "cmc", value, len(attempt.probes), (*at, ("rank", str(rank))))
            risks = np.mean([chances(one.taken(one.mated), size)[:, 0] for one in standing], axis=0)
            for q in QUANTILES:
                value = float(np.quantile(risks, q)) if len(risks) else float("nan")
                yield _plain(attempt, "person_risk", value, len(risks), (*at, ("quantile", f"{q:g}")))


def _usual(standing: Standing) -> int:
    """Return the size of gallery in which curves are drawn: a thousand, or the largest there is below."""
    every = sizes(standing.size)
    return max(size for size in every if size <= max(_CURVE_GALLERY, every[0]))


def distinctive(attempt: Attempt, clear: NDArray[np.float32]) -> Iterator[Figure]:
    """Yield rank-1 of the hundred people whose clear photos are least like those of others, among themselves.

    Args:
        attempt: of all.
        clear: how alike the gallery's clear photos are to one another, ``(gallery, gallery)``.
    """
    probed = np.flatnonzero(np.isin(attempt.gallery, attempt.probes))
    if len(probed) <= DISTINCTIVE:
        return
    others = clear[np.ix_(probed, probed)].astype(np.float64)
    np.fill_diagonal(others, -np.inf)
    rare = probed[np.argsort(others.max(1), kind="stable")[:DISTINCTIVE]]
    rows = np.flatnonzero(np.isin(attempt.probes, attempt.gallery[rare]))
    same = attempt.same[np.ix_(rows, rare)]
    found = identified(
        [Standing.of(one[np.ix_(rows, rare)], same) for one in attempt.scores],
        attempt.probes[rows],
        size=DISTINCTIVE,
        seed=attempt.seed,
        confidence=attempt.confidence,
    )
    yield bound("attack", "rank1_distinctive", found.rank1, (*attempt.dimensions, ("gallery", str(DISTINCTIVE))))


def _verified(attempt: Attempt) -> Iterator[Figure]:
    same = attempt.same
    tries = [np.where(np.isnan(one), np.finfo(np.float32).min, one) for one in attempt.scores]
    pairs = [(one[same], one[~same]) for one in tries]
    genuine, impostor = pairs[0]
    if not len(genuine) or not len(impostor):
        return
    who = attempt.probes[np.nonzero(same)[0]]
    for rate in FMRS:
        if len(impostor) * rate >= 1:
            hits = np.mean([mine >= threshold(others, rate) for mine, others in pairs], axis=0)
            found = bounded(hits, who, attempt.seed, attempt.confidence)
            yield bound("attack", "tar", found, (*attempt.dimensions, ("fmr", f"{rate:g}")))
    whole = verification(genuine, impostor, ())
    yield _plain(attempt, "eer", whole.eer, len(genuine), ())
    for fmr, fnmr in whole.det[:: max(1, len(whole.det) // _DET_SHOWN)]:
        yield _plain(attempt, "det", fnmr, len(genuine), (("fmr", f"{fmr:.3g}"),))


def _grouped(attempt: Attempt, standing: Sequence[Standing], groups: Sequence[Mapping[str, str]]) -> Iterator[Figure]:
    """Yield rank-1 of each group of people that is large enough, among all."""
    kinds = sorted({(column, value) for one in groups for column, value in one.items()})
    for column, value in kinds:
        mine = np.array([one.get(column) == value for one in groups]) & standing[0].mated
        if mine.sum() < LEAST_GROUP:
            continue
        size = _usual(standing[0])
        part, who = [one.taken(mine) for one in standing], attempt.probes[mine]
        found = identified(part, who, size=size, seed=attempt.seed, confidence=attempt.confidence)
        more = (("gallery", str(size)), ("group", column), ("of", value))
        yield bound("attack", "rank1", found.rank1, (*attempt.dimensions, *more))


def _worst(attempt: Attempt, standing: Standing, face_ids: Sequence[str]) -> Iterator[Figure]:
    """Yield the faces whose person stands out most, by how much more alike the right one is than any other."""
    margin = np.where(standing.mated, standing.right - standing.other, -np.inf)
    for row in np.argsort(-margin, kind="stable")[:WORST]:
        if margin[row] > 0:
            image_id, _, face = face_ids[row].rpartition("-")
            named = (("image_id", image_id), ("face", str(int(face))))
            attack = tuple(pair for pair in attempt.dimensions if pair[0] in {"attack", "recognizer"})
            yield Figure("worst", "score", float(margin[row]), (*attack, *named), cases=1)


def bound(scope: str, name: str, found: Bounded, dimensions: Dimensions) -> Figure:
    """Return a figure of a rate with its bounds."""
    return Figure(
        scope,
        name,
        found.value,
        dimensions,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        cases=found.trials,
        people=found.people,
    )


def _plain(attempt: Attempt, name: str, value: float, cases: int, more: Dimensions) -> Figure:
    people = len(np.unique(attempt.probes))
    return Figure("attack", name, value, (*attempt.dimensions, *more), cases=cases, people=people)
