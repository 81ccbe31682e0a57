"""Which face a photo is filed under."""

from typing import Any

import numpy as np
import pytest

from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.models.base import Runtime
from benchmarks.photos import ENLARGE, middlemost

RGB = np.zeros((100, 160, 3), np.uint8)
RUNTIME = Runtime(())


class Finder:
    """Finds faces of 20 pixels about centres in the photo, and takes down what it is shown."""

    def __init__(self, *centres: tuple[float, float]) -> None:
        self.shown: list[tuple[int, ...]] = []
        self._centres = np.array(centres, np.float32).reshape(-1, 2)

    def detect(self, images: list[np.ndarray], runtime: Runtime) -> list[Detections]:
        """Return them in pixels of what is shown."""
        del runtime
        self.shown += [one.shape for one in images]
        at = self._centres * ENLARGE
        boxes = np.concatenate([at - 10 * ENLARGE, at + 10 * ENLARGE], 1).astype(np.float32)
        points = at[:, None] + np.arange(10, dtype=np.float32).reshape(1, 5, 2)
        return [Detections(boxes, np.linspace(0.9, 0.5, len(at)).astype(np.float32), points)]


@pytest.mark.parametrize("order", [1, -1], ids=["first", "last"])
def test_the_face_nearest_to_the_middle_is_meant(order: int) -> None:
    """Whatever its score, and in the photo's own pixels though the detector sees it enlarged."""
    detector: Any = Finder(*[(20, 20), (90, 45), (150, 90)][::order])
    face = middlemost(RGB, detector, RUNTIME)
    assert face is not None
    assert face.box.tolist() == [80, 35, 100, 55]
    assert face.landmarks[0].tolist() == [90, 45.5]
    assert detector.shown == [(200, 320, 3)]


def test_a_photo_of_nobody_has_no_face() -> None:
    """Nothing found is no face, not an error."""
    nobody: Any = Finder()
    assert middlemost(RGB, nobody, RUNTIME) is None
