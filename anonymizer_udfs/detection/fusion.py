"""Fusion: from what many passes and detectors saw to one region a face.

Candidates are grouped around the best of each place, as in non-maximum suppression, but none is thrown away. What a
group becomes is said by the member of the family.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, family
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError

MEANT = 0.5
"""A box has a say in a mean where it overlaps the group's best by this much: then both mean the same outline."""
_ROWS = 1024
WITHIN = 0.85
"""A box that lies within a larger one by this share of its area is a part of that face, seen by another pass."""
SURE = 0.85
"""Only what a detector scores so high takes what lies within it for its parts. On scenes without a face none did; large
boxes of 0.7 around bodies and furniture swallowed faces."""


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
    """The smallest box that holds all of a group: nothing that any sure pass saw stays outside.

    Attributes:
        min_iou: overlap in (0, 1] from which two candidates are one face.
        weakest_ratio: candidates below this share of the group's best score have no say in the box, in [0, 1].
    """

    min_iou: float = 0.3
    weakest_ratio: float = 0.5

    name: ClassVar[str] = "union"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _check(self.min_iou, self.weakest_ratio)

    def box(self, xyxy: Boxes, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the union; see :class:`Fusion`."""
        strong = xyxy[scores >= self.weakest_ratio * scores[0]]
        return np.concatenate([strong[:, :2].min(0), strong[:, 2:].max(0)]).astype(np.float32)


@dataclass(frozen=True)
class WeightedBoxes:
    """The mean of a group's boxes, weighted by their scores (Solovyev, Wang and Gabruseva 2019, arXiv:1910.13302).

    Of boxes that overlap the group's best by :data:`MEANT`; those of parts are sightings, and have no say.

    Attributes:
        min_iou: overlap in (0, 1] from which two candidates are one face.
        weakest_ratio: candidates below this share of the group's best score have no say in the box, in [0, 1].
    """

    min_iou: float = 0.3
    weakest_ratio: float = 0.5

    name: ClassVar[str] = "wbf"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        _check(self.min_iou, self.weakest_ratio)

    def box(self, xyxy: Boxes, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weighted mean; see :class:`Fusion`."""
        if len(scores) == 1:
            return np.asarray(xyxy[0], np.float32)
        # A tile's part of a large face lies within it and would pull the mean to one side.
        strong = (scores >= self.weakest_ratio * scores[0]) & (boxes.iou(xyxy[:1], xyxy)[0] >= MEANT)
        weights = scores[strong].astype(np.float64)[:, None]
        return np.asarray((xyxy[strong] * weights).sum(0) / weights.sum(), np.float32)


FUSIONS: dict[str, type[Fusion]] = {"union": Union, "wbf": WeightedBoxes}


def build(wish: str | Mapping[str, Any]) -> Fusion:
    """Return the fusion named, with its parameters; see :func:`anonymizer_udfs.family.build`."""
    return family.build("fusion", FUSIONS, wish)


def groups(xyxy: Boxes, scores: NDArray[np.float32], min_iou: float) -> list[NDArray[np.intp]]:
    """Return the indices of each group, its best candidate first, groups by their best score.

    The heads of groups are what non-maximum suppression leaves, less what lies within a better head; every other
    candidate joins the head that it overlaps most. Cost: candidates times groups, in NumPy.

    Examples:
        >>> near = np.array([[0, 0, 9, 9], [1, 0, 9, 9], [40, 40, 50, 50]], np.float32)
        >>> [group.tolist() for group in groups(near, np.array([0.5, 0.9, 0.4], np.float32), 0.4)]
        [[1, 0], [2]]
    """
    if not len(scores):
        return []
    heads = boxes.nms(xyxy, scores, min_iou)
    holds = (_within(xyxy[heads], xyxy[heads]).T >= WITHIN) & (scores[heads] >= SURE)[:, None]
    heads = heads[~np.triu(holds, 1).any(0)]
    sure = scores[heads] >= SURE
    joined = np.concatenate([_nearest(xyxy[i : i + _ROWS], xyxy[heads], sure) for i in range(0, len(xyxy), _ROWS)])
    order = np.lexsort((-scores, joined))
    return list(np.split(order, np.flatnonzero(np.diff(joined[order])) + 1))


def fused_groups(xyxy: Boxes, scores: NDArray[np.float32], how: Fusion) -> list[NDArray[np.intp]]:
    """Return :func:`groups`, and those of them joined whose boxes, once fused, are one place.

    Passes that see a face the wrong way up draw its box to one side: their best box may overlap the face's by little,
    and what they agree on by much.
    """
    found = groups(xyxy, scores, how.min_iou)
    if len(found) < len(("one", "another")):
        return found
    made = np.stack([how.box(xyxy[group], scores[group]) for group in found])
    best = np.array([scores[group[0]] for group in found], np.float32)
    out = []
    for joined in groups(made, best, how.min_iou):
        members = np.concatenate([found[i] for i in joined.tolist()])
        out.append(members[np.argsort(-scores[members], kind="stable")])
    return out


def _nearest(xyxy: Boxes, heads: Boxes, sure: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the number of the head that each box overlaps most, or of the sure one that it lies within, ``(n,)``."""
    part = (_within(xyxy, heads) >= WITHIN) & sure
    return np.asarray(np.maximum(boxes.iou(xyxy, heads), part).argmax(1), np.intp)


def _within(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Return the share of each first box's area that lies within each second one, ``(len(a), len(b))``."""
    wh = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    wh = np.maximum(wh, 0)
    return np.asarray(wh[..., 0] * wh[..., 1] / np.maximum(boxes.area(a), 1e-9)[:, None], np.float32)


def _check(min_iou: float, weakest_ratio: float) -> None:
    if not 0 < min_iou <= 1:
        raise SpecError(f"min_iou must be in (0, 1], got {min_iou}")
    if not 0 <= weakest_ratio <= 1:
        raise SpecError(f"weakest_ratio must be in [0, 1], got {weakest_ratio}")
