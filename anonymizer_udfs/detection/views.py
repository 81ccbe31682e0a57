"""Views: what of a picture a detector is shown, at which size and turn, and the way back to the picture's pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes, IntBox
from anonymizer_udfs.detection.base import Detections, Rgb

ASPECT_MAX = 2.0
"""A picture's longer side counts as at most this many shorter ones: a panorama is not shrunk to a thread."""
MIRRORED = (1, 0, 2, 4, 3)
"""Landmarks in a mirrored picture: left and right change places."""
_CLIP_LIMIT, _CELLS = 3.0, (8, 8)
_TOUCHES_PX = 2.0
_TURNED = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True)
class View:
    """One input of a detector, cut from a picture: cropped, scaled, given a margin, turned, mirrored.

    Attributes:
        crop: the part of the picture, half-open.
        scaled_wh: size that the part is scaled to.
        margin_px: black margin on all four sides, after scaling.
        turns: quarter turns counter-clockwise, 0 to 3, after the margin.
        mirrored: whether left and right are swapped, after turning.
        equalized: whether contrast is equalized locally (CLAHE of the luma; Zuiderveld 1994).
        inner: whether the crop's left, top, right and bottom sides lie inside the picture, where a neighbour goes on.
        shared_px: how much neighbours share, in pixels of the picture.
    """

    crop: IntBox
    scaled_wh: tuple[int, int]
    margin_px: int = 0
    turns: int = 0
    mirrored: bool = False
    equalized: bool = False
    inner: tuple[bool, bool, bool, bool] = (False, False, False, False)
    shared_px: float = 0.0

    @property
    def size_wh(self) -> tuple[int, int]:
        """Size of what a detector is shown."""
        w, h = (side + 2 * self.margin_px for side in self.scaled_wh)
        return (h, w) if self.turns % 2 else (w, h)

    def render(self, image: Rgb) -> Rgb:
        """Return the view of a picture, uint8 ``(h, w, 3)``, contiguous; may be the picture itself."""
        return self.finish(self.scaled(image))

    @property
    def scale(self) -> float:
        """Pixels of the view for one of the picture."""
        return self.scaled_wh[0] / (self.crop[2] - self.crop[0])

    @property
    def whole(self) -> bool:
        """Whether it shows the whole picture, not a tile."""
        return not any(self.inner)

    def scaled(self, image: Rgb) -> Rgb:
        """Return the part of a picture at its size, which the views of one part in several turns share.

        Args:
            image: the picture; for a view of the whole it may be a smaller one than the crop speaks of.
        """
        x0, y0, x1, y1 = self.crop
        out = image if self.whole else image[y0:y1, x0:x1]
        if self.scaled_wh == out.shape[1::-1]:
            return out
        # By up to a half, interpolation sees nearly every pixel, in an eighth of the time that averaging takes.
        how = cv2.INTER_AREA if 2 * self.scaled_wh[0] < out.shape[1] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(out, self.scaled_wh, interpolation=how), np.uint8)

    def shares(self, other: "View") -> bool:
        """Return whether :meth:`scaled` gives the same for another view of the same picture."""
        return (self.crop, self.scaled_wh) == (other.crop, other.scaled_wh)

    def finish(self, scaled: Rgb) -> Rgb:
        """Return the view, made of what :meth:`scaled` gave; that stays as it is."""
        out = scaled
        if self.equalized:
            out = _equalized(out)
        if self.margin_px:
            m = self.margin_px
            out = np.asarray(cv2.copyMakeBorder(out, m, m, m, m, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)
        if self.turns:
            out = np.asarray(cv2.rotate(out, _TURNED[self.turns]), np.uint8)
        if self.mirrored:
            out = out[:, ::-1]
        return np.ascontiguousarray(out)

    def back(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return points ``(..., 2)`` of the view in pixels of the picture.

        Examples:
            >>> View((10, 20, 30, 60), (40, 80), turns=1).back(np.array([[0.0, 40.0]], np.float32)).tolist()
            [[10.0, 20.0]]
        """
        x, y = points[..., 0], points[..., 1]
        if self.mirrored:
            x = self.size_wh[0] - x
        w, h = (side + 2 * self.margin_px for side in self.scaled_wh)
        for turn in range(self.turns, 0, -1):
            # One turn counter-clockwise shows (x, y) of a picture of this width at (y, width - x).
            x, y = (w if turn % 2 else h) - y, x
        x0, y0, x1, y1 = self.crop
        scale_x, scale_y = self.scaled_wh[0] / (x1 - x0), self.scaled_wh[1] / (y1 - y0)
        out = np.stack([(x - self.margin_px) / scale_x + x0, (y - self.margin_px) / scale_y + y0], -1)
        return out.astype(np.float32)

    def found(self, detections: Detections, size_wh: tuple[int, int]) -> Detections:
        """Return what was found in the view in pixels of the picture, clipped to it.

        A box that ends at an inner side of the crop is a face cut by it. It is dropped where the neighbour, which
        shares enough, shows that face whole, and kept where it may be the only trace.
        """
        corners = self.back(detections.boxes_xyxy.reshape(-1, 2, 2))
        xyxy = np.concatenate([corners.min(1), corners.max(1)], 1).reshape(-1, 4).astype(np.float32)
        marks = self.back(detections.landmarks)
        if self.mirrored:
            marks = marks[:, MIRRORED]
        keep = ~self._cut(xyxy)
        limit = np.array([*size_wh, *size_wh], np.float32)
        xyxy = np.clip(xyxy, 0, limit)
        keep &= (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
        return Detections(xyxy[keep], detections.scores[keep], marks[keep])

    def _cut(self, xyxy: Boxes) -> NDArray[np.bool_]:
        """Return which boxes touch an inner side and fit into what the neighbour shares."""
        x0, y0, x1, y1 = self.crop
        scale = (x1 - x0) / self.scaled_wh[0]
        near = _TOUCHES_PX * scale
        fits = (xyxy[:, 2:] - xyxy[:, :2]).max(1, initial=0) < self.shared_px
        out = np.zeros(len(xyxy), bool)
        for i, (side, sign) in enumerate(((x0, 1), (y0, 1), (x1, -1), (y1, -1))):
            if self.inner[i]:
                out |= (xyxy[:, i] - side) * sign < near
        return np.asarray(out & fits)


def _equalized(rgb: Rgb) -> Rgb:
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2YCrCb)
    lab[..., 0] = cv2.createCLAHE(_CLIP_LIMIT, _CELLS).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_YCrCb2RGB), np.uint8)


def scale_for(size_wh: tuple[int, int], long_side_px: tuple[int, int], enlarge_max: float) -> float:
    """Return the factor that brings a picture's longer side into a range.

    Args:
        size_wh: the picture's size.
        long_side_px: least and greatest length of the longer side (see :data:`ASPECT_MAX`) afterwards.
        enlarge_max: never enlarge by more than this, even if the side stays shorter than the least length.

    Examples:
        >>> scale_for((4000, 3000), (640, 1280), 2.0), scale_for((150, 150), (640, 1280), 2.0)
        (0.32, 2.0)
        >>> scale_for((30000, 1000), (640, 1000), 2.0)
        0.5
    """
    long = min(max(size_wh), ASPECT_MAX * min(size_wh))
    low, high = long_side_px
    return min(high / long, max(1.0, min(low / long, enlarge_max)))


def tiles(length: int, tile: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield the fewest even pieces of at most ``tile`` that cover a length and share at least ``overlap``.

    Examples:
        >>> list(tiles(100, 60, 10)), list(tiles(50, 60, 10))
        ([(0, 55), (45, 100)], [(0, 50)])
    """
    if length <= tile:
        yield 0, length
        return
    count = -(-(length - overlap) // (tile - overlap))
    side = min(tile, -(-(length + (count - 1) * overlap) // count))
    for i in range(count):
        start = round(i * (length - side) / (count - 1))
        yield start, start + side
