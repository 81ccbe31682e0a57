"""What is left of a face: whether a detector finds it, where its points are, how it looks; and the cost."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, utility
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.spec import WorkerSpec
from benchmarks.frontiers import treated
from benchmarks.frontiers.people import Photo, Rgb
from benchmarks.recognition import ENLARGE

FOUND_IOU = 0.5
AROUND = 2.5
BINS = 32


@dataclass(frozen=True)
class Kept:
    """What is left of one face; not a number where it cannot be said.

    Attributes:
        found: 1 where the detector finds a face at the place (IoU 0.5 or more), else 0.
        landmark_error: mean distance of its five points from those of the clear face, in distances of the eyes.
        yaw_error: in degrees, from the five points.
        roll_error: the same, in the picture's plane.
        ssim: structural similarity within two and a half times the box, whatever the region: 1 where nothing changed.
        colour: intersection of the colour histograms there, 32 levels a channel, in [0, 1].
    """

    found: float
    landmark_error: float
    yaw_error: float
    roll_error: float
    ssim: float
    colour: float


def measure(photo: Photo, told: WorkerSpec, detector: Detector, runtime: Runtime) -> Kept:
    """Return what is left of the photo's face."""
    source = treated.picture(photo)
    done = treated.treat(photo, source, told)
    before, after = source.rgb(), done.picture.rgb()
    x0, y0, x1, y1 = where = boxes.outward(boxes.grow(photo.box, AROUND), source.size_wh)
    ssim = utility.ssim_inside(before, after, where)
    colour = intersection(before[y0:y1, x0:x1], after[y0:y1, x0:x1])
    points = _found(after, photo, detector, runtime)
    if points is None:
        return Kept(0.0, np.nan, np.nan, np.nan, ssim, colour)
    off = float(np.hypot(*(points - photo.landmarks).T).mean()) / photo.eyes_px
    was, now = (_facing(photo, one) for one in (photo.landmarks, points))
    roll = abs((now.roll_degrees - was.roll_degrees + 180) % 360 - 180)
    return Kept(1.0, off, abs(now.yaw_degrees - was.yaw_degrees), roll, ssim, colour)


def mean(of: Sequence[Kept]) -> dict[str, float]:
    """Return the mean of each figure over the faces for which it can be said; without those that none has."""
    out = {}
    for one in fields(Kept):
        values = np.array([getattr(face, one.name) for face in of])
        if np.isfinite(values).any():
            out[one.name] = float(np.nanmean(values))
    return out


def intersection(before: Rgb, after: Rgb) -> float:
    """Return how much of two pictures' colours agree (Swain and Ballard 1991), the mean of the channels, in [0, 1].

    Examples:
        >>> grey = np.zeros((2, 2, 3), np.uint8)
        >>> intersection(grey, grey), intersection(grey, grey + 255)
        (1.0, 0.0)
    """
    was, now = (
        np.array([np.bincount(one[..., c].ravel() // (256 // BINS), minlength=BINS) / (one.size / 3) for c in range(3)])
        for one in (before, after)
    )
    return float(np.minimum(was, now).sum(1).mean())


def milliseconds(photos: Sequence[Photo], told: WorkerSpec) -> float:
    """Return the median time to treat one face, region and copy included, in ms on one core."""
    spent = []
    for photo in photos:
        source = treated.picture(photo)
        start = time.perf_counter()
        treated.treat(photo, source, told)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent) * 1000)


def _found(after: Rgb, photo: Photo, detector: Detector, runtime: Runtime) -> NDArray[np.float32] | None:
    rgb = cv2.resize(after, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_LINEAR)
    seen = detector.detect([np.asarray(rgb, np.uint8)], runtime)[0]
    if not len(seen):
        return None
    overlap = boxes.iou(photo.box[None], seen.boxes_xyxy / np.float32(ENLARGE))[0]
    best = int(overlap.argmax())
    return seen.landmarks[best] / ENLARGE if overlap[best] >= FOUND_IOU else None


def _facing(photo: Photo, points: NDArray[np.float32]) -> Facing:
    return Facing.of(Target(tuple(photo.box.tolist()), landmarks=tuple((x, y) for x, y in points.tolist())))
