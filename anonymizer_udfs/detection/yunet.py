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
MOST_CANDIDATES = 10_000
"""Candidates of one picture that are decoded, best first. A face of 9 px has 4 of them, a larger one up to 12, so they
are 800 faces, where OpenCV's 5,000 are 400. A hostile picture full of them takes 3.4 s in non-maximum suppression;
without a limit, the 33,600 cells of 1280x1280 would take 39 s.
"""


@dataclass(frozen=True)
class YuNet:
    """YuNet on the pictures given.

    Attributes:
        score_threshold: least confidence in (0, 1]. On 300 photos recall of faces of 12 px and more was 1.00 at 0.3 (of
            9 px 0.87) and 0.98 at 0.5. It is low since a missed face is a person; its price were 5 false regions on 40
            scenes of nothing but texture at 0.3 (15 at 0.2, 1 at 0.5).
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        model: the ONNX file.
    """

    score_threshold: float = 0.3
    nms_iou: float = 0.3
    model: ModelRef = YUNET

    name: ClassVar[str] = "yunet"
    kind: ClassVar[str] = "face"
    landmarks: ClassVar[bool] = True

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
            planes = np.ascontiguousarray(stack[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
            maps = session(self.model, runtime, prepare=free_dimensions).run(OUTPUTS, {"input": planes})
            for row, i in enumerate(group):
                rows = {name: m[row] for name, m in zip(OUTPUTS, maps, strict=True)}
                found[i] = self._decode(rows, stack.shape[1:3], images[i].shape[1::-1])
        return found

    def _decode(
        self, rows: Mapping[str, NDArray[np.float32]], padded_hw: tuple[int, ...], size_wh: tuple[int, int]
    ) -> base.Detections:
        cells, strides = _grid(padded_hw)
        cls, obj, bbox, kps = (
            np.concatenate([rows[f"{k}_{s}"] for s in STRIDES]) for k in ("cls", "obj", "bbox", "kps")
        )
        scores = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        found = np.flatnonzero(scores >= self.score_threshold)
        found = found[np.argsort(-scores[found], kind="stable")[:MOST_CANDIDATES]]
        scores, cells, strides = scores[found], cells[found], strides[found]
        centre = (cells + bbox[found, :2]) * strides
        half = np.exp(bbox[found, 2:]) * strides / 2
        marks = (cells[:, None] + kps[found].reshape(-1, base.LANDMARKS, 2)) * strides[:, None]
        xyxy = boxes.clip(np.concatenate([centre - half, centre + half], 1), size_wh)
        keep = boxes.nms(xyxy, scores, self.nms_iou)
        keep = keep[boxes.area(xyxy[keep]) > 0]
        return base.Detections(xyxy[keep], scores[keep], marks[keep])


def _grid(padded_hw: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each cell's column and row ``(a, 2)`` and its stride in pixels ``(a, 1)``, in the order of the maps."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = padded_hw[0] // stride, padded_hw[1] // stride
        y, x = np.divmod(np.arange(rows * columns, dtype=np.int32), columns)
        cells.append(np.stack([x, y], 1))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


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
