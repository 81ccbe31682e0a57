"""The same models trained on clear and on anonymized copies, asked about clear images that neither has seen.

Every image is asked about once: in each of some folds a model learns from the others. Folds keep what belongs together
(photos of one person) on one side. The difference is paired: both models answer about the same images. Its interval is
the wider of two at each end: images, or what belongs together, drawn with replacement (Efron 1979, percentiles), and
Tango's score interval (1998), which is no point where the two models never differed. It is over test images; another
training might give another model. McNemar's test (1947), exact, takes every image for itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.downstream import LEARNERS
from anonymizer_udfs.downstream.base import Classes, Images, Learner, check, missing
from anonymizer_udfs.downstream.differing import mcnemar, resampled, score
from anonymizer_udfs.downstream.tasks import Task
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence.bounds import lower, upper
from anonymizer_udfs.evidence.figure import Figure

SCOPE = "downstream"
CLEAR, ANONYMIZED, DIFFERENCE = "clear", "anonymized", "difference"
CONFIDENCE = 0.975
"""Of each bound; both together are an interval of 95%."""
FOLDS = 5
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """What was found.

    Attributes:
        figures: of scope ``downstream``: ``accuracy`` by task, model and what it was trained on, its ``difference``
            (anonymized less clear, so a loss is below 0), ``mcnemar_p``, and ``majority`` of each task.
        left_out: what could not be asked, and why, in words without any label.
    """

    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]


def compare(
    clear: Images,
    released: Images,
    tasks: Sequence[Task],
    *,
    seed: int,
    learners: Sequence[Learner] | None = None,
    groups: Sequence[str] | None = None,
    folds: int = FOLDS,
) -> Compared:
    """Return how well models do that are trained on either.

    Runs on the driver; deterministic. Costs two trainings a fold, task and learner.

    Args:
        clear: the originals, as :func:`anonymizer_udfs.downstream.small` makes them, ``(n, 64, 64, 3)``.
        released: what was released of them, in the same order.
        tasks: what is asked.
        seed: of folds, trainings and resamples.
        learners: who is trained; none: all of the family, those left out whose package is not there.
        groups: what each image belongs to; none: to itself alone.
        folds: at least 2.

    Raises:
        SpecError: images are of another kind, or do not belong together.
    """
    check(clear)
    check(released)
    if len(clear) != len(released) or (groups is not None and len(groups) != len(clear)):
        raise SpecError(f"one released image and group for each of {len(clear)} expected, got {len(released)}")
    if folds < 2:  # noqa: PLR2004 - one to ask about, one to learn from
        raise SpecError(f"folds must be at least 2, got {folds}")
    chosen = [cls() for cls in LEARNERS.values()] if learners is None else learners
    able = [one for one in chosen if missing(one) is None]
    words = [f"{one.name}: {missing(one)}" for one in chosen if missing(one) is not None]
    belongs = np.unique(np.asarray(groups), return_inverse=True)[1] if groups is not None else np.arange(len(clear))
    figures: list[Figure] = []
    for task in tasks:
        split, why = _folds(task, belongs, seed, folds)
        if why:
            words.append(f"{task.name}: {why}")
            continue
        figures.append(Figure(SCOPE, "majority", task.majority, (("task", task.name),), cases=len(task.which)))
        for learner in able:
            asked = clear[task.which]
            hits = {
                trained: _hits(learner, (images[task.which], asked), task.classes, split, seed)
                for trained, images in ((CLEAR, clear), (ANONYMIZED, released))
            }
            figures += _figures(task, learner.name, hits, belongs[task.which], seed)
    return Compared(tuple(figures), tuple(words))


def _folds(task: Task, belongs: NDArray[np.intp], seed: int, folds: int) -> tuple[NDArray[np.intp], str | None]:
    """Return the fold of each image of a task, and why there can be none, if so.

    Groups are dealt to folds class by class, so that each class is about as frequent in every fold.
    """
    nothing = np.zeros(0, np.intp)
    if len(task.sizes) < 2:  # noqa: PLR2004 - a question has two answers at least
        return nothing, f"fewer than two answers with enough images ({task.left_out} images left out)"
    mine = belongs[task.which]
    names, first = np.unique(mine, return_index=True)
    kinds = task.classes[first]
    draw, of_group, at = np.random.default_rng(seed), np.zeros(len(names), np.intp), 0
    for kind in range(len(task.sizes)):
        some = draw.permutation(np.flatnonzero(kinds == kind))
        of_group[some] = (at + np.arange(len(some))) % folds
        at += len(some)
    split = of_group[np.searchsorted(names, mine)]
    for fold in range(folds):
        if not (split == fold).any() or len(np.unique(task.classes[split != fold])) < len(task.sizes):
            return nothing, f"what belongs together leaves no {folds} parts with all answers in the others"
    return split, None


def _hits(learner: Learner, shown: tuple[Images, Images], classes: Classes, split: NDArray[np.intp], seed: int) -> Hits:
    """Return which images a model is right about, ``(m,)``.

    Args:
        learner: who is trained.
        shown: what it learns from, and what it is asked about, of the same images.
        classes: the right answers.
        split: the fold of each image: it is asked about one, and has learned from the others.
        seed: of the trainings.
    """
    learned, asked = shown
    out = np.zeros(len(classes), np.bool_)
    for fold in range(int(split.max()) + 1):
        inside = split == fold
        model = learner.fit(learned[~inside], classes[~inside], seed + fold)
        out[inside] = model.predict(asked[inside]) == classes[inside]
    return out


def _figures(
    task: Task, model: str, hits: Mapping[str, Hits], belongs: NDArray[np.intp], seed: int
) -> Iterator[Figure]:
    before, after = hits[CLEAR], hits[ANONYMIZED]
    rows = {CLEAR: before.astype(float), ANONYMIZED: after.astype(float), DIFFERENCE: after.astype(float) - before}
    cases, groups = len(before), len(np.unique(belongs))
    worse, better = int((before & ~after).sum()), int((after & ~before).sum())
    exact = [_exact(before), _exact(after), score(worse, better, cases, CONFIDENCE)]
    drawn = resampled(np.stack(list(rows.values()), 1), belongs, seed, CONFIDENCE)
    for (trained, values), (low, high), (least, most) in zip(rows.items(), exact, drawn, strict=True):
        where = (("task", task.name), ("model", model), ("trained", trained))
        ends = min(low, least), max(high, most)
        yield Figure(SCOPE, "accuracy", float(values.mean()), where, *ends, CONFIDENCE, cases, groups)
    p = mcnemar(worse, better)
    yield Figure(SCOPE, "mcnemar_p", p, (("task", task.name), ("model", model), ("trained", DIFFERENCE)), cases=cases)


def _exact(hits: Hits) -> tuple[float, float]:
    count, cases = int(hits.sum()), len(hits)
    return lower(count, cases, CONFIDENCE), upper(count, cases, CONFIDENCE)
