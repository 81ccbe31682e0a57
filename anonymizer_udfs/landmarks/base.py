"""What every landmarker does: many points of each face that a detector has found."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks.schemes import Points
from anonymizer_udfs.models.base import ModelRef, Runtime

Rgb = NDArray[np.uint8]
Five = NDArray[np.float32]
FIVE = 5


class Landmarker(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which settings call it.
        scheme: the scheme of its points.
    """

    name: ClassVar[str]
    scheme: ClassVar[str]

    @property
    def model(self) -> ModelRef:
        """Return the model file that it needs."""
        ...

    def locate(self, rgb: Rgb, boxes_xyxy: Boxes, five: Five, detector: str, runtime: Runtime) -> list[Points]:
        """Return the points of each face, in the order given.

        Runs on executors, once an image; the model is loaded once a process. What is found of a face does not depend on
        the others.

        Args:
            rgb: the picture, uint8 ``(h, w, 3)``; any size from 1x1.
            boxes_xyxy: the detector's boxes, float32 ``(n, 4)``; those that are empty or not finite get no points.
            five: the detector's five points a face, float32 ``(n, 5, 2)``; NaN where it gives none.
            detector: the name of the detector: each has its own idea of a box and of where the points are.
            runtime: where the model lies and what runs it.

        Raises:
            SpecError: the arrays are of another shape or type.
            UnknownNameError: the member knows no such detector.
            ModelError: the model is missing or of no use.
        """
        ...


def check_faces(rgb: Rgb, boxes_xyxy: Boxes, five: Five) -> None:
    """Raise :class:`SpecError` where arrays are not those of faces in one picture."""
    if rgb.dtype != np.uint8 or rgb.ndim != len("hwc") or rgb.shape[2] != len("rgb") or not rgb.size:
        raise SpecError(f"a picture must be uint8 (h, w, 3) of 1x1 at least, got {rgb.dtype} {rgb.shape}")
    n = len(boxes_xyxy)
    if boxes_xyxy.shape != (n, 4) or five.shape != (n, FIVE, 2):
        raise SpecError(f"faces must be boxes (n, 4) and points (n, 5, 2), got {boxes_xyxy.shape} and {five.shape}")


def has_extent(box_xyxy: NDArray[np.floating]) -> bool:
    """Return whether a box is finite and not empty.

    Examples:
        >>> has_extent(np.array([0, 0, 2, 3.0])), has_extent(np.array([2, 0, 2, 3.0]))
        (True, False)
    """
    x0, y0, x1, y1 = box_xyxy.tolist()
    return bool(np.isfinite(box_xyxy).all() and x1 > x0 and y1 > y0)
