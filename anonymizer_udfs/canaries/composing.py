"""Laying heads into a copy of an archive's image. Runs on an executor, once an image; pure.

A head goes where nothing of the archive is. The first one that finds no such room, as in a portrait, takes the place of
a face that is there, at that face's size, and if there is none it becomes smaller; further ones are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.canaries import light, placing
from anonymizer_udfs.canaries.heads import ENLARGED_MOST, Head
from anonymizer_udfs.canaries.sizes import LEAST_PX, Sizes
from anonymizer_udfs.imaging import Channels, Picture, orientation
from anonymizer_udfs.methods import inks

MOST = 4
"""Canaries in one image."""
FREE, OVER = "free", "over"
"""Where a canary is: beside all that is known of the image, or in place of one of its faces."""
SHRINK, SHRINKS = 0.8, 6
"""A size that fits nowhere is drawn again, so much lower at the most, and so often."""
CORE_RATIO = 0.8
"""Of a known face's box: the part that surely shows its skin."""
_BACK = {6: 8, 8: 6}
_SEEN = 1 / 255

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Known:
    """What the archive's row says is in the image, in the upright picture.

    Attributes:
        faces: boxes of faces, ``(n, 4)``.
        regions: boxes of all that was treated, ``(m, 4)``; nothing is laid over them but in place of a face.
    """

    faces: Boxes = field(default_factory=boxes.empty)
    regions: Boxes = field(default_factory=boxes.empty)


@dataclass(frozen=True, eq=False)
class Laid:
    """One canary in a picture.

    Attributes:
        number: which of the heads it is.
        box: of its face, ``x0 y0 x1 y1`` in the upright picture.
        landmarks: ``(5, 2)`` in it, or none.
        drawn_px: the height that was drawn for it.
        place: :data:`FREE` or :data:`OVER`.
    """

    number: int
    box: Floats
    landmarks: Floats | None
    drawn_px: float
    place: str

    @property
    def height_px(self) -> float:
        """The longer side of its face's box."""
        return float((self.box[2:] - self.box[:2]).max())

    def stored(self, picture: Picture) -> "Laid":
        """Return it in the stored pixels of a picture."""
        box = orientation.boxes_to_stored(self.box[None], picture.orientation, picture.size_wh)[0]
        points = self.landmarks
        if points is not None:
            points = orientation.points_to_stored(points, picture.orientation, picture.size_wh)
        return replace(self, box=box, landmarks=points)


def composed(
    picture: Picture, known: Known, heads: Sequence[Head], sizes: Sizes, rng: Generator
) -> tuple[Picture, tuple[Laid, ...]]:
    """Return a picture with heads laid in, and where they are in its stored pixels; none may have found a place.

    Args:
        picture: the archive's, as decoded; not changed.
        known: what is in it.
        heads: who is laid in, at most :data:`MOST`.
        sizes: how large they become.
        rng: of sizes, places and noise.
    """
    seen = orientation.upright(picture.rgb(), picture.orientation)
    work = _Work(seen.copy(), seen, known, sizes, rng)
    laid: list[Laid] = []
    for number, head in enumerate(heads[:MOST]):
        one = work.lay(number, head, first=not laid)
        laid += [] if one is None else [one]
    if not laid:
        return picture, ()
    back = _BACK.get(picture.orientation, picture.orientation)
    touched = orientation.upright(work.touched[..., None].view(np.uint8), back)[..., 0].astype(bool)
    made = _transferred(picture, orientation.upright(work.canvas, back), touched)
    return made, tuple(one.stored(picture) for one in laid)


class _Work:
    """One picture on which heads are laid, one after another."""

    def __init__(self, canvas: Rgb, source: Rgb, known: Known, sizes: Sizes, rng: Generator) -> None:
        self.canvas, self.touched = canvas, np.zeros(canvas.shape[:2], bool)
        self._sizes, self._rng = sizes, rng
        self._taken = [*known.regions, *known.faces]
        self._faces = list(known.faces)
        self._scene = light.Scene.of(source, _skins(source, known.faces))

    @property
    def _size_wh(self) -> tuple[int, int]:
        return self.canvas.shape[1], self.canvas.shape[0]

    def lay(self, number: int, head: Head, *, first: bool) -> Laid | None:
        """Lay one head in, and return where; none where there is no place.

        Args:
            number: of the head.
            head: at any size.
            first: whether the picture has none yet: then a place is made.
        """
        most = ENLARGED_MOST * head.height_px
        drawn = self._sizes.draw(self._rng, most)
        if drawn is None:
            return None
        found = self._free(head, drawn)
        if found is None and first:
            found = self._over(most) or self._smaller(head, drawn)
        if found is None:
            return None
        centre, height, place = found
        box, points = self._paste(head.scaled(height), centre)
        self._taken.append(boxes.grow(box, placing.HEAD_RATIO))
        return Laid(number, box, points, drawn, place)

    def _free(self, head: Head, height: float) -> tuple[tuple[float, float], float, str] | None:
        centre = placing.free(self._size_wh, _face_wh(head, height), self._boxes, self._rng)
        return None if centre is None else (centre, height, FREE)

    def _smaller(self, head: Head, height: float) -> tuple[tuple[float, float], float, str] | None:
        size: float | None = height
        for _ in range(SHRINKS):
            size = self._sizes.draw(self._rng, SHRINK * size) if size is not None else None
            if size is None:
                return None
            if (found := self._free(head, size)) is not None:
                return found
        return None

    def _over(self, most_px: float) -> tuple[tuple[float, float], float, str] | None:
        """Return the place of a face of the archive that is whole, large enough, and beside no other."""
        for i in self._rng.permutation(len(self._faces)).tolist():
            box = self._faces[i]
            height = float((box[2:] - box[:2]).max())
            head = boxes.grow(box, placing.HEAD_RATIO)
            others = [other for j, other in enumerate(self._faces) if j != i]
            whole = (box[:2] >= 1).all() and (box[2:] <= np.array(self._size_wh) - 1).all()
            if LEAST_PX <= height <= most_px and whole and not placing.overlapping(head, others):
                self._faces.pop(i)
                x, y = ((box[:2] + box[2:]) / 2).tolist()
                return (x, y), height, OVER
        return None

    @property
    def _boxes(self) -> Boxes:
        return np.asarray(self._taken, np.float32).reshape(-1, 4)

    def _paste(self, head: Head, centre: tuple[float, float]) -> tuple[Floats, Floats | None]:
        """Lay a scaled head over the canvas; return the box and the points of its face, the box cut at the border."""
        middle = (head.box[:2] + head.box[2:]) / 2
        corner = np.floor(np.array(centre, np.float32) - middle + 0.5).astype(int)
        x0, y0 = (max(0, int(c)) for c in corner)
        x1, y1 = (
            min(side, int(c) + n) for side, c, n in zip(self._size_wh, corner, head.alpha.shape[::-1], strict=True)
        )
        mine = slice(y0 - int(corner[1]), y1 - int(corner[1])), slice(x0 - int(corner[0]), x1 - int(corner[0]))
        under, alpha = self.canvas[y0:y1, x0:x1], head.alpha[mine]
        made = light.matched(head.rgb[mine], alpha, under, self._scene, self._rng)
        mixed = under * (1 - alpha[..., None]) + made * alpha[..., None]
        self.canvas[y0:y1, x0:x1] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        self.touched[y0:y1, x0:x1] |= alpha >= _SEEN
        shift = corner.astype(np.float32)
        box = boxes.clip((head.box + np.tile(shift, 2))[None], self._size_wh)[0]
        return box, None if head.landmarks is None else head.landmarks + shift


def _face_wh(head: Head, height_px: float) -> tuple[float, float]:
    w, h = ((head.box[2:] - head.box[:2]) * (height_px / head.height_px)).tolist()
    return w, h


def _skins(rgb: Rgb, faces: Boxes) -> Floats | None:
    """Return some colours of the faces of a picture, ``(n, 3)``; none where it has no face."""
    found = []
    for box in faces:
        x0, y0, x1, y1 = boxes.outward(boxes.grow(box, CORE_RATIO), (rgb.shape[1], rgb.shape[0]))
        step = max(1, (y1 - y0) // 64)
        found.append(rgb[y0:y1:step, x0:x1:step].reshape(-1, 3))
    skins = np.concatenate(found) if found else np.zeros((0, 3))
    return skins.astype(np.float32) if len(skins) else None


def _transferred(picture: Picture, rgb: Rgb, touched: NDArray[np.bool_]) -> Picture:
    """Return a picture that shows what ``rgb`` of its stored pixels does, where touched, in its own channels."""
    pixels = picture.pixels.copy()
    light_of = np.asarray(rgb[touched][None] / 255, np.float32)
    count = picture.channels.samples - picture.channels.has_alpha
    blank = np.zeros((*light_of.shape[:2], count), np.uint8)
    levels = inks.put(blank, light_of, np.ones(light_of.shape[:2], np.float32))[0]
    if pixels.dtype == np.uint16:
        levels = np.rint(levels.astype(np.float64) * picture.white / 255).astype(np.uint16)
    new = pixels[touched]
    new[:, :count] = levels
    if picture.channels in {Channels.RGBA, Channels.GREY_ALPHA}:
        new[:, count] = np.iinfo(pixels.dtype).max
    pixels[touched] = new
    return picture.with_pixels(pixels)
