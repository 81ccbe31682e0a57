"""What looks for faces: a file's bytes in, boxes in the picture as it is seen out. Ours are here, others in ``peers``.

A finder is a frozen dataclass, so that it travels to worker processes, and says of itself all that its answers depend
on, so that answers can be kept between runs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, family, imaging
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.models.base import Runtime
from benchmarks.recalls.portraits import Rgb

MAX_PIXELS = 100_000_000


@dataclass(frozen=True, eq=False)
class Found:
    """What a finder gives for one picture: all that it would hide.

    Attributes:
        boxes_xyxy: float32 ``(n, 4)`` in the picture as it is seen, turned as its orientation says.
        scores: float32 ``(n,)``.
    """

    boxes_xyxy: NDArray[np.float32] = field(default_factory=boxes.empty)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


class Finder(Protocol):
    """One way of looking for faces.

    Attributes:
        name: short, for the table's head; unique.
    """

    @property
    def name(self) -> str:
        """Return the column's head."""
        ...

    @property
    def description(self) -> Mapping[str, Any]:
        """Return all that the answers depend on, as JSON takes it: models by digest, settings, versions."""
        ...

    def find(self, data: bytes) -> Found:
        """Return what is found in a file."""
        ...


def seen(data: bytes) -> Rgb:
    """Return a file's picture as the job sees it: decoded by our own codecs, turned upright."""
    picture = imaging.decode(data, max_pixels=MAX_PIXELS)
    return orientation.upright(picture.rgb(), picture.orientation)


@dataclass(frozen=True)
class SinglePass:
    """One pass of one detector over the picture, shrunk so that its longer side is ``long_side_px``; never enlarged.

    The yardstick of cost: "one pass at 640" is this with CenterFace and 640.
    """

    name: str
    detector: Detector
    runtime: Runtime
    long_side_px: int = 640

    @property
    def description(self) -> Mapping[str, Any]:
        """Return the detector's model and settings, and the size."""
        made = {"detector": self.detector.name, "model": self.detector.model.sha256}
        return made | {"parameters": json_ready(family.parameters(self.detector)), "long_side_px": self.long_side_px}

    def find(self, data: bytes) -> Found:
        """Return what is found in a file."""
        return self.look(seen(data))

    def look(self, rgb: Rgb) -> Found:
        """Return what is found in a picture."""
        h, w = rgb.shape[:2]
        scale = min(1.0, self.long_side_px / max(h, w))
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        small = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        found = self.detector.detect([np.asarray(small, np.uint8)], self.runtime)[0]
        back = np.array([w / size[0], h / size[1]] * 2, np.float32)
        return Found(found.boxes_xyxy * back, found.scores)


def json_ready(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    return json.loads(json.dumps(value, default=str))
