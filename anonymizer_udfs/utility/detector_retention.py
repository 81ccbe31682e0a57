"""Detector retention: whether the result still shows that there is a face, which crowd counts and training need."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.utility.base import Figure, Figures, Pair

MIN_IOU = 0.5
"""What detection benchmarks count as found (PASCAL VOC, WIDER FACE)."""


@dataclass(frozen=True)
class DetectorRetention:
    """Share of faces that the detector still finds where they were.

    Attributes:
        min_iou: overlap in (0, 1] from which a face counts as found again.

    Figures:
        detector_retention: found again divided by found before. Cases are faces found before.
    """

    min_iou: float = MIN_IOU

    name: ClassVar[str] = "detector_retention"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if not 0 < self.min_iou <= 1:
            raise SpecError(f"min_iou must be in (0, 1], got {self.min_iou}")

    def measure(self, pair: Pair) -> Figures:
        """Return the figure, as far as it is defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        faces = len(pair.faces_before)
        if not faces:
            return {}
        kept = retained(pair.faces_before, pair.faces_after, self.min_iou)
        return {"detector_retention": Figure(float(kept.mean()), faces)}


def retained(before: Boxes, after: Boxes, min_iou: float = MIN_IOU) -> NDArray[np.bool_]:
    """Return which boxes of ``before`` have one of their own in ``after``, bool ``(n,)``.

    Pairs are made greedily, largest overlap first, so that one box found does not count for two faces.

    Args:
        before: float32 ``(n, 4)``.
        after: float32 ``(m, 4)``.
        min_iou: least overlap of a pair, in (0, 1].

    Examples:
        >>> two = np.array([[0, 0, 9, 9], [0, 0, 9, 10]], np.float32)
        >>> retained(two, two[:1]).tolist()
        [True, False]
    """
    found = np.zeros(len(before), np.bool_)
    found[[row for row, _ in paired(before, after, min_iou)]] = True
    return found


def paired(before: Boxes, after: Boxes, min_iou: float = MIN_IOU) -> list[tuple[int, int]]:
    """Return which box of ``before`` is which one of ``after``: each in one pair at most, largest overlap first.

    Args:
        before: float32 ``(n, 4)``.
        after: float32 ``(m, 4)``.
        min_iou: least overlap of a pair, in (0, 1].
    """
    overlap, pairs = boxes.iou(before, after), list[tuple[int, int]]()
    while overlap.size and overlap.max() >= min_iou:
        row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
        overlap[row, :] = overlap[:, column] = -1
        pairs.append((int(row), int(column)))
    return pairs
