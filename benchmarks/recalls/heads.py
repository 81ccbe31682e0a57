"""From a photo to a head with soft edges, and a head into a picture at any size and angle.

Everything is done at the photo's enlarged size and scaled down last, so that a face of 8 pixels has seen the same
averaging as one of 200. Faces higher than the photo's own (about 75 pixels in LFW) are enlarged, and softer than a real
photo of that size: no detector asked looks at detail that fine.
"""

import hashlib
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.canaries import matte
from benchmarks.recalls.portraits import CUT_RATIO, ENLARGED, Portrait, Rgb, read

SOLID_RATIO = 1.4
"""Up to here, over the face box, the person is opaque: hair, ears and chin; then shoulders fade until ``CUT_RATIO``."""
VERSION = 1
"""Of the matte's making; another number makes all mattes anew."""
BORDER_PX = 10
"""Within so much of the photo's edge it fades as well, in enlarged pixels, so that no straight edge is left."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Head:
    """A head that can be put into a picture.

    Attributes:
        rgb: ``(h, w, 3)`` uint8.
        alpha: ``(h, w)`` float32 in [0, 1].
        box: ``x0 y0 x1 y1`` of the face, float32.
        landmarks: ``(5, 2)`` float32.
    """

    rgb: Rgb
    alpha: Floats
    box: Floats
    landmarks: Floats

    @property
    def box_wh(self) -> tuple[float, float]:
        """Width and height of the face."""
        return float(self.box[2] - self.box[0]), float(self.box[3] - self.box[1])

    def with_rgb(self, rgb: Rgb) -> "Head":
        """Return the same head with other pixels, such as glasses drawn on it."""
        return replace(self, rgb=rgb)


def head(portrait: Portrait, kept: Path) -> Head:
    """Return the head of a portrait, cut out.

    Args:
        portrait: the photo and where its face is.
        kept: a folder in which the matte is kept, since it takes longer than all else.
    """
    rgb = read(portrait.file)
    box = np.array(portrait.box, np.float32)
    h, w = rgb.shape[:2]
    alpha = cv2.resize(_matte(portrait, rgb, box, kept), (w, h), interpolation=cv2.INTER_LINEAR) / np.float32(255)
    return Head(rgb, alpha * _fade((h, w), box), box, np.array(portrait.landmarks, np.float32).reshape(5, 2))


def _matte(portrait: Portrait, rgb: Rgb, box: Floats, kept: Path) -> NDArray[np.uint8]:
    made_of = repr((portrait.box, hashlib.sha256(rgb.tobytes()).hexdigest(), VERSION))
    file = kept / f"{hashlib.sha256(made_of.encode()).hexdigest()[:24]}.png"
    if file.is_file() and (found := cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)) is not None:
        return np.asarray(found, np.uint8)
    h, w = (side // ENLARGED for side in rgb.shape[:2])
    small = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA)
    alpha = np.rint(matte.person(small, np.asarray(box / ENLARGED, np.float32)) * 255).astype(np.uint8)
    kept.mkdir(parents=True, exist_ok=True)
    mine = file.with_suffix(f".{os.getpid()}.png")  # two processes may make the same one
    cv2.imwrite(str(mine), alpha)
    mine.replace(file)
    return alpha


def _fade(shape_hw: tuple[int, int], box: Floats) -> Floats:
    """Return what the matte is multiplied with: 1 within ``SOLID_RATIO``, 0 outside ``CUT_RATIO`` and at the edges."""
    h, w = shape_hw
    fade = (CUT_RATIO - matte.radii(shape_hw, box, matte.POWER)) / (CUT_RATIO - SOLID_RATIO)
    x, y = np.minimum(np.arange(w), np.arange(w)[::-1]), np.minimum(np.arange(h), np.arange(h)[::-1])
    edge = np.minimum(x[None, :], y[:, None]) / BORDER_PX
    t = np.clip(np.minimum(fade, edge), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def paste(canvas: Rgb, one: Head, centre_xy: tuple[float, float], height_px: float, roll_deg: float) -> Floats:
    """Put a head into a picture, in place, and return the true box of its face, not clipped.

    The box of a rolled face is the smallest upright one around the face's ellipse; for an angle ``a`` and half sides
    ``p, q`` its half sides are ``hypot(p cos a, q sin a)`` and ``hypot(p sin a, q cos a)``.

    Args:
        canvas: ``(h, w, 3)`` RGB, changed.
        one: the head.
        centre_xy: where the centre of the face goes; met to half a pixel, and the box returned is where it went.
        height_px: height of the face before it is rolled.
        roll_deg: clockwise as seen.
    """
    scale = height_px / one.box_wh[1]
    layer, centre, scale_xy = _turned(one, roll_deg, scale)
    corner = np.floor(np.array(centre_xy, np.float32) - centre + 0.5).astype(int)
    _blend(canvas, layer, corner)
    w, h = one.box_wh
    p, q = w * float(scale_xy[0]) / 2, h * float(scale_xy[1]) / 2
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    half = np.array([math.hypot(p * cos, q * sin), math.hypot(p * sin, q * cos)], np.float32)
    middle = corner.astype(np.float32) + centre
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def _turned(one: Head, roll_deg: float, scale: float) -> tuple[Floats, Floats, Floats]:
    """Return the head as premultiplied ``(h, w, 4)`` float32, the face's centre in it, and the scale in x and y."""
    layer = np.dstack([one.rgb * one.alpha[..., None], one.alpha]).astype(np.float32)
    centre = np.asarray((one.box[:2] + one.box[2:]) / 2, np.float32)
    enlarge = max(scale, 1.0)
    if roll_deg % 360 or enlarge > 1:
        layer, centre = _warp(layer, centre, roll_deg, enlarge)
    if scale >= 1:
        return layer, centre, np.array([scale, scale], np.float32)
    h, w = layer.shape[:2]
    small = (max(1, round(w * scale)), max(1, round(h * scale)))
    scale_xy = np.array([small[0] / w, small[1] / h], np.float32)
    return cv2.resize(layer, small, interpolation=cv2.INTER_AREA), np.asarray(centre * scale_xy, np.float32), scale_xy


def _warp(layer: Floats, centre: Floats, roll_deg: float, scale: float) -> tuple[Floats, Floats]:
    h, w = layer.shape[:2]
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    turn = scale * np.array([[cos, -sin], [sin, cos]])
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]]) @ turn.T
    low, high = corners.min(0), corners.max(0)
    size = np.ceil(high - low - 1e-6).astype(int)
    # OpenCV's coordinates are of pixel centres, ours of their edges.
    shift = turn @ np.array([0.5, 0.5]) - low - 0.5
    matrix = np.concatenate([turn, shift[:, None]], 1)
    out = cv2.warpAffine(layer, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderValue=0)
    return out, (turn @ centre - low).astype(np.float32)


def _blend(canvas: Rgb, layer: Floats, corner: NDArray[np.int_]) -> None:
    h, w = canvas.shape[:2]
    x0, y0 = (max(0, int(c)) for c in corner)
    x1, y1 = min(w, int(corner[0]) + layer.shape[1]), min(h, int(corner[1]) + layer.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = layer[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]]
    under = canvas[y0:y1, x0:x1].astype(np.float32)
    mixed = under * (1 - np.clip(part[..., 3:], 0, 1)) + part[..., :3]
    canvas[y0:y1, x0:x1] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
