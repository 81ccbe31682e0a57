"""Keyed shuffling: of tiles, or of the phases of the region's spectrum. Not undone without the key."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods.base import Patch, Target, check_count, colours, full_range
from anonymizer_udfs.methods.cells import Cells

WAYS = ("tiles", "phases")
SPECTRUM_PX = 128
"""Larger faces are shrunk to this width for their spectrum: what is finer is gone, and time does not grow with it."""


@dataclass(frozen=True)
class Scramble:
    """Put the region's parts elsewhere, under the key.

    ``tiles`` moves and turns tiles among those of their size: every pixel is still there, so its tones and textures are
    kept, and whoever solves the puzzle has the face. ``phases`` keeps the amplitude of each spatial frequency and draws
    its phase anew, one and the same turn for all colours: the texture is like itself, and where anything was is gone.

    Attributes:
        way: ``tiles`` or ``phases``.
        cells: tiles along a side of the face's box, 2 to 32; ``phases`` does not use it. More are smaller, and harder
            to put together.
    """

    way: str = "phases"
    cells: int = 12

    name: ClassVar[str] = "scramble"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if self.way not in WAYS:
            raise UnknownNameError("way of scramble", str(self.way), WAYS)
        check_count("cells", self.cells, 2, 32)

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: tiles below pixelation, phases above."""
        return (1.7, float(self.cells)) if self.way == "tiles" else (3.0,)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch scrambled; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        shuffled = patch[..., treated]
        if self.way == "tiles":
            out[..., treated] = _tiles(shuffled, target, self.cells, rng)
            return out
        scale = min(1.0, SPECTRUM_PX / max(target.face_wh[0], 1.0))
        h, w = (max(1, round(side * scale)) for side in patch.shape[:2])
        small = _resized(shuffled.astype(np.float32), (h, w), cv2.INTER_AREA)
        back = _resized(_phases(small, rng), patch.shape[:2], cv2.INTER_LINEAR)
        np.clip(np.rint(back, out=back), 0, full_range(patch), out=back)
        out[..., treated] = back.astype(patch.dtype)
        return out


def _resized(pixels: NDArray[np.float32], shape_hw: tuple[int, ...], how: int) -> NDArray[np.float32]:
    """Return pixels ``(h, w, c)`` at another size."""
    if pixels.shape[:2] == shape_hw[:2]:
        return pixels
    return np.asarray(cv2.resize(pixels, shape_hw[1::-1], interpolation=how), np.float32).reshape(*shape_hw[:2], -1)


def _phases(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return pixels whose spectrum has the amplitudes of ``pixels`` and phases turned by those of keyed white noise."""
    shape = pixels.shape[:2]
    noise = np.fft.rfft2(rng.standard_normal(shape, np.float32))
    turn = noise / np.maximum(np.abs(noise), np.finfo(np.float32).tiny)
    turn[0, 0] = 1.0  # the mean stays
    spectrum = np.fft.rfft2(pixels, axes=(0, 1)) * turn[..., None]
    return np.asarray(np.fft.irfft2(spectrum, s=shape, axes=(0, 1)), np.float32)


def _tiles(pixels: Patch, target: Target, cells: int, rng: np.random.Generator) -> Patch:
    """Return pixels whose tiles have changed places with others of their size, and are turned or mirrored."""
    out = pixels.copy()
    grid = Cells.over(pixels.shape[:2], target, cells)
    places: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, height in zip(grid.ys[:-1].tolist(), np.diff(grid.ys).tolist(), strict=True):
        for x, width in zip(grid.xs[:-1].tolist(), np.diff(grid.xs).tolist(), strict=True):
            places.setdefault((height, width), []).append((y, x))
    for (height, width), here in sorted(places.items()):
        order = rng.permutation(len(here))
        for at, source in zip(order, np.roll(order, 1), strict=True):  # one ring through all: none stays where it was
            (y, x), (from_y, from_x) = here[at], here[source]
            tile = pixels[from_y : from_y + height, from_x : from_x + width]
            flips = 3 if at == source else int(rng.integers(4))  # alone it is turned upside down
            tile = tile[:: -1 if flips & 1 else 1, :: -1 if flips & 2 else 1]
            out[y : y + height, x : x + width] = tile
    return out
