"""What models are asked: the value of a label column, or whether a face is there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.downstream.base import Classes
from anonymizer_udfs.errors import SpecError

FACE = "face_present"
LEAST, MOST_CLASSES = 20, 50
"""Least images of a class, and most classes, the most frequent ones: what is rarer cannot be learned nor tested."""


@dataclass(frozen=True, eq=False)
class Task:
    """One question with the right answers.

    Attributes:
        name: how it is called in figures.
        which: the images that have an answer, as positions, ``(m,)``.
        classes: theirs, ``(m,)``, from 0 without gaps.
        left_out: images without an answer, or whose class is too rare.
    """

    name: str
    which: NDArray[np.intp] = field(repr=False)
    classes: Classes = field(repr=False)
    left_out: int = 0

    def __post_init__(self) -> None:
        """Refuse answers that are not one an image."""
        if len(self.which) != len(self.classes):
            raise SpecError(f"a task needs one class an image, got {len(self.classes)} for {len(self.which)}")

    @property
    def sizes(self) -> list[int]:
        """How many images each class has."""
        return np.bincount(self.classes).tolist() if len(self.classes) else []

    @property
    def majority(self) -> float:
        """The share of the largest class: how often somebody is right who always says the same; 0 without images."""
        return max(self.sizes, default=0) / max(1, len(self.classes))


def of_labels(name: str, labels: Sequence[str | None], least: int = LEAST) -> Task:
    """Return the task of a label column; the values themselves are not kept.

    Args:
        name: of the task; the column's.
        labels: one an image; none where nobody gave one.
        least: images of a class, at least 2.

    Examples:
        >>> task = of_labels("animal", ["cat", None, "dog", "cat", "dog", "eel"], 2)
        >>> task.which.tolist(), task.classes.tolist(), task.left_out
        ([0, 2, 3, 4], [0, 1, 0, 1], 2)
    """
    if least < 2:  # noqa: PLR2004 - one to learn from, one to ask about
        raise SpecError(f"least must be at least 2, got {least}")
    counts = Counter(one for one in labels if one is not None)
    frequent = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CLASSES]
    known = sorted(label for label, count in frequent if count >= least)
    numbers = {label: number for number, label in enumerate(known)}
    which = np.array([i for i, one in enumerate(labels) if one in numbers], np.intp)
    classes = np.array([numbers[one] for one in labels if one is not None and one in numbers], np.int64)
    return Task(name, which, classes, len(labels) - len(which))


def of_faces(counts: NDArray[np.integer], least: int = LEAST) -> Task:
    """Return the task whether a face is there.

    Args:
        counts: how many faces each clear image shows, ``(n,)``.
        least: as in :func:`of_labels`.
    """
    return of_labels(FACE, ["yes" if count else "no" for count in counts], least)
