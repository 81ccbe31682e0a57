"""What InsightFace's two landmark models share: the crop they see, and the way back from what they give.

Loaded through ``insightface``, which knows each file's normalization; cropped, run and decoded here, since its own
``get`` takes no points and turns no face. The crop is square, 1.5 times the box's longer side, resized to the model's
input; what comes out is in [-1, 1] over the crop. A test holds points equal to those of ``insightface`` itself. As
there, a pixel is where its centre is, while the other members count from the picture's corner.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.landmarks import base
from anonymizer_udfs.landmarks.schemes import SIZES, Points
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import pack_model

CROP_RATIO = 1.5
"""The crop's side in longer sides of the box, as InsightFace crops."""
TURN_MOST_DEGREES = 180.0
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Form:
    """What a model gives.

    Attributes:
        task: what ``insightface`` calls it.
        scheme: the scheme of its points.
        dimensions: numbers of a point in its output, of which the first two are x and y.
    """

    task: str
    scheme: str
    dimensions: int


@dataclass(frozen=True)
class Network:
    """A loaded model: ``insightface.model_zoo.Landmark``, and the form of what it gives."""

    loaded: Any
    form: Form

    def locate(self, rgb: base.Rgb, boxes_xyxy: Boxes, five: base.Five, turned_beyond_degrees: float) -> list[Points]:
        """Return the points of each face; see :class:`anonymizer_udfs.landmarks.base.Landmarker`.

        One face a call: a pack's graph may be declared for one.
        """
        base.check_faces(rgb, boxes_xyxy, five)
        found = []
        for box, points in zip(boxes_xyxy, five, strict=True):
            if base.has_extent(box):
                roll = roll_degrees(points)
                turn = roll if abs(roll) > turned_beyond_degrees else 0.0
                matrix = crop_matrix(box, int(self.loaded.input_size[0]), turn)
                found.append(Points(self._predicted(rgb, matrix), self.form.scheme))
            else:
                found.append(Points.none(self.form.scheme))
        return found

    def _predicted(self, rgb: base.Rgb, matrix: Matrix) -> NDArray[np.float32]:
        """Return what the model gives for a crop, as x, y in pixels of the picture."""
        out, side = seen(self.loaded, rgb, matrix).reshape(-1, self.form.dimensions), int(self.loaded.input_size[0])
        # The 3D model gives a whole mesh, whose last points are the landmarks.
        xy = (out[-SIZES[self.form.scheme] :, :2] + 1) * (side // 2)
        back = cv2.invertAffineTransform(matrix)
        return np.asarray(xy @ back[:, :2].T + back[:, 2], np.float32)


@dataclass(frozen=True)
class OfPack:
    """A landmark model of a pack; each member says by its ``form`` which one.

    Attributes:
        model: the file. There is no default, since its licence must be accepted by name.
        turned_beyond_degrees: roll in [0, 180] beyond which a face is turned upright before it is shown, where the
            detector gives points to tell it by; others are shown as InsightFace shows all. 180 turns none.
    """

    model: ModelRef
    turned_beyond_degrees: float = 30.0
    form: ClassVar[Form]

    def __post_init__(self) -> None:
        """Refuse a roll out of range."""
        if not 0 <= self.turned_beyond_degrees <= TURN_MOST_DEGREES:
            came = self.turned_beyond_degrees
            raise SpecError(f"turned_beyond_degrees must be in [0, {TURN_MOST_DEGREES:g}], got {came}")

    def locate(
        self, rgb: base.Rgb, boxes_xyxy: Boxes, five: base.Five, detector: str, runtime: Runtime
    ) -> list[Points]:
        """Return the points of each face; see :class:`anonymizer_udfs.landmarks.base.Landmarker`.

        Any detector will do: its boxes are taken as they are.
        """
        del detector
        return load(self.model, runtime, self.form).locate(rgb, boxes_xyxy, five, self.turned_beyond_degrees)


def seen(network: Any, rgb: base.Rgb, matrix: Matrix) -> NDArray[np.float32]:
    """Return what one of InsightFace's models gives for one crop, float32 ``(n,)``.

    Args:
        network: as ``insightface.model_zoo`` loads it.
        rgb: the picture, uint8 ``(h, w, 3)``.
        matrix: from the picture to the crop, as :func:`crop_matrix` makes it.
    """
    side = int(network.input_size[0])
    crop = cv2.warpAffine(rgb, matrix, (side, side), borderValue=0.0)
    planes = (crop.astype(np.float32).transpose(2, 0, 1)[None] - network.input_mean) / network.input_std
    given = {network.input_name: planes.astype(np.float32)}
    return np.asarray(network.session.run(network.output_names, given)[0][0], np.float32)


def load(model: ModelRef, runtime: Runtime, form: Form) -> Network:
    """Return a pack's model, loaded once a process.

    Raises:
        ModelFormatError: if the file does another task.
    """
    network = pack_model(model, runtime)
    if getattr(network, "taskname", "") != form.task or network.input_size[0] != network.input_size[1]:
        raise ModelFormatError(f"model {model.name}: expected a square {form.task} of InsightFace, got another model")
    return Network(network, form)


def roll_degrees(five: NDArray[np.floating]) -> float:
    """Return how far a face is turned clockwise in the picture's plane, by its eyes; 0 where they are not known.

    Examples:
        >>> roll_degrees(np.array([[0, 0], [2, 2], [0, 2], [0, 3], [1, 4.0]]))
        45.0
    """
    x, y = (five[1] - five[0]).tolist()
    return math.degrees(math.atan2(y, x)) if np.isfinite(five).all() else 0.0


def crop_matrix(box_xyxy: NDArray[np.floating], side_px: int, turn_degrees: float = 0.0) -> Matrix:
    """Return the 2x3 matrix from the picture to the crop.

    Args:
        box_xyxy: the face's box, not empty.
        side_px: of the crop.
        turn_degrees: how far the crop is turned back, so that a face of that roll stands upright in it.
    """
    x0, y0, x1, y1 = box_xyxy.tolist()
    scale = side_px / (max(x1 - x0, y1 - y0) * CROP_RATIO)
    x, y = (x0 + x1) / 2 * scale, (y0 + y1) / 2 * scale
    cos, sin = math.cos(math.radians(turn_degrees)), math.sin(math.radians(turn_degrees))
    half = side_px / 2
    return np.array(
        [
            [scale * cos, scale * sin, half - x * cos - y * sin],
            [-scale * sin, scale * cos, half + x * sin - y * cos],
        ]
    )
