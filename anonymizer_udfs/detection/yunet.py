"""YuNet (Wu, Peng and Yu 2023, doi:10.1007/s11633-023-1423-y) of OpenCV's model zoo, MIT licence: small and fast.

The graph takes BGR 0-255 with no mean and no scale, sides in multiples of 32. For each stride of 8, 16 and 32 it gives
one row a cell, row by row: ``cls`` and ``obj`` (after their sigmoid), ``bbox`` as the centre's offset (x, y) and the
logarithm of the size (w, h), ``kps`` as the offsets of five landmarks (x, y), all in cells; the first landmark is the
subject's right eye, the left one of the picture. Decoded as in OpenCV's ``modules/objdetect/src/face_detect.cpp``.

OpenCV's own ``FaceDetectorYN`` finds the same, one picture a call and on no GPU in its wheels; its new engine writes a
warning to standard error. So the graph, which the zoo declares as 640x640, is freed and runs in ONNX Runtime here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import base
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.defaults import YUNET
from anonymizer_udfs.models.sessions import session

STRIDES = (8, 16, 32)
MULTIPLE = 32
BATCH_ON_ACCELERATOR = 16
OUTPUTS = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]
MOST_CELLS = 3000
"""Cells of one stride that are decoded as they are; where there are more, only peaks."""


@dataclass(frozen=True)
class YuNet:
    """YuNet on the pictures given.

    Attributes:
        score_threshold: least confidence of a candidate, in (0, 1]. It is low, since a plan looks at candidates again
            and bands decide what counts: alone, at 0.3, YuNet gives 0.1 false regions on a drawn texture.
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        model: the ONNX file.
    """

    score_threshold: float = 0.1
    nms_iou: float = 0.3
    model: ModelRef = YUNET

    name: ClassVar[str] = "yunet"
    kind: ClassVar[str] = "face"
    landmarks: ClassVar[bool] = True
    alone: ClassVar[float] = 0.6
    """It gives much to textures: in 136 scenes without a face it had 0.8 at five places, 0.85 at none."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        Pictures share a call on an accelerator only, as CenterFace's do.
        """
        limit = BATCH_ON_ACCELERATOR if runtime.accelerated else 1
        found: list[base.Detections] = [base.Detections.none()] * len(images)
        for group, stack in base.stacks(images, MULTIPLE, limit):
            planes = base.planes(stack, bgr=True)
            maps = session(self.model, runtime, prepare=free_dimensions).run(OUTPUTS, {"input": planes})
            for row, i in enumerate(group):
                rows = {name: m[row] for name, m in zip(OUTPUTS, maps, strict=True)}
                found[i] = self._decode(rows, stack.shape[1:3], images[i].shape[1::-1])
        return found

    def _decode(
        self, rows: Mapping[str, NDArray[np.float32]], padded_hw: tuple[int, ...], size_wh: tuple[int, int]
    ) -> base.Detections:
        parts = [_best(rows, stride, padded_hw[1] // stride, self.score_threshold) for stride in STRIDES]
        some = [part for part in parts if part is not None]
        if not some:
            return base.Detections.none()
        scores, xyxy, marks = (np.concatenate(part) for part in zip(*some, strict=True))
        xyxy = boxes.clip(xyxy, size_wh)
        keep = boxes.nms(xyxy, scores, self.nms_iou)
        keep = keep[boxes.area(xyxy[keep]) > 0]
        return base.Detections(xyxy[keep], scores[keep], marks[keep])


def _best(
    rows: Mapping[str, NDArray[np.float32]], stride: int, columns: int, threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None:
    """Return scores ``(n,)``, boxes ``(n, 4)`` and landmarks ``(n, 5, 2)`` of one stride's cells above a threshold.

    None where no cell is: most close-ups show no face at most strides.
    """
    scores = np.sqrt(rows[f"cls_{stride}"][:, 0] * rows[f"obj_{stride}"][:, 0])
    if not (scores >= threshold).any():
        return None
    y, x = base.peaks(scores.reshape(-1, columns), threshold, MOST_CELLS)
    found = y * columns + x
    cells = np.stack([x, y], 1).astype(np.float32)
    bbox, kps = rows[f"bbox_{stride}"][found], rows[f"kps_{stride}"][found]
    centre, half = (cells + bbox[:, :2]) * stride, np.exp(bbox[:, 2:]) * (stride / 2)
    marks = (cells[:, None] + kps.reshape(-1, base.LANDMARKS, 2)) * stride
    return scores[found], np.concatenate([centre - half, centre + half], 1), marks.astype(np.float32)


def free_dimensions(model: bytes) -> bytes:
    """Return the graph with batch, height and width left open; the zoo's file is declared as ``(1, 3, 640, 640)``.

    Its twelve maps are flattened by Reshapes to the constant ``(1, -1, c)``: 1 becomes 0, which keeps the batch. Its
    two Resizes double whatever they are given. A graph that is open already computes what it did.
    """
    import onnx  # noqa: PLC0415 - heavy, and needed only where a session is made

    made = onnx.load_model_from_string(model)
    graph = made.graph
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for constant in graph.initializer:
        if constant.name in shapes:
            shape = onnx.numpy_helper.to_array(constant).copy()
            shape[0] = 0
            constant.CopyFrom(onnx.numpy_helper.from_array(shape, constant.name))
    del graph.value_info[:]
    for tensor in (*graph.input, *graph.output):
        dims = tensor.type.tensor_type.shape.dim
        free = {0: "n", 2: "h", 3: "w"} if len(dims) == len("nchw") else {0: "n", 1: "cells"}
        for axis, letter in free.items():
            dims[axis].dim_param = f"{tensor.name}_{letter}"
    return bytes(made.SerializeToString())
