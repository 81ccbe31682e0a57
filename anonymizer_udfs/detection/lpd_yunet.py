"""LPD-YuNet (Dong Xu, watrix.ai, 2023) of OpenCV's model zoo, Apache-2.0: licence plates as quadrangles.

The zoo says that it was trained on Chinese plates and may do worse on others. The graph takes BGR 0-255 with no mean
and no scale, ``(1, 3, 240, 320)`` as declared, and gives one row a prior: ``loc (n, 14)``, ``conf (n, 2)`` after its
softmax, ``iou (n, 1)``. Priors and decoding are those of the zoo's
``models/license_plate_detection_yunet/lpd_yunet.py``: squares of the sizes below around each cell's centre, cell by
cell, row by row, stride by stride; a corner is the centre plus 0.1 times its two numbers times the square's side; the
score is the root of class confidence times predicted overlap. Columns 0 to 3 of ``loc`` are a box, 8 and 9 a middle
point, which the zoo does not use either.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection import base
from anonymizer_udfs.detection.letterbox import Placement
from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import session

LPD_YUNET = ModelRef.fetched("lpd_yunet", "6d4978a7b6d25514d5e24811b82bfb511d166bdd8ca3b03aa63c1623d4d039c7")
"""The zoo's license_plate_detection_lpd_yunet_2023mar.onnx; a test holds it equal to ``conf/models.yaml``."""
INPUT_HW = (240, 320)
OUTPUTS = ["loc", "conf", "iou"]
PRIORS = {8: (10, 16, 24), 16: (32, 48), 32: (64, 96), 64: (128, 192, 256)}
"""Sides of the priors in pixels, for each stride in pixels."""
VARIANCE = 0.1
CORNERS = (4, 5, 6, 7, 10, 11, 12, 13)
"""Columns of ``loc`` with the four corners, x before y."""
MOST_CANDIDATES = 5000


@dataclass(frozen=True)
class LpdYunet:
    """LPD-YuNet on the pictures given, each shrunk into the graph's 320x240 if it is larger.

    A plan for it shows tiles of about that size: of a larger view, small plates do not survive.

    Attributes:
        score_threshold: least confidence in (0, 1]. The zoo's demo takes 0.9; a plate missed is worse than pixels lost.
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        model: the ONNX file.
    """

    score_threshold: float = 0.5
    nms_iou: float = 0.3
    model: ModelRef = LPD_YUNET

    name: ClassVar[str] = "lpd_yunet"
    kind: ClassVar[str] = "plate"
    landmarks: ClassVar[bool] = False
    alone: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        One picture a call everywhere: the graph is declared so.
        """
        found = []
        for image in images:
            placement = Placement.of(image.shape, INPUT_HW)
            bgr = placement.draw(image, 0)[None, ..., ::-1].transpose(0, 3, 1, 2)
            opened = session(self.model, runtime)
            planes = np.ascontiguousarray(bgr, np.float32)
            loc, conf, iou = opened.run(OUTPUTS, {opened.get_inputs()[0].name: planes})
            found.append(self._decode(loc, conf, iou, placement))
        return found

    def _decode(
        self, loc: NDArray[np.float32], conf: NDArray[np.float32], iou: NDArray[np.float32], placement: Placement
    ) -> base.Detections:
        centres, sides = priors(INPUT_HW)
        n = len(sides)
        if (loc.shape, conf.shape, iou.shape) != ((n, 14), (n, 2), (n, 1)):
            raise ModelFormatError(
                f"model {self.model.name}: expected loc ({n}, 14), conf ({n}, 2) and iou ({n}, 1), got {loc.shape}, "
                f"{conf.shape} and {iou.shape}",
            )
        scores = np.sqrt(np.clip(conf[:, 1], 0, 1) * np.clip(iou[:, 0], 0, 1))
        best = np.flatnonzero(scores >= self.score_threshold)
        best = best[np.argsort(-scores[best], kind="stable")[:MOST_CANDIDATES]]
        offsets = loc[best][:, CORNERS].reshape(-1, 4, 2)
        corners = centres[best, None] + VARIANCE * sides[best, None, None] * offsets
        around = np.concatenate([corners.min(1), corners.max(1)], 1).astype(np.float32)
        return placement.found(around, scores[best], self.nms_iou)


@functools.cache
def priors(input_hw: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the centres ``(n, 2)`` as x y, and the sides ``(n,)``, of all priors in pixels, in the order of the rows.

    The first map has a quarter of each input side, halved once more, and each further one half of the one before,
    rounded down.

    Examples:
        >>> [array.shape for array in priors((240, 320))]
        [(4385, 2), (4385,)]
    """
    centres, sides = [], []
    rows, columns = (((side + 1) // 2) // 2 for side in input_hw)
    for stride, sizes in PRIORS.items():
        rows, columns = rows // 2, columns // 2
        y, x = np.divmod(np.arange(rows * columns), columns)
        cells = (np.stack([x, y], 1) + 0.5) * stride
        centres.append(np.repeat(cells, len(sizes), axis=0))
        sides.append(np.tile(np.array(sizes), rows * columns))
    return np.concatenate(centres).astype(np.float32), np.concatenate(sides).astype(np.float32)
