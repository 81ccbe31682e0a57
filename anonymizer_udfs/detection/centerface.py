"""CenterFace (Xu, Yan and Yang 2019, arXiv:1911.03599), MIT licence: the default detector.

The graph takes RGB 0-255 with no mean and no scale, sides in multiples of 32, and gives maps at a quarter of the
resolution: 537 the heat map (after its sigmoid), 538 the logarithm of the size (h, w) in quarters of a pixel, 539 the
centre's offset (y, x), 540 five landmarks (y, x) as fractions of the box from its top left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import base
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.defaults import CENTERFACE
from anonymizer_udfs.models.sessions import session

STRIDE = 4
MULTIPLE = 32
BATCH_ON_ACCELERATOR = 16
OUTPUTS = ["537", "538", "539", "540"]
MOST_CELLS = 3000
"""Cells of one view that are decoded as they are; a face gives 10 to 100 of them. Where there are more, only peaks."""


@dataclass(frozen=True)
class CenterFace:
    """CenterFace on the pictures given.

    Attributes:
        score_threshold: least confidence of a candidate, in (0, 1]. It is low, since a plan looks at candidates again
            and a policy's bands decide what counts: of 48 faces rolled by 45 degrees 38 had 0.3, 44 had 0.1.
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        model: the ONNX file.
    """

    score_threshold: float = 0.1
    nms_iou: float = 0.3
    model: ModelRef = CENTERFACE

    name: ClassVar[str] = "centerface"
    kind: ClassVar[str] = "face"
    landmarks: ClassVar[bool] = True
    alone: ClassVar[float] = 5 / 3
    """It gives little to noise: in 136 scenes without a face it had 0.3 at one place from afar, and 0.15 at eleven."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        On a CPU batching was measured to be slower, so there each picture is a call of its own.
        """
        limit = BATCH_ON_ACCELERATOR if runtime.accelerated else 1
        found: list[base.Detections] = [base.Detections.none()] * len(images)
        for group, stack in base.stacks(images, MULTIPLE, limit):
            given = {"input.1": base.planes(stack)}
            maps = session(self.model, runtime, prepare=free_dimensions).run(OUTPUTS, given)
            for row, i in enumerate(group):
                found[i] = self._decode([m[row] for m in maps], images[i].shape[1::-1])
        return found

    def _decode(self, maps: list[NDArray[np.float32]], size_wh: tuple[int, int]) -> base.Detections:
        heat, size, offset, points = maps[0][0], maps[1], maps[2], maps[3]
        y, x = base.peaks(heat, self.score_threshold, MOST_CELLS)
        scores = heat[y, x].astype(np.float32)
        hw = STRIDE * np.exp(size[:, y, x].T)
        centre = STRIDE * (np.stack([y, x], 1) + offset[:, y, x].T + 0.5)
        top_left = centre - hw / 2
        corners = np.concatenate([top_left, top_left + hw], 1)[:, [1, 0, 3, 2]].astype(np.float32)
        marks = top_left[:, None, :] + points[:, y, x].T.reshape(-1, base.LANDMARKS, 2) * hw[:, None, :]
        xyxy = boxes.clip(corners, size_wh)
        keep = boxes.nms(xyxy, scores, self.nms_iou)
        keep = keep[boxes.area(xyxy[keep]) > 0]
        return base.Detections(xyxy[keep], scores[keep], marks[..., ::-1].astype(np.float32)[keep])


def free_dimensions(model: bytes) -> bytes:
    """Return the graph with batch, height and width left open; it is declared as ``(10, 3, 32, 32)``.

    The network is fully convolutional, so nothing else is bound to these numbers.
    """
    import onnx  # noqa: PLC0415 - heavy, and needed only where a session is made

    graph = onnx.load_model_from_string(model)
    weights = {w.name for w in graph.graph.initializer}
    inputs = [i for i in graph.graph.input if i.name not in weights]
    del graph.graph.input[:]
    graph.graph.input.extend(inputs)
    del graph.graph.value_info[:]
    for tensor in (*graph.graph.input, *graph.graph.output):
        dims = tensor.type.tensor_type.shape.dim
        prefix = "in" if tensor in inputs else tensor.name
        for axis, letter in ((0, "n"), (2, "h"), (3, "w")):
            dims[axis].dim_param = f"{prefix}_{letter}"
    return bytes(graph.SerializeToString())
