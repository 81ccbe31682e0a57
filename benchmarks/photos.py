"""Labelled photos, and the face in each that is meant: what the benchmarks on people begin with."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.models.base import Runtime

ENLARGE = 2
"""Photos are shown to detectors at this many times their size: at 150x150 a face is smaller than most are elsewhere."""
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Face:
    """A face that a detector found.

    Attributes:
        box: float32 ``(4,)``, in the photo's pixels.
        landmarks: its five points, float32 ``(5, 2)``.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def read(path: Path) -> Rgb:
    """Return a photo as RGB.

    Raises:
        SystemExit: it cannot be decoded.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{path} cannot be decoded")
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def enlarged(rgb: Rgb) -> Rgb:
    """Return a photo as detectors are shown it."""
    return np.asarray(cv2.resize(rgb, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_LINEAR), np.uint8)


def middlemost(rgb: Rgb, detector: Detector, runtime: Runtime) -> Face | None:
    """Return the face nearest to the photo's middle: of several people, it is the one that the photo is filed under."""
    found = detector.detect([enlarged(rgb)], runtime)[0]
    if not len(found):
        return None
    middle = np.array(rgb.shape[1::-1], np.float32) * ENLARGE / 2
    centres = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    best = int(np.linalg.norm(centres - middle, axis=1).argmin())
    box, points = found.boxes_xyxy[best] / ENLARGE, found.landmarks[best] / ENLARGE
    return Face(np.asarray(box, np.float32), np.asarray(points, np.float32))
