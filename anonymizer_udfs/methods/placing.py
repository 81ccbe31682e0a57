"""Where a face's mesh lies in a picture, and the texture under it. Runs on executors."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.landmarks.schemes import JAW as JAW_68
from anonymizer_udfs.landmarks.schemes import five
from anonymizer_udfs.methods import mesh
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import POINTS, Facing
from anonymizer_udfs.methods.mesh import SIZE_WH, TEXELS, Floats
from anonymizer_udfs.recognition.alignment import similarity_transform

Rgb = NDArray[np.uint8]
FIVE = "5"
SHRINK_FROM = 1.5
"""Pixels for a texel from which on the picture is averaged down before it is sampled, which would alias."""
SCALES = (0.6, 1.6)
"""Many points that tell a size further than this from the detector's are a mistake."""
LEAST_PX = 12.0
"""A face narrower than this has no features to tell apart."""
YAW_MOST, YAW_MOST_OF_FIVE = 40.0, 25.0
"""A face that is turned further, by its five points, has a side that a mesh does not see; one of five points, a nose
that is not where its mesh takes it for."""
MOST_PX = 2**15 - 1
"""OpenCV samples from no picture of a larger side."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A face's mesh in a picture.

    Attributes:
        facing: from the face's own coordinates to pixels of the picture.
        inner: the points within the face, in its own coordinates, ``(n, 2)``.
        edge: its outline in the same, ``(26, 2)``.
        scheme: of the points, ``68`` or ``5``.
    """

    facing: Facing
    inner: Floats
    edge: Floats
    scheme: str

    def corners(self, inner: Floats | None = None) -> Floats:
        """Return the mesh's corners in pixels, of these points or of other ones within the same outline."""
        return self.facing.pixels(np.concatenate([self.inner if inner is None else inner, self.edge]))

    def texture(self, rgb: Rgb) -> NDArray[np.float32]:
        """Return the face without its shape, float32 ``(h, w, 3)`` in [0, 1]; beyond the picture its edge goes on."""
        sources = mesh.mesh(self.scheme).sources(self.corners())
        factor = self.facing.width_px / TEXELS
        shown = rgb
        if factor > SHRINK_FROM:
            size_wh = max(1, round(rgb.shape[1] / factor)), max(1, round(rgb.shape[0] / factor))
            shown = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        scale = np.array(shown.shape[1::-1], np.float32) / np.array(rgb.shape[1::-1], np.float32)
        found = cv2.remap(shown, sources * scale - np.float32(0.5), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        return np.asarray(found.reshape(SIZE_WH[1], SIZE_WH[0], 3) / np.float32(255), np.float32)


def place(rgb: Rgb, target: Target, landmarker: Landmarker | None) -> Placed | None:
    """Return where a face's mesh lies; None where nothing tells, or the picture is too large or the face too small.

    Args:
        rgb: the picture, or the part of it that ``target`` counts its pixels from.
        target: where the face is, who gave its five points, and where models lie.
        landmarker: who gives many points; none: the five are all there is.
    """
    facing = believed(target, landmarker)
    if facing is None or not rgb.size or max(rgb.shape) > MOST_PX:
        return None
    if landmarker is None:
        jaw = np.array(mesh.JAW) * (math.cos(math.radians(facing.yaw_degrees)), 1) + (facing.outline_x, 0)
        return Placed(facing, facing.points, mesh.outline(jaw), FIVE)
    return _by_many(rgb, target, landmarker, facing)


def believed(target: Target, landmarker: Landmarker | None) -> Facing | None:
    """Return how a face lies by its five points; None where a mesh cannot be laid upon it.

    Args:
        target: where the face is.
        landmarker: who gives many points, which follow a turned face further.
    """
    points = np.array(target.landmarks, np.float64)
    if target.landmarks is None or not np.isfinite(points).all():
        return None
    facing = Facing.of(target)
    by_box_alone = not np.allclose(facing.matrix, similarity_transform(np.array(POINTS), points))
    most = YAW_MOST_OF_FIVE if landmarker is None else YAW_MOST
    if by_box_alone or facing.width_px < LEAST_PX or abs(facing.yaw_degrees) > most:
        return None
    return facing


def _by_many(rgb: Rgb, target: Target, landmarker: Landmarker, facing: Facing) -> Placed | None:
    if target.runtime is None or target.detector is None:
        return None
    box = np.array([target.box_xyxy], np.float32)
    seen = np.array([target.landmarks], np.float32)
    points = landmarker.locate(rgb, box, seen, target.detector, target.runtime)[0]
    if not points.known:
        return None
    matrix = similarity_transform(np.array(POINTS), five(points).astype(np.float64))
    low, high = SCALES
    if not low * facing.width_px <= math.hypot(*matrix[:, 0]) <= high * facing.width_px:
        return None
    facing = Facing(matrix)
    xy = facing.of_pixels(points.as_68)
    return Placed(facing, xy[JAW_68.stop :], mesh.outline(xy[JAW_68]), "68")
