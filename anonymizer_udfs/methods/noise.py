"""Keyed noise over the region, in grains of many sizes, so that no filter takes all of it out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods.base import Patch, Target, check_ratio, colours, face_pixels, full_range
from anonymizer_udfs.methods.cells import Cells

SCOPES = ("face", "local")
GRAINS = (2, 4, 8, 16)
"""Grains along a side of the face: where faces differ from each other. The noise of single pixels comes on top."""
CONTRAST_LEAST = 0.08
"""Of the full range; a face in fog or darkness gets as much noise as one with this contrast."""
_PIXELS = 0.5
"""Of a grain's: seen from afar it is gone, so that a larger face must not depend on it."""
_UNIFORM = math.sqrt(12 / (256**2 - 1))
"""One over the standard deviation of a uniform byte. Of a single pixel the law does not matter, and bytes are cheap."""
_LOCAL_CELLS = 6


@dataclass(frozen=True)
class Noise:
    """Add noise of four grain sizes and of the single pixel, relative to the face's contrast.

    Noise of one grain is removed by a filter of a few grains; what is spread over all of them has a share at the sizes
    in which features differ from person to person, and there no filter can tell the two apart.

    Attributes:
        amplitude: standard deviation of the grains' sum, 0.25 to 16 times the contrast (the standard deviation of the
            face's pixels; at least 0.08 of the full range).
        scope: ``face``: one contrast for all; ``local``: that of each of 6x6 cells over the face, which leaves flat
            skin smoother.
    """

    amplitude: float = 4.0
    scope: str = "face"

    name: ClassVar[str] = "noise"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "amplitude", check_ratio("amplitude", self.amplitude, 0.25, 16))
        if self.scope not in SCOPES:
            raise UnknownNameError("scope of noise", str(self.scope), SCOPES)

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: beside blur, below pixelation; more is stronger."""
        return (1.5, self.amplitude)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with noise; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        colour = patch[..., treated]
        added = rng.integers(0, 256, colour.shape, np.uint8).astype(np.float32)
        added -= 127.5
        added *= _PIXELS * _UNIFORM
        grids = [Cells.over(patch.shape[:2], target, grains) for grains in GRAINS]
        added += _summed(grids, [rng.standard_normal((*grid.shape, len(treated))) for grid in grids])
        added *= self.amplitude / math.sqrt(len(GRAINS)) * self._contrast(colour, target).astype(np.float32)
        added += colour
        np.clip(np.rint(added, out=added), 0, full_range(patch), out=added)
        out[..., treated] = added.astype(patch.dtype)
        return out

    def _contrast(self, pixels: Patch, target: Target) -> NDArray[np.float64]:
        """Return the contrast that the noise is relative to: one number, or ``(h, w, 1)``."""
        least = CONTRAST_LEAST * full_range(pixels)
        if self.scope == "face":
            inside = face_pixels(pixels, target)
            return np.array(max(least, float(inside.std((0, 1)).mean()) if inside.size else 0.0))
        grid = Cells.over(pixels.shape[:2], target, _LOCAL_CELLS)
        mean, square = (grid.sums(values) / grid.areas for values in (pixels, pixels.astype(np.int64) ** 2))
        cells = np.sqrt(np.maximum(square - mean**2, 0)).mean(2, keepdims=True)
        return grid.filled(np.maximum(cells, least))


def _summed(grids: Sequence[Cells], values: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Return the sum of what several grids give each pixel; made cell by cell where all of them are cut."""
    ys, xs = (np.unique(np.concatenate([getattr(grid, axis) for grid in grids])) for axis in ("ys", "xs"))
    cells = np.zeros((len(ys) - 1, len(xs) - 1, values[0].shape[2]), np.float32)
    for grid, mine in zip(grids, values, strict=True):
        rows, columns = (np.searchsorted(own, cut[:-1], "right") - 1 for own, cut in ((grid.ys, ys), (grid.xs, xs)))
        cells += mine[rows][:, columns].astype(np.float32)
    return Cells(ys, xs).filled(cells)
