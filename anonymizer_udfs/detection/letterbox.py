"""Pictures on the canvas of a graph: shrunk where they are too large, padded right and below, and boxes brought back.

For members whose graphs take one size only, or want another colour than black around a picture. A picture is never
enlarged here: at which size it is shown is a plan's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.detection.base import LANDMARKS, Detections, Rgb


@dataclass(frozen=True)
class Placement:
    """Where a picture lies on its canvas: at the top left, in one scale but for rounding to whole pixels.

    Attributes:
        size_wh: size of the picture.
        scaled_wh: size of the picture on the canvas, at least 1x1.
        canvas_hw: size of the canvas.
    """

    size_wh: tuple[int, int]
    scaled_wh: tuple[int, int]
    canvas_hw: tuple[int, int]

    @classmethod
    def of(cls, shape_hw: tuple[int, ...], canvas_hw: tuple[int, int]) -> "Placement":
        """Return the placement of a picture on a canvas; what fits keeps its size.

        Examples:
            >>> Placement.of((480, 640), (240, 320)).scaled_wh, Placement.of((7, 31), (240, 320)).scaled_wh
            ((320, 240), (31, 7))
            >>> Placement.of((40, 3000), (240, 320)).scaled_wh
            (320, 4)
        """
        h, w = shape_hw[:2]
        scale = min(canvas_hw[0] / h, canvas_hw[1] / w, 1.0)
        return cls((w, h), (max(1, round(w * scale)), max(1, round(h * scale))), canvas_hw)

    def draw(self, image: Rgb, fill: int) -> NDArray[np.uint8]:
        """Return the canvas with the picture on it, uint8 ``(H, W, 3)``, the rest in a grey of ``fill``."""
        out = np.full((*self.canvas_hw, 3), fill, np.uint8)
        w, h = self.scaled_wh
        # INTER_AREA averages all that it drops: what is thinner than the step of the scale does not vanish by chance.
        same = self.scaled_wh == self.size_wh
        out[:h, :w] = image if same else cv2.resize(image, self.scaled_wh, interpolation=cv2.INTER_AREA)
        return out

    def back(self, xyxy: Boxes) -> Boxes:
        """Return boxes of the canvas in pixels of the picture, each side by its own true scale, not clipped.

        Examples:
            >>> Placement.of((480, 640), (240, 320)).back(np.array([[1, 2, 3, 4]], np.float32)).tolist()
            [[2.0, 4.0, 6.0, 8.0]]
        """
        ratio = np.divide(self.size_wh, self.scaled_wh)
        return np.asarray(xyxy * np.concatenate([ratio, ratio]), np.float32)

    def found(self, xyxy: Boxes, scores: NDArray[np.float32], nms_iou: float) -> Detections:
        """Return candidates of the canvas as detections of the picture: clipped to it, after NMS, without landmarks.

        Args:
            xyxy: boxes in pixels of the canvas.
            scores: in [0, 1].
            nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped.
        """
        clipped = boxes.clip(self.back(xyxy), self.size_wh)
        keep = boxes.nms(clipped, scores, nms_iou)
        keep = keep[boxes.area(clipped[keep]) > 0]
        nowhere = np.full((len(keep), LANDMARKS, 2), np.nan, np.float32)
        return Detections(clipped[keep], np.asarray(scores[keep], np.float32), nowhere)


def batches(placements: Sequence[Placement], limit: int) -> Iterator[list[int]]:
    """Yield groups of at most ``limit`` indices whose canvases have one size, in the order of their first."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for i, placement in enumerate(placements):
        by_size.setdefault(placement.canvas_hw, []).append(i)
    for group in by_size.values():
        for start in range(0, len(group), limit):
            yield group[start : start + limit]
