"""One attack of an evaluation, from faces to figures. Executor: a partition holds the faces of one attack.

Attacks are values, so that a job can list them, send each to a task of its own, and run them at the same time.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from anonymizer_udfs import attacks
from anonymizer_udfs.attacks import Task, folds
from anonymizer_udfs.attacks.base import Scores
from anonymizer_udfs.attacks.restored import Deconvolved, RestoredLinear
from anonymizer_udfs.evaluation import controls, leftover, reached
from anonymizer_udfs.evaluation.gathered import Gathered
from anonymizer_udfs.evaluation.reached import Attempt
from anonymizer_udfs.evaluation.sides import CLEAR, MIDDLINGLY, PARROT, RELEASED, WEAKLY
from anonymizer_udfs.evidence.figure import Figure, batch
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer

ONE_FOR_ALL = ("replay", "context")
"""Attackers that no recognizer helps: they attack once."""
TREATS_ALIKE = ("T1", "T5")
TRIES = 3
"""Of who learns, each with other folds: how he happened to cut people must not decide."""
LEAST_PEOPLE = 20
"""With two photos: fewer teach an attacker nothing, and show nothing."""


@dataclass(frozen=True)
class Means:
    """What all attacks have.

    Attributes:
        recognizers: each of another name.
        thresholds: by a recognizer's name: the similarity from which on two faces match, at FMR 1e-4.
        found_clear: by a recognizer's name: how often it finds people in clear photos, by its calibration.
        runtime: what runs their models.
        seed: of all that is drawn.
        confidence: of the bounds.
        itself: a photo is compared with itself, since nobody knows who is who.
    """

    recognizers: tuple[Recognizer, ...]
    thresholds: tuple[tuple[str, float], ...]
    found_clear: tuple[tuple[str, float], ...]
    runtime: Runtime
    seed: int = 0
    confidence: float = 0.95
    itself: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The recognizers' names."""
        return tuple(one.name for one in self.recognizers)

    def task(self, faces: attacks.Faces, gathered: Gathered, recognizer: Recognizer, *, same_photo: bool) -> Task:
        """Return what an attacker has before him.

        Args:
            faces: all of them.
            gathered: whose they are.
            recognizer: who compares.
            same_photo: whether the gallery are the probes' own photos.
        """
        probes, gallery = gathered.roles()
        if self.itself:
            probes = gallery = np.flatnonzero(gathered.numbers == 1)
        elif same_photo:
            gallery = probes
        learning = np.flatnonzero(gathered.numbers <= 2)  # noqa: PLR2004 - as many as are attacked
        return Task(
            faces.taken(probes), faces.taken(gallery), faces.taken(learning), recognizer, self.runtime, self.seed
        )


class Step(Protocol):
    """One attack, as a task of Spark runs it.

    Attributes:
        sides: whose views it needs, so that no others are sent to it.
        photos: of a person, at most.
    """

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the sides whose views are needed."""
        ...

    @property
    def photos(self) -> int:
        """Return how many photos of a person are needed."""
        ...

    def figures(self, gathered: Gathered, means: Means) -> Iterator[Figure]:
        """Yield what it measures."""
        ...


@dataclass(frozen=True)
class Attacking:
    """An attacker of the family, with one recognizer.

    Attributes:
        attacker: the member's name.
        recognizer: the recognizer's.
    """

    attacker: str
    recognizer: str
    photos: int = 2

    @property
    def sides(self) -> tuple[str, ...]:
        """What was and what is; and what the attacker made, where he makes anything."""
        return (CLEAR, RELEASED, PARROT) if attacks.ATTACKERS[self.attacker].tier in TREATS_ALIKE else (CLEAR, RELEASED)

    def figures(self, gathered: Gathered, means: Means) -> Iterator[Figure]:
        """Yield what the attacker reaches; nothing where people are too few, or a side is missing."""
        attacker = attacks.build(self.attacker)
        who = next(one for one in means.recognizers if one.name == self.recognizer)
        faces = gathered.faces(means.names, RELEASED, context=True)
        if attacker.tier in TREATS_ALIKE and faces.parrot is None:
            return
        task = means.task(faces, gathered, who, same_photo=attacker.tier == "T5")
        if len(np.unique(task.probes.people)) < LEAST_PEOPLE:
            return
        scores, more = self._scores(task, dict(means.thresholds).get(self.recognizer, math.inf))
        yield from more
        yield from self._figures(scores, task, gathered, means)

    def _scores(self, task: Task, threshold: float) -> tuple[tuple[Scores, ...], list[Figure]]:
        """Return the scores of each try, and what else the attacker's work tells."""
        attacker = attacks.build(self.attacker)
        # Who deconvolves learns one choice of a few, which other folds seldom change, and is by far the slowest.
        tries = TRIES if attacker.learns and not isinstance(attacker, Deconvolved) else 1
        tasks = [replace(task, seed=task.seed + more) for more in range(tries)]
        if isinstance(attacker, RestoredLinear):
            both = [leftover.restored(one, attacker, threshold) for one in tasks]
            return tuple(scores for scores, _ in both), both[0][1]
        return tuple(folds.scores(attacker, one) for one in tasks), []

    def _figures(self, scores: tuple[Scores, ...], task: Task, gathered: Gathered, means: Means) -> Iterator[Figure]:
        attacker = attacks.ATTACKERS[self.attacker]
        shown = () if self.attacker in ONE_FOR_ALL else (("recognizer", self.recognizer),)
        told = (("attack", self.attacker), ("tier", attacker.tier), *shown)
        people = task.probes.people, task.gallery.people
        attempt = Attempt(scores, *people, told, means.seed, means.confidence)
        rows = np.flatnonzero((gathered.numbers == 1) & np.isin(gathered.people, task.probes.people))
        groups = [gathered.groups[row] for row in rows.tolist()]
        yield from reached.figures(attempt, gathered.face_ids[rows].tolist(), groups)
        held = task.gallery.clear.templates[self.recognizer]
        yield from reached.distinctive(attempt, task.recognizer.similarity(held, held))


@dataclass(frozen=True)
class Control:
    """Attacks of which the outcome is known, so that weak attackers are told from strong anonymity.

    Attributes:
        recognizer: with whom.
    """

    recognizer: str
    photos: int = 2
    sides: tuple[str, ...] = (CLEAR, WEAKLY, MIDDLINGLY)

    def figures(self, gathered: Gathered, means: Means) -> Iterator[Figure]:
        """Yield one figure a control; those for which people are too few are missing."""
        who = next(one for one in means.recognizers if one.name == self.recognizer)

        def task(released: str) -> Task:
            return means.task(gathered.faces(means.names, released), gathered, who, same_photo=False)

        yield from controls.figures(task, dict(means.found_clear).get(self.recognizer), means.seed, means.confidence)


@dataclass(frozen=True)
class Leftover:
    """What else is left: links between two releases, membership, attributes.

    Attributes:
        recognizer: with whom.
    """

    recognizer: str
    photos: int = leftover.MOST_PHOTOS
    sides: tuple[str, ...] = (CLEAR, RELEASED, PARROT)

    def figures(self, gathered: Gathered, means: Means) -> Iterator[Figure]:
        """Yield all of it that can be had."""
        who = next(one for one in means.recognizers if one.name == self.recognizer)
        faces = gathered.faces(means.names)
        yield from leftover.linked(faces, gathered.numbers, who, means.seed, means.confidence)
        task = means.task(faces, gathered, who, same_photo=False)
        if len(np.unique(task.probes.people)) < LEAST_PEOPLE:
            return
        yield from leftover.membership(task)
        yield from leftover.attributes(task, [gathered.groups[row] for row in gathered.roles()[0].tolist()])


@dataclass(frozen=True)
class RunAttacks:
    """Partition function: rows of ``gathered.ATTACKED`` of one attack in, rows of ``evidence.FIGURES`` out.

    Attributes:
        steps: all attacks; a row's ``attack`` is a place in it.
        means: what they have.
    """

    steps: Sequence[Step]
    means: Means

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch; none for an empty partition."""
        rows = [one for one in batches if len(one)]
        if not rows:
            return
        number = rows[0].column("attack")[0].as_py()
        gathered = Gathered.of(rows)
        yield batch(self.steps[number].figures(gathered, self.means))


def steps(recognizers: Sequence[str], attackers: Sequence[str], *, labelled: bool) -> list[Step]:
    """Return the attacks of an evaluation, the longest first.

    Args:
        recognizers: names.
        attackers: names of the family.
        labelled: whether it is known who is who; else there are no controls, and nothing around a face is compared:
            it is the same photo's.
    """
    out: list[Step] = [
        Attacking(name, who)
        for name in attackers
        for who in (recognizers[:1] if name in ONE_FOR_ALL else recognizers)
        if labelled or attacks.ATTACKERS[name].tier != "T4"
    ]
    return [*(step(who) for who in recognizers for step in (Leftover, Control) if labelled), *out]
