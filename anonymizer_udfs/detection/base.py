"""What a detector is, what it finds, and the geometry that all members share."""

from collections.abc import Sequence
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
        landmarks: float32 ``(n, 5, 2)`` as ``x y``: left eye, right eye, nose, left and right mouth corner (of the
            picture, not of the person).
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

    @classmethod
    def none(cls) -> "Detections":
        """Return what is found in a picture without faces."""
        return cls(boxes.empty(), np.zeros(0, np.float32), np.zeros((0, LANDMARKS, 2), np.float32))


class Detector(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which policies call it.
        kind: what it finds: ``face`` (or, later, ``plate``).
        model: the model file that it needs.
    """

    name: ClassVar[str]
    kind: ClassVar[str]

    @property
    def model(self) -> ModelRef:
        """Return the model file that it needs."""
        ...

    def detect(self, images: Sequence[Rgb], runtime: Runtime) -> list[Detections]:
        """Return what is found in each picture, in the order given.

        Runs on an executor, once a batch of images; the session is made once a process.

        Args:
            images: upright pictures, uint8 ``(h, w, 3)`` RGB; any sizes.
            runtime: where model files lie and what they run on.
        """
        ...


@dataclass(frozen=True)
class Letterbox:
    """How a picture became a network's input: scaled by ``scale_x``, ``scale_y``, padded right and below."""

    scale_x: float
    scale_y: float
    input_hw: tuple[int, int]
    content_hw: tuple[int, int]

    def back(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return coordinates ``(..., 2)`` of the input as coordinates of the picture."""
        return np.asarray(points / np.array([self.scale_x, self.scale_y], np.float32), np.float32)


def fit(size_wh: tuple[int, int], long_side_px: tuple[int, int], enlarge_max: float, multiple: int) -> Letterbox:
    """Return the letterbox that brings a picture's longer side into a range.

    Args:
        size_wh: the picture's size.
        long_side_px: least and greatest length of the longer side at the input.
        enlarge_max: never enlarge by more than this, even if the side stays shorter than the least length.
        multiple: input sides are padded up to a multiple of this.

    Examples:
        >>> fit((4000, 3000), (640, 1280), 2.0, 32).input_hw
        (960, 1280)
        >>> fit((150, 150), (640, 1280), 2.0, 32).input_hw
        (320, 320)
    """
    w, h = size_wh
    low, high = long_side_px
    long = max(w, h)
    scale = min(high / long, max(1.0, min(low / long, enlarge_max)))
    cw, ch = max(1, round(w * scale)), max(1, round(h * scale))
    padded = (-(-ch // multiple) * multiple, -(-cw // multiple) * multiple)
    return Letterbox(cw / w, ch / h, padded, (ch, cw))


def apply(image: Rgb, box: Letterbox) -> NDArray[np.float32]:
    """Return the picture as one network input, float32 ``(3, H, W)``, padded with black."""
    ch, cw = box.content_hw
    if (ch, cw) != image.shape[:2]:
        smaller = ch < image.shape[0]
        image = np.asarray(cv2.resize(image, (cw, ch), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
    out = np.zeros((3, *box.input_hw), np.float32)
    out[:, :ch, :cw] = image.transpose(2, 0, 1)
    return out


def same_shape(fits: Sequence[Letterbox], limit: int) -> list[list[int]]:
    """Return the indices in groups of at most ``limit`` that share an input shape, first come first.

    Examples:
        >>> a, b = fit((64, 64), (64, 64), 1, 32), fit((32, 64), (64, 64), 1, 32)
        >>> same_shape([a, b, a, a], 2)
        [[0, 2], [1], [3]]
    """
    open_groups: dict[tuple[int, int], list[int]] = {}
    groups: list[list[int]] = []
    for i, box in enumerate(fits):
        group = open_groups.get(box.input_hw)
        if group is None or len(group) >= limit:
            group = open_groups[box.input_hw] = []
            groups.append(group)
        group.append(i)
    return groups


def check_parameters(score_threshold: float, nms_iou: float, long_side_px: Sequence[int], enlarge_max: float) -> None:
    """Raise :class:`SpecError` where a parameter that all members share is out of range."""
    if not 0 < score_threshold <= 1:
        raise SpecError(f"score_threshold must be in (0, 1], got {score_threshold}")
    if not 0 <= nms_iou <= 1:
        raise SpecError(f"nms_iou must be in [0, 1], got {nms_iou}")
    sides = 2
    if len(long_side_px) != sides or not 0 < long_side_px[0] <= long_side_px[1]:
        raise SpecError(f"long_side_px must be two rising lengths in pixels, got {list(long_side_px)}")
    if enlarge_max < 1:
        raise SpecError(f"enlarge_max must be at least 1, got {enlarge_max}")
