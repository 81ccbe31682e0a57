"""What is left of a face: whether a detector finds it, where its points are, how it looks; and the cost."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from anonymizer_udfs import boxes, utility
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.utility.colour_distance import distance
from benchmarks.frontiers import treated
from benchmarks.frontiers.marks import Marks, Moved, marks, moved
from benchmarks.frontiers.people import Photo
from benchmarks.frontiers.treated import Lake
from benchmarks.photos import ENLARGE, Face, Rgb, enlarged

NOT_MOVED = Moved()
FOUND_IOU = 0.5
AROUND = 2.5
BINS = 32
PASS_PX = 640


@dataclass(frozen=True)
class Kept:
    """What is left of one face; not a number where it cannot be said.

    Attributes:
        found: 1 where the detector finds a face at the place (IoU 0.5 or more), else 0.
        ssim: structural similarity within two and a half times the box, whatever the region: 1 where nothing changed.
        colour: intersection of the colour histograms there, 32 levels a channel, in [0, 1].
        five_error: mean distance of its five points from those of the clear face, in distances of the eyes.
        five_yaw_error: in degrees, from the five points.
        roll_error: the same, in the picture's plane.
        moved: what 68 points say, where a landmarker was given.
    """

    found: float
    ssim: float
    colour: float
    five_error: float = math.nan
    five_yaw_error: float = math.nan
    roll_error: float = math.nan
    moved: Moved = NOT_MOVED

    def figures(self) -> dict[str, float]:
        """Return every figure by its name."""
        plain = asdict(self)
        return plain | plain.pop("moved")


FIGURES = tuple(Kept(0, 0, 0).figures())


@dataclass(frozen=True, eq=False)
class Looker:
    """Who looks at what is left.

    Attributes:
        detector: who looks for faces; CenterFace, whose points the landmarker is used to.
        landmarker: who looks for 68 points; none: nobody does.
        runtime: where their models lie.
    """

    detector: Detector
    landmarker: Landmarker | None
    runtime: Runtime

    def marks(self, rgb: Rgb, face: Face) -> Marks | None:
        """Return what 68 points say of a face, where a landmarker was given."""
        return marks(rgb, face, self.landmarker, self.runtime) if self.landmarker is not None else None

    def measure(self, photo: Photo, source: Picture, after: Rgb, clear: Marks | None) -> Kept:
        """Return what is left of the photo's face.

        Args:
            photo: where the face is.
            source: the clear photo.
            after: the photo anonymized.
            clear: what the clear face's points said.
        """
        before = source.rgb()
        x0, y0, x1, y1 = where = boxes.outward(boxes.grow(photo.box, AROUND), source.size_wh)
        ssim = utility.ssim_inside(before, after, where)
        colour = intersection(before[y0:y1, x0:x1], after[y0:y1, x0:x1])
        face = self._found(after, photo)
        if face is None:
            return Kept(0.0, ssim, colour)
        off = float(np.hypot(*(face.landmarks - photo.landmarks).T).mean()) / photo.eyes_px
        was, now = (_facing(photo, one) for one in (photo.face, face))
        yaw, roll = now.yaw_degrees - was.yaw_degrees, now.roll_degrees - was.roll_degrees
        left = self.marks(after, face) if clear is not None else None
        points = NOT_MOVED if clear is None or left is None else moved(clear, left)
        return Kept(1.0, ssim, colour, off, abs(yaw), abs((roll + 180) % 360 - 180), points)

    def _found(self, after: Rgb, photo: Photo) -> Face | None:
        """Return the face that is found where the clear one was."""
        seen = self.detector.detect([enlarged(after)], self.runtime)[0]
        if not len(seen):
            return None
        at = seen.boxes_xyxy / np.float32(ENLARGE)
        overlap = boxes.iou(photo.box[None], at)[0]
        best = int(overlap.argmax())
        return Face(at[best], seen.landmarks[best] / np.float32(ENLARGE)) if overlap[best] >= FOUND_IOU else None


def mean(of: Sequence[Kept]) -> dict[str, float]:
    """Return the mean of each figure over the faces for which it can be said; without those that none has."""
    return dict(_means([one.figures() for one in of]))


def _means(of: Sequence[dict[str, float]]) -> Iterator[tuple[str, float]]:
    for name in FIGURES:
        values = np.array([one[name] for one in of])
        if np.isfinite(values).any():
            yield name, float(np.nanmean(values))


def intersection(before: Rgb, after: Rgb) -> float:
    """Return how much of two pictures' colours agree (Swain and Ballard 1991), the mean of the channels, in [0, 1].

    Examples:
        >>> grey = np.zeros((2, 2, 3), np.uint8)
        >>> intersection(grey, grey), intersection(grey, grey + 255)
        (1.0, 0.0)
    """
    return 1 - distance(before, after, 256, BINS)


def cost(photos: Sequence[Photo], lake: Lake, looker: Looker) -> dict[str, float]:
    """Return what treating one face takes, region and copy included, of one core's time.

    Returns:
        ``ms``: the median; ``passes``: the median of what it is of one pass of the detector over the photo at 640
        pixels a side, timed just after it.
    """
    treating, passing = [], []
    for photo in photos:
        source = treated.picture(photo)
        start = time.process_time()
        treated.treat(photo, source, lake)
        treating.append(time.process_time() - start)
        shown = np.asarray(cv2.resize(photo.rgb, (PASS_PX, PASS_PX), interpolation=cv2.INTER_LINEAR), np.uint8)
        start = time.process_time()
        looker.detector.detect([shown], looker.runtime)
        passing.append(time.process_time() - start)
    ratios = np.array(treating) / np.array(passing)
    return {"ms": float(np.median(treating) * 1000), "passes": float(np.median(ratios))}


def _facing(photo: Photo, face: Face) -> Facing:
    x0, y0, x1, y1 = photo.box.tolist()
    return Facing.of(Target((x0, y0, x1, y1), landmarks=tuple((x, y) for x, y in face.landmarks.tolist())))
