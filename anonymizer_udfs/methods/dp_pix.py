"""Pixelation with noise that is differentially private for some changed pixels (Fan 2018)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.methods.base import Patch, Target, check_count, check_ratio, colours, full_range
from anonymizer_udfs.methods.cells import Cells

LEVELS = 255


@dataclass(frozen=True)
class DpPix:
    """Replace each cell by its mean plus discrete Laplace noise.

    L. Fan, Image Pixelization with Differential Privacy (DBSec 2018): two pictures are neighbours if they differ in at
    most ``m`` pixels; of neighbours, each result is at most ``exp(epsilon)`` times as likely for one as for the
    other, in each colour channel. The sum of a cell's levels is a whole number that such a change moves by
    ``255 * m`` at most, so two-sided geometric noise of that scale over ``epsilon`` keeps it exactly
    (Ghosh et al. 2009), whatever the machine's floating point does; rounding comes after it.

    What that promises: that a few pixels, a mole, an earring, cannot be told. What it does not: that a face cannot.
    A whole face in colour has thousands of pixels, and the loss adds up: :meth:`promise` says to what. A published
    0.1 for 16 pixels in cells of 16x16 is 235 for a face of 112x112 in three channels, which promises nothing.
    The noise comes from the lake's key: whoever has the key can take it away.

    Attributes:
        epsilon: the loss for ``m`` changed pixels in one channel, 0.001 to 100.
        changed_ratio: ``m`` as a share of the pixels of the face's box, above 0 up to 1, at least one pixel. The
            default is 16 of a face of 112x112.
        cells: cells along a side of the face's box, 1 to 16.
    """

    epsilon: float = 0.5
    changed_ratio: float = 16 / 112**2
    cells: int = 7

    name: ClassVar[str] = "dp_pix"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "epsilon", check_ratio("epsilon", self.epsilon, 0.001, 100))
        object.__setattr__(self, "changed_ratio", check_ratio("changed_ratio", self.changed_ratio, 1e-6, 1))
        check_count("cells", self.cells, 1, 16)

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above pixelation; the more noise a cell has, the stronger.

        Fewer cells are larger ones, whose means need less noise for the same promise.
        """
        return (2.2, self.changed_ratio / self.epsilon * self.cells**2)

    def promise(self, target: Target, pixels: int, channels: int) -> dict[str, float]:
        """Return ``m``, and the loss for ``m`` pixels and for all, over all channels of a region of so many pixels.

        Examples:
            >>> DpPix(0.1).promise(Target((0, 0, 112, 112)), 112 * 112, 3)
            {'changed_pixels': 16, 'epsilon_changed_pixels': 0.3, 'epsilon_whole_region': 235.2}
        """
        one, changed = self.epsilon * channels, self._changed(target)
        return {
            "changed_pixels": changed,
            "epsilon_changed_pixels": round(one, 6),
            "epsilon_whole_region": round(one * max(1.0, pixels / changed), 6),
        }

    def _changed(self, target: Target) -> int:
        width, height = target.face_wh
        return max(1, round(self.changed_ratio * width * height))

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch in noisy cells; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        grid = Cells.over(patch.shape[:2], target, self.cells)
        step = full_range(patch) // LEVELS
        levels = (patch[..., treated].astype(np.int64) + step // 2) // step
        sums = grid.sums(levels)
        stop = -math.expm1(-self.epsilon / (LEVELS * self._changed(target)))
        noise = rng.geometric(stop, sums.shape) - rng.geometric(stop, sums.shape)
        means = (sums + noise) / grid.areas
        cells = (np.clip(np.rint(means), 0, LEVELS) * step).astype(patch.dtype)
        out[..., treated] = grid.filled(cells)
        return out
