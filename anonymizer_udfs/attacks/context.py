"""T4: the attacker ignores the face: hair, clothing, the place, and what a file tells without its picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import Scores, Task
from anonymizer_udfs.attacks.static import Static
from anonymizer_udfs.errors import SpecError

PARTS = ("hair", "clothing", "background", "file")
Floats = NDArray[np.float32]
Clue = Callable[[Task], Scores]
"""What one kind of look says, as :meth:`anonymizer_udfs.attacks.base.Attacker.scores`."""


@dataclass(frozen=True)
class Context:
    """Compares what is around a face with what is around faces in clear photos.

    Attributes:
        parts: which of ``hair``, ``clothing``, ``background`` and ``file``; each counts by how well it tells people
            apart whom he learns from.
    """

    parts: tuple[str, ...] = PARTS

    name: ClassVar[str] = "context"
    tier: ClassVar[str] = "T4"
    learns: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse parts that nobody looks at."""
        strangers = set(self.parts) - set(PARTS)
        if strangers or not self.parts:
            raise SpecError(f"parts must be some of {', '.join(PARTS)}; got {', '.join(self.parts) or 'none'}")

    def scores(self, task: Task) -> Scores:
        """Return the weighted sum of the parts' scores; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        return weighed([_part(one) for one in self.parts], task)


@dataclass(frozen=True)
class FaceAndContext:
    """Takes what is left of the face and what is around it together."""

    name: ClassVar[str] = "face_and_context"
    tier: ClassVar[str] = "T4"
    learns: ClassVar[bool] = True

    def scores(self, task: Task) -> Scores:
        """Return the weighted sum of both; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        return weighed([Static().scores, *(_part(one) for one in PARTS)], task)


def weighed(clues: Sequence[Clue], task: Task) -> Scores:
    """Return the sum of clues as standard scores, each weighed by how well it tells learners apart.

    The weight is how far scores of one person lie above those of two, in their spread (d'); a clue that tells nothing
    has none. People of whom there is but one photo teach nothing here.
    """
    trial = _among_learners(task)
    weights = [_weight(clue(trial), trial) if len(trial.probes) > 1 else 1.0 for clue in clues]
    return np.asarray(sum(w * standard(clue(task)) for w, clue in zip(weights, clues, strict=True)), np.float32)


def _among_learners(task: Task) -> Task:
    """Return the task to find learners in their own other photos."""
    _, first, counts = np.unique(task.learning.people, return_index=True, return_counts=True)
    rows = first[counts > 1]
    probes, gallery = (np.sort(part) for part in (rows, rows + 1))
    same = task.learning.people[probes] == task.learning.people[gallery]
    return replace(task, probes=task.learning.taken(probes[same]), gallery=task.learning.taken(gallery[same]))


def _weight(scores: Scores, task: Task) -> float:
    known = standard(scores)
    same = task.probes.people[:, None] == task.gallery.people[None]
    genuine, impostor = known[same], known[~same]
    spread = float(np.sqrt((genuine.var() + impostor.var()) / 2))
    return max(0.0, float(genuine.mean() - impostor.mean()) / spread) if spread > 0 else 0.0


def _part(name: str) -> Clue:
    def clue(task: Task) -> Scores:
        return alike(task.probes.released.views[name], task.gallery.clear.views[name])

    return clue


def alike(probes: Floats, gallery: Floats) -> Scores:
    """Return cosines of descriptions, each number less its mean and over its spread in the gallery."""
    mean, spread = gallery.mean(0), gallery.std(0)
    used = spread > 1e-6  # noqa: PLR2004 - what is the same for all tells nothing
    a, b = ((one[:, used] - mean[used]) / spread[used] for one in (probes, gallery))
    a, b = (one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-9) for one in (a, b))
    return np.asarray(a @ b.T, np.float32)


def standard(scores: Scores) -> Scores:
    """Return scores less each probe's mean and over its spread, so that scores of two kinds can be added."""
    spread = np.maximum(scores.std(1, keepdims=True), 1e-9)
    return np.asarray((scores - scores.mean(1, keepdims=True)) / spread, np.float32)
