"""SCRFD (Guo et al. 2021, arXiv:2105.04714) of InsightFace's packs.

Loaded through ``insightface``, which knows each pack's strides, anchors, normalization and order of outputs; run and
decoded here, since it takes one picture a call at few sizes. Each anchor lies on the top left corner of its cell; boxes
are the distances to the left, top, right and bottom, landmarks are offsets (x, y), all in strides.

The packs' weights are for non-commercial use: a setting has to accept their licence by name before one is resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import base
from anonymizer_udfs.models import dynamic_scrfd
from anonymizer_udfs.models.base import ModelRef, Runtime

BATCH_ON_ACCELERATOR = 16
MOST_CANDIDATES = 10_000
"""Candidates of one picture that are decoded, best first. A face has some five, so they are 2,000 faces."""
_FALLBACK_WH = (640, 640)
_SLENDEREST = 64
"""Long by short side up to which insightface can shrink a picture without one side becoming nothing."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scrfd:
    """SCRFD on the pictures given; where a pack's graph resists a batch, on each letterboxed to the graph's size.

    Attributes:
        model: the pack's file; there is no default, since no pack may be used without its licence being accepted.
        score_threshold: least confidence in (0, 1].
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
    """

    model: ModelRef
    score_threshold: float = 0.3
    nms_iou: float = 0.4

    name: ClassVar[str] = "scrfd"
    kind: ClassVar[str] = "face"
    landmarks: ClassVar[bool] = True
    alone: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        Pictures share a call on an accelerator only: batches of 4 to 32 took 1.1 to 1.4 times as long on one core.
        Landmarks are NaN where the pack has none.
        """
        pack = dynamic_scrfd.load(self.model, runtime)
        if pack.freed is None:
            return [self._through_insightface(pack, image) for image in images]
        limit = BATCH_ON_ACCELERATOR if runtime.accelerated else 1
        found: list[base.Detections] = [base.Detections.none()] * len(images)
        for group, stack in base.stacks(images, max(pack.strides), limit):
            outputs = pack.run(pack.normalized(stack))
            centres, strides = _anchors(stack.shape[1:3], pack)
            for row, i in enumerate(group):
                scores, *rest = (out[row] for out in outputs)
                best = _best(scores[:, 0], self.score_threshold)
                in_px = [(values[best] * strides[best, None]).astype(np.float32) for values in rest]
                found[i] = self._decoded(scores[best, 0], centres[best], in_px, images[i].shape[1::-1])
        return found

    def _decoded(
        self, scores: Floats, centres: Floats, offsets_px: list[Floats], size_wh: tuple[int, int]
    ) -> base.Detections:
        """Return the anchors that are kept; ``offsets_px`` are those of the boxes and, if any, of the landmarks."""
        sides = offsets_px[0]
        xyxy = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:4]], 1)
        marks = np.full((len(scores), base.LANDMARKS, 2), np.nan, np.float32)
        if len(offsets_px) > 1:
            marks = centres[:, None] + offsets_px[1].reshape(-1, base.LANDMARKS, 2)
        keep = boxes.nms(xyxy, scores, self.nms_iou)
        return _within(xyxy[keep], scores[keep], marks[keep], size_wh)

    def _through_insightface(self, pack: dynamic_scrfd.Pack, image: base.Rgb) -> base.Detections:
        """Return what insightface's own detection finds, in the picture as it letterboxes it."""
        h, w = image.shape[:2]
        bgr = np.zeros((max(h, -(-w // _SLENDEREST)), max(w, -(-h // _SLENDEREST)), 3), np.uint8)
        bgr[:h, :w] = image[..., ::-1]
        pack.network.nms_thresh = self.nms_iou
        input_wh = pack.network.static_input_size or _FALLBACK_WH
        det, points = pack.network.detect(bgr, input_size=input_wh, det_thresh=self.score_threshold)
        marks = np.full((len(det), base.LANDMARKS, 2), np.nan) if points is None else points
        return _within(det[:, :4], det[:, 4], np.asarray(marks, np.float32), (w, h))


def _within(xyxy: Floats, scores: Floats, marks: Floats, size_wh: tuple[int, int]) -> base.Detections:
    """Return what lies in the picture, its boxes clipped; what lies in the padding alone is dropped."""
    xyxy = boxes.clip(np.asarray(xyxy, np.float32), size_wh)
    keep = boxes.area(xyxy) > 0
    return base.Detections(xyxy[keep], scores[keep], marks[keep])


def _best(scores: Floats, threshold: float) -> NDArray[np.intp]:
    """Return the indices of the anchors that reach the threshold, best first, at most :data:`MOST_CANDIDATES`."""
    reached = np.flatnonzero(scores >= threshold)
    return reached[np.argsort(-scores[reached], kind="stable")[:MOST_CANDIDATES]]


def _anchors(padded_hw: tuple[int, ...], pack: dynamic_scrfd.Pack) -> tuple[Floats, Floats]:
    """Return each anchor's place ``(a, 2)`` as x y and its stride ``(a,)``, in pixels, in the order of the outputs."""
    centres, strides = [], []
    for stride in pack.strides:
        rows, columns = padded_hw[0] // stride, padded_hw[1] // stride
        y, x = np.divmod(np.arange(rows * columns, dtype=np.int32), columns)
        centres.append(np.repeat(stride * np.stack([x, y], 1), pack.anchors, axis=0))
        strides.append(np.full(rows * columns * pack.anchors, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)
