"""dlib's CNN face detector (King 2015, arXiv:1502.00046; the model of 2016), CC0: a window over an image pyramid.

The graph takes RGB 0-255 and gives the scores of a window of 80x80 at every eighth pixel, and the picture at 5/6 of its
size, which is the next level. dlib puts all levels into one large picture; here each is a run of its own, so that no
level sees its neighbours, at 1 to 6% fewer pixels. Fed dlib's large picture, the graph gave what dlib 20.0.1 itself
gives: on 19 pictures with 31 boxes every box within a pixel (dlib rounds), every score within 1.1e-5. Level by level it
finds the same 31, their boxes at an intersection over union of 0.68 or more with dlib's (the grid of a level lies a few
pixels elsewhere) and their scores within 0.031.

Recall at the default threshold, 100 photos on which CenterFace finds one face, each on a grey canvas of 640x480: 1.00
for upright faces of 80 px and more, 0.94 at 75, 0.50 at 70, 0.08 at 65 and 0 from 60 down; in a picture doubled, 1.00
at 40 px and 0 at 28. At quarter turns of 133-pixel faces 0.79, 0.09 (upside down) and 0.90. CenterFace found at least
0.96 in each of these, in 0.43 of the time (51 against 118 ms on one core). So it is a witness for large upright faces,
seldom wrong, and no first choice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import base
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.defaults import DLIB_MMOD
from anonymizer_udfs.models.sessions import session

WINDOW_PX = 80
STRIDE_PX = 8
FIRST_PX = 3
"""The row and the column of a level's pixel that the first window is centred on."""
SMALLEST_PX = 40
"""Short side of the smallest level: half a window, so that faces much larger than the picture are still looked for."""
MULTIPLE = 8
BATCH_ON_ACCELERATOR = 16
SLOPE = 2.0
"""Of the logistic function from a score to a confidence; see :func:`confidence`."""
MOST_CANDIDATES = 10_000
"""Candidates of one picture that are compared, best first. A face has some 36, so they are 280 faces."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DlibMmod:
    """dlib's CNN detector on the pictures given, from faces of about 80 pixels up; no landmarks.

    Attributes:
        score_threshold: least confidence in (0, 1]. dlib's own threshold is 0.5; the default is a score of -0.55, above
            which nothing was found in the area of 341 pictures of 640x480 without faces.
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped; the default is the model file's.
        model: the ONNX file.
    """

    score_threshold: float = 0.25
    nms_iou: float = 0.338
    model: ModelRef = DLIB_MMOD

    name: ClassVar[str] = "dlib"
    kind: ClassVar[str] = "face"
    landmarks: ClassVar[bool] = False
    alone: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        Pictures share a call on an accelerator only, as CenterFace's do. Landmarks are NaN.
        """
        limit = BATCH_ON_ACCELERATOR if runtime.accelerated else 1
        found: list[base.Detections] = [base.Detections.none()] * len(images)
        for group, stack in base.stacks(images, MULTIPLE, limit):
            levels = zip(*self._levels(stack, runtime), strict=True)
            pictures, xyxy, scores = (np.concatenate(parts) for parts in levels)
            for row, i in enumerate(group):
                of_this = pictures == row
                found[i] = self._kept(xyxy[of_this], scores[of_this], images[i].shape[1::-1])
        return found

    def _levels(
        self, stack: NDArray[np.uint8], runtime: Runtime
    ) -> Iterator[tuple[NDArray[np.intp], boxes.Boxes, Floats]]:
        """Yield for each level the windows that reach the threshold: whose they are, their boxes and confidences."""
        opened = session(self.model, runtime)
        level = np.ascontiguousarray(stack.transpose(0, 3, 1, 2), dtype=np.float32)
        whole_wh = np.array(stack.shape[2:0:-1])
        while True:
            raw, smaller = opened.run(["scores", "smaller"], {"rgb": level})
            sure = confidence(raw[:, 0])
            pictures, rows, columns = np.nonzero(sure >= self.score_threshold)
            windows = _windows(np.stack([columns, rows], 1), np.array(level.shape[:1:-1]), whole_wh)
            yield pictures, windows, sure[pictures, rows, columns]
            if min(smaller.shape[2:]) < SMALLEST_PX:
                return
            level = smaller

    def _kept(self, xyxy: boxes.Boxes, scores: Floats, size_wh: tuple[int, int]) -> base.Detections:
        best = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
        best = best[boxes.nms(xyxy[best], scores[best], self.nms_iou)]
        inside = boxes.clip(xyxy[best], size_wh)
        keep = boxes.area(inside) > 0
        marks = np.full((int(keep.sum()), base.LANDMARKS, 2), np.nan, np.float32)
        return base.Detections(inside[keep], scores[best][keep], marks)


def confidence(raw: Floats) -> Floats:
    """Return the confidences in (0, 1) that belong to scores of the graph, 0.5 at dlib's own threshold of 0.

    A logistic function of slope 2: of 1, 1.5, 2, 2.5, 3, 4, 6 and 8 the likeliest, given the boxes above -1 after
    suppression, 686 on faces of 80 to 340 px, upright and at quarter turns, and 117 elsewhere. Easy faces score 1.05.

    Examples:
        >>> confidence(np.array([-1, 0, 1], np.float32)).round(2).astype(str).tolist()
        ['0.12', '0.5', '0.88']
    """
    return np.asarray(1 / (1 + np.exp(-SLOPE * np.clip(raw, -40, 40))), np.float32)


def _windows(cells_xy: NDArray[np.intp], level_wh: NDArray[np.intp], whole_wh: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the boxes of a level's cells in pixels of the whole picture.

    A level's corner pixels lie on those of the one before, so that places are scaled by what lies between them.
    """
    scale = (whole_wh - 1) / np.maximum(level_wh - 1, 1)
    centres = (STRIDE_PX * cells_xy + FIRST_PX) * scale + 0.5
    half = WINDOW_PX / 2 * scale
    return np.concatenate([centres - half, centres + half], 1).astype(np.float32)
