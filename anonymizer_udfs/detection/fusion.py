"""Fusion: from what many passes and detectors saw to one region a face.

Candidates are grouped greedily, best first: one joins the group whose best box it overlaps most, if it does so by
``min_iou``, or lies within it almost wholly. What a group becomes is said by the member of the family.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, family
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError

WITHIN = 0.85
"""A box that lies within a larger one by this share of its area is a part of that face, seen by another pass."""


class Fusion(Protocol):
    """A family member: what box a group of candidates becomes."""

    name: ClassVar[str]

    @property
    def min_iou(self) -> float:
        """Return the overlap from which two candidates are one face."""
        ...

    def box(self, xyxy: Boxes, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one box ``(4,)`` for candidates ``(n, 4)``, best first, ``n`` at least 1."""
        ...


@dataclass(frozen=True)
class Union:
    """The smallest box that holds all of a group: nothing that any pass saw stays outside.

    Attributes:
        min_iou: overlap in (0, 1] from which two candidates are one face.
        weakest_ratio: candidates below this share of the group's best score do not enlarge the box, in [0, 1].
    """

    min_iou: float = 0.4
    weakest_ratio: float = 0.5

    name: ClassVar[str] = "union"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _check(self.min_iou)
        if not 0 <= self.weakest_ratio <= 1:
            raise SpecError(f"weakest_ratio must be in [0, 1], got {self.weakest_ratio}")

    def box(self, xyxy: Boxes, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the union; see :class:`Fusion`."""
        strong = xyxy[scores >= self.weakest_ratio * scores[0]]
        return np.concatenate([strong[:, :2].min(0), strong[:, 2:].max(0)]).astype(np.float32)


@dataclass(frozen=True)
class WeightedBoxes:
    """The mean of a group's boxes, weighted by their scores (Solovyev, Wang and Gabruseva 2019, arXiv:1910.13302).

    Attributes:
        min_iou: overlap in (0, 1] from which two candidates are one face.
    """

    min_iou: float = 0.4

    name: ClassVar[str] = "wbf"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _check(self.min_iou)

    def box(self, xyxy: Boxes, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weighted mean; see :class:`Fusion`."""
        weights = scores.astype(np.float64)[:, None]
        return np.asarray((xyxy * weights).sum(0) / weights.sum(), np.float32)


FUSIONS: dict[str, type[Fusion]] = {"union": Union, "wbf": WeightedBoxes}


def build(wish: str | Mapping[str, Any]) -> Fusion:
    """Return the fusion named, with its parameters; see :func:`anonymizer_udfs.family.build`."""
    return family.build("fusion", FUSIONS, wish)


def groups(xyxy: Boxes, scores: NDArray[np.float32], min_iou: float) -> list[NDArray[np.intp]]:
    """Return the indices of each group, its best candidate first, groups by their best score.

    Cost: the square of the number of candidates, in NumPy.

    Examples:
        >>> near = np.array([[0, 0, 9, 9], [1, 0, 9, 9], [40, 40, 50, 50]], np.float32)
        >>> [group.tolist() for group in groups(near, np.array([0.5, 0.9, 0.4], np.float32), 0.4)]
        [[1, 0], [2]]
    """
    order = np.argsort(-scores, kind="stable")
    leaders: list[int] = []
    members: list[list[int]] = []
    for i in order.tolist():
        if leaders:
            box, heads = xyxy[i : i + 1], xyxy[leaders]
            overlap = boxes.iou(box, heads)[0]
            overlap = np.where(overlap >= min_iou, overlap, 0) + np.where(_within(box, heads) >= WITHIN, min_iou, 0)
            best = int(overlap.argmax())
            if overlap[best] > 0:
                members[best].append(i)
                continue
        leaders.append(i)
        members.append([i])
    return [np.array(group, np.intp) for group in members]


def _within(box: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Return the share of one box's area that lies within each other, ``(n,)``."""
    low, high = np.maximum(box[:, :2], others[:, :2]), np.minimum(box[:, 2:], others[:, 2:])
    both = np.maximum(high - low, 0).prod(1)
    return np.asarray(both / max(float(boxes.area(box)[0]), 1e-9), np.float32)


def _check(min_iou: float) -> None:
    if not 0 < min_iou <= 1:
        raise SpecError(f"min_iou must be in (0, 1], got {min_iou}")


def confidence(scores: Sequence[float]) -> float:
    """Return how sure a group is: the best of its scores. Passes of one detector are no independent witnesses."""
    return max(scores)
