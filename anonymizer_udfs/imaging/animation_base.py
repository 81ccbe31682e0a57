"""The words of animations: what is shown one after another, how a file stores it, and the canvas between the two.

Every frame of a file becomes a full picture as a viewer shows it, those that are shown for no time too (viewers give
these 100 ms, and a file that is taken apart shows them all), so that whatever is not treated is in no picture.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fractions import Fraction

import numpy as np

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging.base import Channels, Format, Picture, Pixels
from anonymizer_udfs.imaging.raster import hide

WITH_ALPHA = {Channels.GREY: Channels.GREY_ALPHA, Channels.RGB: Channels.RGBA}
_WHITE = {1: 255, 2: 65535}

Blend = Callable[[Pixels, Pixels], Pixels]
"""From samples ``(n, c)`` above and below, both with alpha last and neither of them clear: what is shown."""


class Dispose(IntEnum):
    """What becomes of a frame's box before the next one is drawn."""

    KEEP = 0
    CLEAR = 1
    RESTORE = 2
    """It is what it was before the frame."""


@dataclass(frozen=True)
class Part:
    """How a file stores one frame: numbers alone."""

    box: IntBox
    dispose: Dispose = Dispose.KEEP
    over: bool = False
    """It is blended over what is there; else it takes its place, clear pixels too."""
    duration_ms: Fraction = Fraction(0)
    quality: float | None = None
    """libwebp's quality, 0 to 100, of a lossy frame: estimated."""


@dataclass(frozen=True, eq=False)
class Animation:
    """Pictures of one size that are shown one after another; all have an alpha channel, since a canvas begins clear."""

    frames: tuple[Picture, ...]
    durations_ms: tuple[Fraction, ...]
    """How long each is shown, exactly; viewers show 0 for as long as they like."""
    plays: int
    """How often all are shown; 0 is for ever."""
    parts: tuple[Part, ...] = field(repr=False)
    """How the source stored each frame."""
    untouched: bytes | None = field(default=None, repr=False)
    """The source's own file without its metadata, or None if a frame holds anything that is not shown; not to be
    stored but by ``animation.write``, as ``Encoding.untouched``."""

    def __post_init__(self) -> None:
        """Refuse frames that do not go together."""
        counts = {len(self.frames), len(self.durations_ms), len(self.parts)}
        kinds = {(one.size_wh, one.channels, one.format, one.pixels.dtype.str) for one in self.frames}
        if len(counts) != 1 or len(kinds) != 1:
            raise SpecError(f"an animation needs frames of one kind, with a duration each, got {counts}, {kinds}")
        if not self.frames[0].channels.has_alpha:
            raise SpecError(f"frames of an animation have alpha, got {self.frames[0].channels}")

    @property
    def format(self) -> Format:
        """The format of the file."""
        return self.frames[0].format

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        return self.frames[0].size_wh

    @property
    def white(self) -> int:
        """The sample value of full opacity."""
        return _WHITE[self.frames[0].pixels.dtype.itemsize]

    def with_frames(self, frames: Iterable[Picture]) -> "Animation":
        """Return the animation with other pictures of the same kind: ``with_pixels`` of its own."""
        return replace(self, frames=tuple(frames))


def opaque(pixels: Pixels, key: tuple[int, ...] = ()) -> Pixels:
    """Return samples with an alpha channel, white but for pixels of the colour ``key``: these are zero."""
    alpha = np.full((*pixels.shape[:2], 1), _WHITE[pixels.dtype.itemsize], pixels.dtype)
    out = np.concatenate([pixels, alpha], axis=2)
    if key:
        out[(pixels == np.array(key, np.uint16)).all(axis=2)] = 0
    return out


def compose(
    stored: Iterable[tuple[Part, Pixels]], size_wh: tuple[int, int], blend: Blend
) -> Iterator[tuple[Pixels, bool]]:
    """Yield the canvas of each frame as a new array, and whether all that the frame stores is seen on it.

    Alive at the same time: two canvases, one more where a frame is to be restored, and one stored frame.

    Args:
        stored: frames with their samples, ``(h, w, c)``, alpha last; nothing under alpha 0.
        size_wh: the canvas; boxes may lie outside.
        blend: for pixels that are blended.
    """
    canvas: Pixels | None = None
    for part, pixels in stored:
        if canvas is None:
            canvas = np.zeros((size_wh[1], size_wh[0], pixels.shape[2]), pixels.dtype)
        before = canvas.copy() if part.dispose is Dispose.RESTORE else canvas
        (x0, y0, x1, y1), (width, height) = part.box, size_wh
        inside = x1 <= width and y1 <= height
        spot = canvas[y0:y1, x0:x1]
        drawn = pixels[: spot.shape[0], : spot.shape[1]]
        _draw(spot, drawn, blend if part.over else None)
        seen = inside and bool(((spot == drawn).all(axis=2) | (drawn[..., -1] == 0)).all())
        yield canvas.copy(), seen
        if part.dispose is Dispose.CLEAR:
            spot[...] = 0
        elif part.dispose is Dispose.RESTORE:
            canvas = before


def _draw(spot: Pixels, drawn: Pixels, blend: Blend | None) -> None:
    if blend is None:
        spot[...] = drawn
        return
    alpha = drawn[..., -1]
    mixed = (alpha != 0) & (alpha != _WHITE[drawn.dtype.itemsize]) & (spot[..., -1] != 0)
    blended = blend(drawn[mixed], spot[mixed]) if mixed.any() else None
    np.copyto(spot, drawn, where=(alpha != 0)[..., None])
    if blended is not None:
        spot[mixed] = blended


def changes(frames: Iterable[Pixels], step: int = 1) -> Iterator[tuple[IntBox, Pixels]]:
    """Yield for each frame the box of what differs from the frame before, and a copy of the samples in it.

    Nothing is under alpha 0. The first box is all, an empty one is the first pixel. ``step`` is what the box's left
    and top are multiples of.
    """
    before: Pixels | None = None
    for frame in frames:
        height, width = frame.shape[:2]
        box = (0, 0, width, height) if before is None else bounds((frame != before).any(axis=2))
        x0, y0 = box[0] // step * step, box[1] // step * step
        samples = np.ascontiguousarray(frame[y0 : box[3], x0 : box[2]]).copy()
        hide(samples, Channels.RGBA)
        yield (x0, y0, box[2], box[3]), samples
        before = frame


def bounds(mask: Pixels) -> IntBox:
    """Return the box of what is set in ``(h, w)``; the first pixel if nothing is.

    Examples:
        >>> bounds(np.array([[0, 0, 0], [0, 1, 1]], bool))
        (1, 1, 3, 2)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
