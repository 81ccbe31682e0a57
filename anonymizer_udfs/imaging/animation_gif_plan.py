"""How the frames of a GIF are written: as boxes whose pixels are new or clear, of at most 256 colours each.

Frames with tables of their own can together show more colours than one table holds, so a frame cannot always be written
whole. It is written as what differs from the canvas before it, whose colours are those that the source drew, if the
canvas is what it was for the source; so what becomes of a frame after it was shown is taken from the source, and
chosen otherwise only where the next frame cannot be drawn on that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.imaging.animation_base import Animation, Dispose, Part, bounds
from anonymizer_udfs.imaging.base import Picture
from anonymizer_udfs.imaging.palette import Palette

Colours = NDArray[np.uint32]
"""A canvas ``(h, w)``: red, green, blue from the lowest byte on, and 255 above; 0 is clear."""

_MOST = 256
_OPAQUE = 128
_CLEAR = np.uint32(0)


@dataclass(frozen=True)
class Drawn:
    """One frame as it is to be stored."""

    box: IntBox
    indices: NDArray[np.uint8]
    colours: bytes
    """Red, green, blue of each index but the clear one."""
    clear: int | None
    dispose: Dispose
    exact: bool
    """Untreated pixels have their own colours."""


@dataclass(frozen=True)
class _Step:
    """A frame before it is known what becomes of it."""

    before: Colours
    shown: Colours
    exact: bool


def plan(animation: Animation, original: Animation | None) -> Iterator[Drawn]:
    """Yield how to store each frame.

    Pixels that differ from ``original`` may get other colours than theirs: free entries of the table go to the most
    frequent ones, the others get the nearest. Cost: a few passes over each frame, and sorting what changes in it.
    """
    width, height = animation.size_wh
    step: _Step | None = None
    sources = (None,) * len(animation.frames) if original is None else original.frames
    pairs = zip(animation.frames, sources, animation.parts, strict=True)
    last: Part | None = None
    for picture, source, part in pairs:
        wanted = _packed(picture)
        treated = np.zeros(wanted.shape, np.bool_) if source is None else wanted != _packed(source)
        base = np.zeros((height, width), np.uint32)
        if step is not None and last is not None:
            dispose, box = _choose(step, last, wanted)
            yield _drawn(step, box, dispose)
            base = _after(step, dispose, box)
        shown, exact = _fitted(base, wanted, treated)
        step, last = _Step(base, shown, exact), part
    if step is not None and last is not None:
        yield _drawn(step, _box(step), last.dispose)


def _packed(picture: Picture) -> Colours:
    """Return a picture's colours; GIF knows no opacities but two."""
    packed = np.ascontiguousarray(picture.pixels).view("<u4")[..., 0].astype(np.uint32)
    return np.where(picture.pixels[..., 3] >= _OPAQUE, packed | np.uint32(0xFF000000), _CLEAR)


def _box(step: _Step) -> IntBox:
    return bounds(step.shown != step.before)


def _after(step: _Step, dispose: Dispose, box: IntBox) -> Colours:
    """Return the canvas for the next frame."""
    if dispose is Dispose.RESTORE:
        return step.before
    if dispose is Dispose.KEEP:
        return step.shown
    x0, y0, x1, y1 = box
    out = step.shown.copy()
    out[y0:y1, x0:x1] = _CLEAR
    return out


def _choose(step: _Step, part: Part, wanted: Colours) -> tuple[Dispose, IntBox]:
    """Return what becomes of a frame, and its box, so that the next one can be drawn with the fewest colours lost."""
    height, width = wanted.shape
    small, full = _box(step), (0, 0, width, height)
    left, top, right, bottom = part.box
    own = (
        min(small[0], left),
        min(small[1], top),
        max(small[2], min(right, width)),
        max(small[3], min(bottom, height)),
    )
    options = [(Dispose.KEEP, small), (Dispose.RESTORE, small), (Dispose.CLEAR, own), (Dispose.CLEAR, full)]
    options.sort(key=lambda option: option[0] is not part.dispose)
    best, fewest = (Dispose.CLEAR, full), wanted.size + 1
    for dispose, box in options:
        base = _after(step, dispose, box)
        if ((wanted == _CLEAR) & (base != _CLEAR)).any() or _table(step.before, step.shown, box) is None:
            continue
        if _table(base, wanted, bounds(base != wanted)) is not None:
            return dispose, box
        count = len(np.unique(wanted[base != wanted]))
        if count < fewest:
            best, fewest = (dispose, box), count
    return best


def _table(base: Colours, wanted: Colours, box: IntBox) -> tuple[Colours, bool] | None:
    """Return the colours to draw a frame with in a box, and whether pixels are clear; None if they are too many."""
    x0, y0, x1, y1 = box
    inside, under = wanted[y0:y1, x0:x1], base[y0:y1, x0:x1]
    colours = np.unique(inside[inside != under])
    if len(colours) < _MOST:
        return colours, True
    colours = np.unique(inside)
    return (colours, False) if len(colours) == _MOST and colours[0] != _CLEAR else None


def _fitted(base: Colours, wanted: Colours, treated: NDArray[np.bool_]) -> tuple[Colours, bool]:
    """Return what can be shown of a frame, and whether all pixels that were not treated are what they should be."""
    if _table(base, wanted, bounds(base != wanted)) is not None:
        return wanted, True
    changed, most = (base != wanted) & (wanted != _CLEAR), _MOST - 1
    fixed, counts = np.unique(wanted[changed & ~treated], return_counts=True)
    x0, y0, x1, y1 = bounds(base != wanted)
    if len(fixed) > most and wanted[y0:y1, x0:x1].all():
        # A box without clear pixels has room for one colour more, if all of it is drawn.
        changed[y0:y1, x0:x1], most = True, _MOST
        fixed, counts = np.unique(wanted[changed & ~treated], return_counts=True)
    exact = len(fixed) <= most
    kept = fixed if exact else np.sort(fixed[np.argsort(-counts, kind="stable")[:most]])
    others, counts = np.unique(wanted[changed & treated], return_counts=True)
    new = ~np.isin(others, kept)
    free = others[new][np.argsort(-counts[new], kind="stable")[: most - len(kept)]]
    table = np.union1d(kept, free)
    rgba = wanted[changed].astype("<u4").view(np.uint8).reshape(1, -1, 4)
    indices, _ = Palette(_rgb(table)).indices(rgba[..., :3])
    shown = wanted.copy()
    shown[changed] = table[indices[0]]
    return shown, exact and not ((wanted == _CLEAR) & (base != _CLEAR)).any()


def _rgb(colours: Colours) -> bytes:
    return colours.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _drawn(step: _Step, box: IntBox, dispose: Dispose) -> Drawn:
    exact, shown, found = step.exact, step.shown, _table(step.before, step.shown, box)
    if found is None:
        # It has 256 colours, and must be cleared as a whole for the next: one of them goes.
        shown, exact = _fitted(step.before, shown, np.ones(shown.shape, np.bool_))[0], False
        found = np.unique(shown[shown != step.before]), True
    colours, clear = found
    x0, y0, x1, y1 = box
    inside, under = shown[y0:y1, x0:x1], step.before[y0:y1, x0:x1]
    indices = np.searchsorted(colours, inside)
    if clear:
        indices[inside == under] = len(colours)
    return Drawn(box, indices.astype(np.uint8), _rgb(colours), len(colours) if clear else None, dispose, exact)
