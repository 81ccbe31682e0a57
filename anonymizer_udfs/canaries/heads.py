"""From a photo to a head with soft edges, and a head at any size."""

import io
import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs import boxes
from anonymizer_udfs.canaries import matte
from anonymizer_udfs.errors import SpecError

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]

CUT_RATIO = 1.8
"""How much of a photo goes with the face, over its box: hair, ears, neck."""
SOLID_RATIO = 1.45
"""Up to here, over the box, the person is opaque; from here to ``CUT_RATIO`` neck and shoulders fade."""
KEPT_PX = 512
"""Faces that are larger are kept at this height."""
MATTE_PX = 80
"""The height of the face at which its outline is looked for: GrabCut takes 60 ms for a photo of 150x150 then."""
BORDER_RATIO = 0.04
"""Within so much of the photo's edge, over the box's height, it fades as well: no straight edge is left."""
CHOKE = 0.25
"""A pixel that is less of the person than this goes: what is behind somebody would come along with the rim."""
LEAST_ROOM = 0.12
"""Over a face's box, so much of its height must be in the photo: a head that the photo cuts off is none."""
ENLARGED_MOST = 2.0
"""A head is enlarged by no more than this: beyond, it would be too soft for its size."""


@dataclass(frozen=True, eq=False)
class Head:
    """A head that can be laid into a picture.

    Attributes:
        rgb: ``(h, w, 3)`` uint8.
        alpha: ``(h, w)`` float32 in [0, 1].
        box: ``x0 y0 x1 y1`` of the face, float32, in pixels of ``rgb``.
        landmarks: ``(5, 2)`` float32 in the same pixels, or none.
    """

    rgb: Rgb = field(repr=False)
    alpha: Floats = field(repr=False)
    box: Floats
    landmarks: Floats | None = None

    @property
    def height_px(self) -> float:
        """The longer side of the face's box."""
        return float((self.box[2:] - self.box[:2]).max())

    def scaled(self, height_px: float) -> "Head":
        """Return the head with a face of a height, averaged where it becomes smaller."""
        scale = height_px / self.height_px
        h, w = self.alpha.shape
        size = max(1, math.ceil(w * scale)), max(1, math.ceil(h * scale))  # never below what was asked for
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        layer = np.dstack([self.rgb * self.alpha[..., None], self.alpha]).astype(np.float32)
        layer = cv2.resize(layer, size, interpolation=how)
        alpha = np.clip(layer[..., 3], 0, 1)
        # Colours come back from premultiplied ones, so that what was outside the person leaves no rim.
        light = layer[..., :3] / np.maximum(alpha, 1 / 255)[..., None]
        to = np.array([size[0] / w, size[1] / h], np.float32)
        points = None if self.landmarks is None else self.landmarks * to
        rgb = np.clip(np.rint(light), 0, 255).astype(np.uint8)
        return Head(rgb, alpha.astype(np.float32), self.box * np.tile(to, 2), points)

    def pack(self) -> bytes:
        """Return pixels and opacity as a PNG file."""
        out = io.BytesIO()
        alpha = np.rint(self.alpha * 255).astype(np.uint8)
        Image.fromarray(np.dstack([self.rgb, alpha]), "RGBA").save(out, "PNG", compress_level=1)
        return out.getvalue()

    @classmethod
    def unpack(cls, content: bytes, box: Floats, landmarks: Floats | None) -> "Head":
        """Return the head of a file that :meth:`pack` made, and of the places that belong to it."""
        with Image.open(io.BytesIO(content)) as image:
            rgba = np.asarray(image.convert("RGBA"))
        return cls(
            np.ascontiguousarray(rgba[..., :3]), (rgba[..., 3] / np.float32(255)).astype(np.float32), box, landmarks
        )


def cut_off(box: Floats, size_wh: tuple[int, int]) -> bool:
    """Return whether a photo ends so near to a face that its head is not whole.

    Examples:
        >>> [cut_off(np.array([40, top, 80, 80], np.float32), (120, 120)) for top in (5, 30)]
        [True, False]
    """
    room = LEAST_ROOM * float(box[3] - box[1])
    w, h = size_wh
    return bool(box[1] < room or box[0] < room or box[2] > w - room or box[3] > h - room)


def cut(rgb: Rgb, box: Floats, landmarks: Floats | None) -> Head:
    """Return the head around a face, cut out of an upright photo.

    Args:
        rgb: ``(h, w, 3)`` uint8.
        box: ``x0 y0 x1 y1`` of the face in it.
        landmarks: ``(5, 2)`` of it, or none.

    Raises:
        SpecError: the box holds nothing.
    """
    if not (box[2:] > box[:2]).all():
        raise SpecError(f"a face's box must have an area, got {box.tolist()}")
    x0, y0, x1, y1 = boxes.outward(boxes.grow(box, CUT_RATIO), (rgb.shape[1], rgb.shape[0]))
    corner = np.array([x0, y0], np.float32)
    part, inner = rgb[y0:y1, x0:x1], box - np.tile(corner, 2)
    points = None if landmarks is None else landmarks - corner
    scale = min(1.0, KEPT_PX / float(inner[3] - inner[1]))
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        to = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], np.float32)
        part, inner = cv2.resize(part, size, interpolation=cv2.INTER_AREA), inner * np.tile(to, 2)
        points = None if points is None else points * to
    return Head(np.ascontiguousarray(part), _alpha(part, inner), inner, points)


def _alpha(rgb: Rgb, box: Floats) -> Floats:
    """Return the opacity of the person: its outline, fading where neck and shoulders end."""
    h, w = rgb.shape[:2]
    small = min(1.0, MATTE_PX / float(box[3] - box[1]))
    size = max(1, round(w * small)), max(1, round(h * small))
    to = np.tile(np.array([size[0] / w, size[1] / h], np.float32), 2)
    shown = rgb if size == (w, h) else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    person = matte.person(shown, box * to)
    alpha = cv2.resize(person, (w, h), interpolation=cv2.INTER_LINEAR) if size != (w, h) else person
    alpha = np.clip((alpha - CHOKE) / (1 - CHOKE), 0, 1)
    fade = (CUT_RATIO - matte.radii((h, w), box, matte.POWER)) / (CUT_RATIO - SOLID_RATIO)
    x, y = np.minimum(np.arange(w), np.arange(w)[::-1]), np.minimum(np.arange(h), np.arange(h)[::-1])
    edge = np.minimum(x[None, :], y[:, None]) / (BORDER_RATIO * float(box[3] - box[1]))
    t = np.clip(np.minimum(fade, edge), 0, 1)
    return np.asarray(alpha * t * t * (3 - 2 * t), np.float32)
