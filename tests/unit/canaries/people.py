"""A head for tests: scikit-image's astronaut, whose face is where a detector found it; and pictures to lay it into."""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.canaries import heads
from tests.support.pictures import PORTRAIT

FACE = np.array([47.6, 59.0, 138.9, 172.3], np.float32)
POINTS = np.array([[73.3, 103.5], [116.4, 105.5], [92.3, 126.0], [73.5, 143.3], [111.1, 144.7]], np.float32)


def head() -> heads.Head:
    """Return the astronaut's head."""
    return heads.cut(PORTRAIT, FACE, POINTS)


def scene(wh: tuple[int, int] = (320, 240), seed: int = 0) -> NDArray[np.uint8]:
    """Return a drawn place without anybody: slopes and a little noise, RGB ``(h, w, 3)``."""
    w, h = wh
    y, x = np.mgrid[:h, :w]
    slopes = np.stack([90 + 60 * y / h, 110 + 40 * x / w, 170 - 50 * y / h], 2)
    return np.clip(slopes + np.random.default_rng(seed).normal(0, 2, slopes.shape), 0, 255).astype(np.uint8)
