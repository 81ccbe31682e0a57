"""What an attacker is, what it is shown, and what it gives: how alike each probe and each person of a gallery are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition.base import Recognizer, Templates

CHIP_PX = 64
"""The side of the aligned face that attackers see beside templates."""
Chips = NDArray[np.uint8]
Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Side:
    """Faces as one side has them: before, after, or as an attacker made them.

    Attributes:
        templates: by the recognizer's name, float32 ``(n, d)``; zeros where nothing could be embedded.
        chips: aligned faces at the original's points, uint8 ``(n, 64, 64, 3)``.
        views: what else is seen of each, by name, float32 ``(n, k)``: ``sharp.NAME``, templates by a recognizer of the
            face with blurs undone; ``canvas``, what is inside of its region; ``hair``, ``clothing``, ``background``,
            ``file``, what is around it. A side may have some of them.
    """

    templates: Mapping[str, Templates]
    chips: Chips
    views: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def taken(self, rows: NDArray[np.int64]) -> "Side":
        """Return some of the faces."""
        templates = {name: of[rows] for name, of in self.templates.items()}
        return Side(templates, self.chips[rows], {name: of[rows] for name, of in self.views.items()})


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of an archive and of its release, in one order.

    Attributes:
        people: who is on each, ``(n,)``.
        clear: as they were.
        released: as they are in the lake.
        parrot: as they were, treated once more by the same method under another key; none where nobody did that.
    """

    people: NDArray[np.str_]
    clear: Side
    released: Side
    parrot: Side | None = None

    def __post_init__(self) -> None:
        """Refuse sides of different lengths."""
        for side in (self.clear, self.released, *([] if self.parrot is None else [self.parrot])):
            parts = [*side.templates.values(), *side.views.values()]
            lengths = {len(self.people), len(side.chips), *map(len, parts)}
            if len(lengths) > 1:
                raise SpecError(f"all sides must have as many faces as there are people, got {sorted(lengths)}")

    def __len__(self) -> int:
        """Return how many faces there are."""
        return len(self.people)

    def taken(self, rows: NDArray[np.int64]) -> "Faces":
        """Return some of the faces."""
        parrot = None if self.parrot is None else self.parrot.taken(rows)
        return Faces(self.people[rows], self.clear.taken(rows), self.released.taken(rows), parrot)


@dataclass(frozen=True, eq=False)
class Task:
    """What an attacker has before him.

    Attributes:
        probes: whose ``released`` side he wants to name; he has no other of them.
        gallery: whose ``clear`` side he holds, and of which he may make a ``parrot`` side.
        learning: faces of other people, both sides, which he learns from.
        recognizer: by whose templates he compares.
        runtime: what runs it.
        seed: of all that he draws.
    """

    probes: Faces
    gallery: Faces
    learning: Faces
    recognizer: Recognizer
    runtime: Runtime
    seed: int = 0


class Attacker(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: what figures call it.
        tier: what it knows, as ``docs/evaluation.md`` says: T0 to T5.
        learns: whether it needs pairs of other people; then every person is attacked by what was learned from others.
    """

    name: ClassVar[str]
    tier: ClassVar[str]
    learns: ClassVar[bool]

    def scores(self, task: Task) -> Scores:
        """Return how alike each probe and each face of the gallery are, ``(probes, gallery)``; higher is more alike.

        Runs on an executor.
        """
        ...
