"""One scene: composed, spoilt as its cell asks, and encoded; the bytes are all that a finder gets."""

import functools
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs import boxes
from anonymizer_udfs.imaging import orientation
from benchmarks.recalls import bodies, disguises, heads
from benchmarks.recalls.backgrounds import background
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.layout import Layout, Spot, layouts
from benchmarks.recalls.portraits import Portrait, Rgb

SEED = 20261121
KEPT = Path(__file__).resolve().parents[2] / "build" / "recall"
_INVERSE = {6: 8, 8: 6}
"""The orientation that undoes another one; all others undo themselves."""
_EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Scene:
    """An encoded picture and where its faces are.

    Attributes:
        data: the file.
        truth: float32 ``(n, 4)`` in the picture as it is seen, clipped to it.
        size_wh: of the picture as it is seen.
        index: which scene of its cell.
        ignored: boxes that count neither as missed nor as false; only labelled folders have some.
    """

    data: bytes = field(repr=False)
    truth: NDArray[np.float32]
    size_wh: tuple[int, int]
    index: int
    ignored: NDArray[np.float32] = field(default_factory=boxes.empty)


def scenes(
    cell: Cell, portraits: Sequence[Portrait], faces: int, seed: int = SEED, kept: Path = KEPT
) -> Iterator[Scene]:
    """Yield the scenes of a cell until they hold at least ``faces`` faces; so many scenes for a cell without faces."""
    for one in layouts(cell, seed, len(portraits), faces):
        yield scene(cell, one, portraits, seed, kept)


def scene(cell: Cell, layout: Layout, portraits: Sequence[Portrait], seed: int = SEED, kept: Path = KEPT) -> Scene:
    """Return one scene; the same bytes for the same arguments and library versions.

    Args:
        cell: what is asked.
        layout: where faces go.
        portraits: whose faces.
        seed: of everything that is drawn.
        kept: a folder in which mattes are kept.
    """
    rng = np.random.default_rng([seed, cell.seed, layout.index, 1])
    canvas = background(rng, layout.size_wh)
    truth = []
    for spot in sorted(layout.spots, key=_depth):
        one = _head(portraits[spot.person], kept / "mattes")
        bodies.draw(canvas, one, spot, rng)
        if cell.occlusion:
            one = disguises.occlude(one, cell.occlusion, rng)
        truth.append(heads.paste(canvas, one, spot.centre_xy, spot.height_px, spot.roll_deg))
    if cell.blur:
        canvas = disguises.blurred(canvas, *cell.blur, rng)
    if cell.gain != 1:
        canvas = disguises.dark(canvas, cell.gain)
    clipped = boxes.clip(np.stack(truth), layout.size_wh) if truth else boxes.empty()
    return Scene(encoded(canvas, cell), clipped, layout.size_wh, layout.index)


def _depth(spot: Spot) -> float:
    """Return how near a person stands: how far down, along the body, the shoulders are."""
    turn = math.radians(spot.roll_deg)
    x, y = spot.centre_xy
    return y * math.cos(turn) - x * math.sin(turn) + bodies.SHOULDERS * spot.height_px


def encoded(rgb: Rgb, cell: Cell) -> bytes:
    """Return the picture as JPEG with 4:2:0 chroma, its pixels stored as the cell's orientation has them."""
    stored = orientation.upright(rgb, _INVERSE.get(cell.orientation, cell.orientation))
    image = Image.fromarray(stored)
    if cell.grey:
        image = image.convert("L")
    options = {}
    if cell.orientation != 1:
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = cell.orientation
        options["exif"] = exif.tobytes()
    file = io.BytesIO()
    image.save(file, "JPEG", quality=cell.quality, subsampling=0 if cell.grey else 2, **options)
    return file.getvalue()


@functools.lru_cache(maxsize=256)
def _head(portrait: Portrait, kept: Path) -> heads.Head:
    return heads.head(portrait, kept)
