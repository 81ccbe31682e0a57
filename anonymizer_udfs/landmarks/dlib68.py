"""dlib's 68 points (the file of 2014, trained on iBUG 300-W; not for commercial use), run by :mod:`.shape_predictor`.

The predictor expects a face upright in the square that dlib's own detector draws. Where a detector's five points fall
in that square was fitted: medians over 596 photos of LFW, doubled, made symmetric, in units of the square. The error
that this leaves was measured on 595 others (``docs/landmarks.md``). A face is brought onto them at 160 pixels, so that
its roll and size do not matter and a large one is averaged down.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.chips import chip
from anonymizer_udfs.errors import ModelFormatError, UnknownNameError
from anonymizer_udfs.landmarks import base
from anonymizer_udfs.landmarks.schemes import SIZES, Points
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import loaded
from anonymizer_udfs.models.shape_predictor import read
from anonymizer_udfs.recognition.alignment import similarity_transform

SQUARE_PX, CHIP_PX = 160, 256
"""Side of the square, and of the chip around it that is looked at. With 100 or 128 pixels the points of a photo and of
the same photo halved differed by 0.91 and 0.89% of the eyes' distance, with 160 by 0.77%, with 200 by 0.78%; a chip of
320 pixels gave the same."""
FIVE_IN_SQUARE: Mapping[str, tuple[tuple[float, float], ...]] = {
    "centerface": ((0.292, 0.314), (0.708, 0.314), (0.5, 0.546), (0.327, 0.74), (0.673, 0.74)),
    "yunet": ((0.286, 0.303), (0.714, 0.303), (0.5, 0.553), (0.313, 0.727), (0.687, 0.727)),
    "scrfd": ((0.295, 0.305), (0.705, 0.305), (0.5, 0.539), (0.325, 0.735), (0.675, 0.735)),
}
"""The five points in dlib's square by detector: x, y in widths of it from its corner."""
SQUARE_IN_BOX: Mapping[str, tuple[float, float]] = {
    "centerface": (0.021, 0.965),
    "yunet": (0.051, 0.95),
    "scrfd": (0.048, 0.935),
}
"""Where no points tell: how far below the box's centre that of the square is, in heights of the box, and the square's
side in square roots of the box's area."""
_SCALES = (0.5, 2.0)
"""Points that tell a square further than this from the box's are not believed."""

_MARGIN_PX = (CHIP_PX - SQUARE_PX) / 2
_SQUARE_IN_CHIP = np.array([[SQUARE_PX, 0, _MARGIN_PX], [0, SQUARE_PX, _MARGIN_PX]])
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Dlib68:
    """dlib's shape predictor of 68 points.

    Attributes:
        model: the registry's ``dlib68``. There is no default, since its licence must be accepted by name.
    """

    model: ModelRef
    name: ClassVar[str] = "dlib68"
    scheme: ClassVar[str] = "68"

    def locate(
        self, rgb: base.Rgb, boxes_xyxy: Boxes, five: base.Five, detector: str, runtime: Runtime
    ) -> list[Points]:
        """Return the points of each face; see :class:`anonymizer_udfs.landmarks.base.Landmarker`.

        A face takes 3 to 4 ms on one core.
        """
        base.check_faces(rgb, boxes_xyxy, five)
        if detector not in FIVE_IN_SQUARE:
            raise UnknownNameError("detector for dlib's points", detector, FIVE_IN_SQUARE)
        predictor = loaded(self.model, runtime, read)
        predictor, found = loaded(self.model, runtime, read), []
        if len(predictor.shape) != SIZES[self.scheme]:
            raise ModelFormatError(
                f"model {self.model.name}: expected a predictor of 68 points, got {len(predictor.shape)}"
            )
        for box, points in zip(boxes_xyxy, five, strict=True):
            if not base.has_extent(box):
                found.append(Points.none(self.scheme))
                continue
            square = square_of(box, points, detector)
            xy = (predictor.points(_grey(_shown(rgb, square)), _SQUARE_IN_CHIP) - _MARGIN_PX) / SQUARE_PX
            found.append(Points((xy @ square[:, :2].T + square[:, 2]).astype(np.float32), self.scheme))
        return found


def square_of(box_xyxy: NDArray[np.floating], five: NDArray[np.floating], detector: str) -> Matrix:
    """Return where dlib's square around a face is: 2x3, from the unit square to pixels of the picture.

    By the five points, so that it is turned as the face is; by the box alone and upright where they are not finite or
    do not agree with it.

    Args:
        box_xyxy: the detector's box, not empty.
        five: its five points, ``(5, 2)``.
        detector: its name, one of :data:`FIVE_IN_SQUARE`.
    """
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    below, side = SQUARE_IN_BOX[detector]
    side *= math.sqrt((x1 - x0) * (y1 - y0))
    low, high = (scale * side for scale in _SCALES)
    if np.isfinite(five).all():
        matrix = similarity_transform(np.array(FIVE_IN_SQUARE[detector]), five)
        if low <= math.hypot(*matrix[:, 0]) <= high:
            return matrix
    x, y = (x0 + x1) / 2, (y0 + y1) / 2 + below * (y1 - y0)
    return np.array([[side, 0, x - side / 2], [0, side, y - side / 2]])


def _shown(rgb: base.Rgb, square: Matrix) -> base.Rgb:
    """Return the chip in which the square is upright, :data:`SQUARE_PX` wide and in the middle."""
    back = SQUARE_PX * np.linalg.inv(square[:, :2])
    move = _MARGIN_PX - back @ square[:, 2]
    # A chip is taken by the centres of pixels, which lie half a pixel from their corners, in the chip and the picture.
    return chip(rgb, np.concatenate([back, (move + back @ (0.5, 0.5) - 0.5)[:, None]], 1), CHIP_PX)


def _grey(rgb: base.Rgb) -> NDArray[np.uint8]:
    """Return the mean of the channels, rounded down, as dlib takes it."""
    total = np.add(rgb[..., 0], rgb[..., 1], dtype=np.uint16)
    total += rgb[..., 2]
    return (total // np.uint16(3)).astype(np.uint8)
