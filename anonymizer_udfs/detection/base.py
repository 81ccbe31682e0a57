"""What a detector is, what it finds, and what all members share.

A detector looks at pictures as they are given. At which sizes, turns and tiles a picture is shown to it is decided by a
plan (``plans``), never by a member.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.models.base import ModelRef, Runtime

Rgb = NDArray[np.uint8]
LANDMARKS = 5


@dataclass(frozen=True)
class Detections:
    """What one detector found in one picture, best first.

    Attributes:
        boxes_xyxy: float32 ``(n, 4)``, pixels of the picture given, half-open, clipped to it.
        scores: float32 ``(n,)`` in [0, 1].
        landmarks: float32 ``(n, 5, 2)`` as ``x y``: left eye, right eye, nose, left and right mouth corner, as they are
            called in the picture of an upright face; NaN where a detector gives none.
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        n = len(self.scores)
        shapes = (self.boxes_xyxy.shape, self.scores.shape, self.landmarks.shape)
        if shapes != ((n, 4), (n,), (n, LANDMARKS, 2)):
            raise ValueError(f"detections must have shapes (n, 4), (n,), (n, 5, 2), got {shapes}")

    def __len__(self) -> int:
        """Return the number of regions found."""
        return len(self.scores)

    def best(self, most: int) -> "Detections":
        """Return at most so many, those with the highest scores."""
        if len(self) <= most:
            return self
        return self._of(np.argsort(-self.scores, kind="stable")[:most])

    def up_to(self, side_px: float) -> "Detections":
        """Return those whose longer side is at most so long."""
        fits = (self.boxes_xyxy[:, 2:] - self.boxes_xyxy[:, :2]).max(1, initial=0) <= side_px
        return self if fits.all() else self._of(np.flatnonzero(fits))

    def _of(self, chosen: NDArray[np.intp]) -> "Detections":
        return Detections(self.boxes_xyxy[chosen], self.scores[chosen], self.landmarks[chosen])

    @classmethod
    def none(cls) -> "Detections":
        """Return what is found in a picture without faces."""
        return cls(boxes.empty(), np.zeros(0, np.float32), np.zeros((0, LANDMARKS, 2), np.float32))


class Detector(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which policies call it.
        kind: what it finds: ``face`` or ``plate``.
        landmarks: whether it gives landmarks.
        alone: what its best score in a view of the whole picture is multiplied by where nobody else sees anything (see
            :data:`anonymizer_udfs.detection.search.ALONE_MOST`). Where that gives 0.5, one face-free scene in 30 or
            fewer has such a score: for members in policies that ship, of 136 of ``benchmarks/recall.py``.
        score_threshold: least confidence of what it gives, in (0, 1].
        model: the model file that it needs.
    """

    name: ClassVar[str]
    landmarks: ClassVar[bool]
    alone: ClassVar[float]

    @property
    def kind(self) -> str:
        """Return what it finds."""
        ...

    @property
    def score_threshold(self) -> float:
        """Return the least confidence of what it gives."""
        ...

    @property
    def model(self) -> ModelRef:
        """Return the model file that it needs."""
        ...

    def detect(self, images: Sequence[Rgb], runtime: Runtime) -> list[Detections]:
        """Return what is found in each picture, in the order given, at the size given.

        Runs on an executor, once a batch of views; the session is made once a process. What is found in a picture does
        not depend on the others. Memory grows with the pictures of one shape, at most a few at a time.

        Args:
            images: pictures, uint8 ``(h, w, 3)`` RGB; any sizes from 1x1. Those of one padded shape share a call where
                an accelerator is there.
            runtime: where model files lie and what they run on.
        """
        ...


def stacks(images: Sequence[Rgb], multiple: int, limit: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Yield groups of at most ``limit`` pictures that share a padded shape: their indices, and ``(b, H, W, 3)``.

    Sides are padded with black, right and below, up to a multiple of ``multiple``; coordinates stay what they are.
    """
    open_groups: dict[tuple[int, int], list[int]] = {}
    groups: list[list[int]] = []
    for i, image in enumerate(images):
        shape = padded_hw(image.shape[:2], multiple)
        group = open_groups.get(shape)
        if group is None or len(group) >= limit:
            group = open_groups[shape] = []
            groups.append(group)
        group.append(i)
    for group in groups:
        stack = np.zeros((len(group), *padded_hw(images[group[0]].shape[:2], multiple), 3), np.uint8)
        for row, i in enumerate(group):
            h, w = images[i].shape[:2]
            stack[row, :h, :w] = images[i]
        yield group, stack


def planes(stack: NDArray[np.uint8], *, bgr: bool = False) -> NDArray[np.float32]:
    """Return pictures ``(b, h, w, 3)`` as a network takes them, float32 ``(b, 3, h, w)`` of 0 to 255, in RGB or BGR.

    Channel by channel, which takes a third of the time of a transposed copy.
    """
    b, h, w, channels = stack.shape
    out = np.empty((b, channels, h, w), np.float32)
    for i in range(b):
        for channel, plane in enumerate(cv2.split(stack[i])):
            out[i, channels - 1 - channel if bgr else channel] = plane
    return out


def padded_hw(shape_hw: tuple[int, ...], multiple: int) -> tuple[int, int]:
    """Return height and width rounded up to a multiple, at least one.

    Examples:
        >>> padded_hw((1, 65), 32)
        (32, 96)
    """
    h, w = (-(-side // multiple) * multiple for side in shape_hw)
    return h, w


def peaks(scores_hw: NDArray[np.float32], threshold: float, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the cells of a map that reach a threshold.

    Where there are more than ``most``, as on a pattern that repeats itself all over a picture, only those that no
    neighbour exceeds (Zhou, Wang and Kraehenbuehl 2019, arXiv:1904.07850): a face is one peak of some ten cells.

    Examples:
        >>> [axis.tolist() for axis in peaks(np.array([[0.5, 0.9, 0.1]], np.float32), 0.3, 9)]
        [[0, 0], [0, 1]]
        >>> [axis.tolist() for axis in peaks(np.array([[0.5, 0.9, 0.1]], np.float32), 0.3, 1)]
        [[0], [1]]
    """
    found = scores_hw >= threshold
    if int(np.count_nonzero(found)) > most:
        found &= scores_hw >= cv2.dilate(scores_hw, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(found)
    return rows, columns


def check_parameters(score_threshold: float, nms_iou: float) -> None:
    """Raise :class:`SpecError` where a parameter that all members share is out of range."""
    if not 0 < score_threshold <= 1:
        raise SpecError(f"score_threshold must be in (0, 1], got {score_threshold}")
    if not 0 <= nms_iou <= 1:
        raise SpecError(f"nms_iou must be in [0, 1], got {nms_iou}")
