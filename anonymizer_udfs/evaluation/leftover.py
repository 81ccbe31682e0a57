"""What is left beside a name: links between two releases, who was in the archive, restored faces, attributes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks import Faces, Task, folds
from anonymizer_udfs.attacks.base import Scores
from anonymizer_udfs.attacks.learned import Features, groups
from anonymizer_udfs.attacks.restored import RestoredLinear, embedded
from anonymizer_udfs.attacks.ridge import Ridge
from anonymizer_udfs.evaluation.reached import bound
from anonymizer_udfs.evidence import Figure, bounded, linkability, verification
from anonymizer_udfs.evidence.figure import Dimensions
from anonymizer_udfs.recognition import Recognizer

MOST_PHOTOS = 4
"""Of one person: more would let a few people speak for all."""
OTHERS_A_PAIR = 10
LEAST_OF_A_KIND = 20
SCOPE = "reconstruction"
_SPREAD_RESAMPLES = 200
_FPR = 0.01


def linked(
    faces: Faces, numbers: NDArray[np.int64], recognizer: Recognizer, seed: int, confidence: float
) -> Iterator[Figure]:
    """Yield how linkable two releases are: a person's photo in one to another photo of that person in the other.

    The second release is the parrot's: the same policy under another key.
    """
    if faces.parrot is None:
        return
    few = np.flatnonzero(numbers <= MOST_PHOTOS)
    people = faces.people[few]
    first, second = (side.templates[recognizer.name][few] for side in (faces.released, faces.parrot))
    alike = recognizer.similarity(first, second)
    same = people[:, None] == people[None]
    mated = alike[same & ~np.eye(len(few), dtype=bool)]
    others = np.flatnonzero(~same.ravel())
    if not len(mated) or not len(others):
        return
    draw = np.random.default_rng(seed)
    other = alike.ravel()[draw.choice(others, min(len(others), OTHERS_A_PAIR * len(mated)), replace=False)]
    found = linkability(mated, other, seed, confidence)
    told: Dimensions = (("recognizer", recognizer.name),)
    counted = partial(Figure, "linkability", dimensions=told, cases=found.mated, people=len(np.unique(people)))
    yield counted("d_sys", found.d_sys)
    yield counted("d_sys_null", found.null)
    yield counted("d_sys_excess", found.excess, high=found.high, confidence=confidence)
    rate, low = _eer(mated, other, draw, confidence)
    yield counted("eer", rate, low=low, confidence=confidence)


def _eer(
    mated: NDArray[np.float32], other: NDArray[np.float32], draw: np.random.Generator, confidence: float
) -> tuple[float, float]:
    """Return the equal error rate, and its lower bound by a bootstrap of both samples."""
    value = verification(mated, other, ()).eer
    again = [
        verification(draw.choice(mated, len(mated)), draw.choice(other, len(other)), ()).eer
        for _ in range(_SPREAD_RESAMPLES)
    ]
    return value, min(value, float(np.quantile(again, 1 - confidence)))


def membership(task: Task) -> Iterator[Figure]:
    """Yield how well an attacker who has a clear photo of a person tells whether that person is in the release.

    Each person is asked twice: with the release as it is, and without that person's photos in it. What is in the
    gallery's clear photo is not in the release that it is compared with.
    """
    name = task.recognizer.name
    alike = task.recognizer.similarity(task.gallery.clear.templates[name], task.probes.released.templates[name])
    same = task.gallery.people[:, None] == task.probes.people[None]
    mine = same.any(1)
    inside = alike.max(1)[mine]
    outside = np.where(same, -np.inf, alike).max(1)[mine]
    told: Dimensions = (("recognizer", name),)
    counts = {"cases": len(inside), "people": len(inside)}
    yield Figure("membership", "auc", auc(inside, outside), told, **counts)
    at = float(np.quantile(outside, 1 - _FPR, method="higher"))
    yield Figure("membership", "tpr", float((inside > at).mean()), (*told, ("fpr", f"{_FPR:g}")), **counts)


def auc(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """Return how often a positive score is above a negative one, a half where they are equal (Mann and Whitney)."""
    order = np.sort(negative)
    below = np.searchsorted(order, positive, "left")
    upto = np.searchsorted(order, positive, "right")
    return float((below + upto).mean() / (2 * len(negative)))


def restored(task: Task, attacker: RestoredLinear, threshold: float) -> tuple[Scores, list[Figure]]:
    """Return the scores of an attacker who restores, and how far what he restores is from the true faces.

    Both at once, since to restore is nearly all of the work.

    Args:
        task: the attack.
        attacker: who restores.
        threshold: similarity from which on two faces match.
    """
    name = task.recognizer.name
    scores = np.full((len(task.probes), len(task.gallery)), np.nan, np.float32)
    errors, matched = np.zeros(len(scores)), np.zeros(len(scores), bool)
    for mine, part in folds.parts(task):
        made = attacker.faces(part)
        errors[mine] = ((made.astype(np.float64) - part.probes.clear.chips) ** 2).mean((1, 2, 3))
        templates = embedded(made, part.recognizer, part.runtime)
        scores[mine] = part.recognizer.similarity(templates, part.gallery.clear.templates[name])
        own = part.recognizer.similarity(templates, part.probes.clear.templates[name])
        matched[mine] = np.diag(own) >= threshold
    psnr = 10 * np.log10(255**2 / np.maximum(errors, 1e-6))
    told: Dimensions = (("attack", attacker.name), ("recognizer", name))
    hits = bounded(matched, task.probes.people, task.seed)
    near = Figure(SCOPE, "psnr", float(psnr.mean()), told, cases=hits.trials, people=hits.people)
    return scores, [near, bound(SCOPE, "matched", hits, told)]


def attributes(task: Task, known: Sequence[Mapping[str, str]]) -> Iterator[Figure]:
    """Yield how often attributes of people are guessed from clear and from released faces; a half or less is chance.

    The guess is linear, learned from other people; the figure is the mean over an attribute's values of how often each
    is guessed rightly, so that a rare value counts as much as a common one.

    Args:
        task: the attack; its probes are learned from, and guessed.
        known: of each probe's person: attribute to value.
    """
    probes = task.probes
    for column in sorted({key for one in known for key in one}):
        values = np.array([one.get(column, "") for one in known])
        kinds = [kind for kind in np.unique(values) if kind and (values == kind).sum() >= LEAST_OF_A_KIND]
        mine = np.flatnonzero(np.isin(values, kinds))
        if len(kinds) < 2:  # noqa: PLR2004 - one value is no attribute
            continue
        wanted = (values[mine][:, None] == np.array(kinds)[None]).astype(np.float32)
        part = probes.taken(mine)
        for shown, side in (("clear", part.clear), ("released", part.released)):
            told = _guessed(Features.of(side)(side), wanted, part.people, task.seed)
            right = [float((told[wanted[:, k] > 0] == k).mean()) for k in range(len(kinds))]
            dimensions = (("attribute", column), ("shown", shown), ("recognizer", task.recognizer.name))
            counts = {"cases": len(mine), "people": len(np.unique(part.people))}
            yield Figure("attribute", "accuracy", float(np.mean(right)), dimensions, **counts)


def _guessed(
    x: NDArray[np.float32], wanted: NDArray[np.float32], people: NDArray[np.str_], seed: int
) -> NDArray[np.int64]:
    """Return the value that is guessed of each row by what was learned from others."""
    number = groups(people)
    fold = (np.random.default_rng(seed).permutation(number.max() + 1) % folds.FOLDS)[number]
    out = np.zeros(len(x), np.int64)
    for k in range(folds.FOLDS):
        learn, test = fold != k, fold == k
        share = wanted[learn].mean(0)
        out[test] = (Ridge.chosen(x[learn], wanted[learn] / share, number[learn])(x[test])).argmax(1)
    return out
