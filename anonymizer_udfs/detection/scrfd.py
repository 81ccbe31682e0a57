"""SCRFD (Guo et al. 2021, arXiv:2105.04714) of InsightFace's packs, run by ``insightface`` itself.

The packs' weights are for non-commercial use: a setting has to accept their licence by name before one is resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import base
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import pack_model


@dataclass(frozen=True)
class Scrfd:
    """One pass of SCRFD over the letterboxed picture, one picture a call as the packs' graphs are exported.

    Attributes:
        model: the pack's file; there is no default, since no pack may be used without its licence being accepted.
        score_threshold: least confidence in (0, 1].
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        input_px: side of the square input, a multiple of 32; a graph exported with a fixed input keeps its own.
    """

    model: ModelRef
    score_threshold: float = 0.3
    nms_iou: float = 0.4
    input_px: int = 640

    name: ClassVar[str] = "scrfd"
    kind: ClassVar[str] = "face"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou, (self.input_px, self.input_px), 1.0)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`."""
        network = pack_model(self.model, runtime)
        network.nms_thresh = self.nms_iou
        found = []
        for image in images:
            bgr = np.ascontiguousarray(image[..., ::-1])
            size = network.static_input_size or (self.input_px, self.input_px)
            det, points = network.detect(bgr, input_size=size, det_thresh=self.score_threshold)
            xyxy = boxes.clip(np.asarray(det[:, :4], np.float32), image.shape[1::-1])
            keep = boxes.area(xyxy) > 0
            found.append(base.Detections(xyxy[keep], det[keep, 4], np.asarray(points, np.float32)[keep]))
        return found
