"""A few low frequencies with metric-private noise: the less two faces differ, the less they can be told apart."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Patch, Target, check_count, check_ratio, colours, full_range
from anonymizer_udfs.methods.cells import Cells

CELLS = 16
"""Means along a side of the face that its frequencies are taken from."""
UNIT_LEVELS = 25.5
"""The distance that the loss is told for: a tenth of the range, as root mean square over the region's means."""
LEVELS = 255


@dataclass(frozen=True)
class DpDct:
    """Keep a few cosines of the region, moved by noise, and draw the region from these alone.

    Metric privacy (Chatzikokolakis et al. 2013): for two regions at the distance ``d``, each result is at most
    ``exp(epsilon * d)`` times as likely for one as for the other, ``d`` being 1 where their means over 16x16 cells of
    the face differ by 25.5 levels (root mean square over cells and channels). Unlike a loss for a few pixels that
    speaks of whole faces at once. The noise is that of the Euclidean norm: a direction drawn evenly, a length from a
    gamma distribution with one degree of freedom a number kept. The transform is orthonormal, so distances in it are
    distances of the means, and leaving numbers out only makes them smaller.

    Metric privacy needs noise in proportion to the numbers kept: four cosines across and down in three colours with a
    loss of 60 get noise of 20 levels. Of 200 portraits of LFW two faces are 2.4 units apart in the median, 1.7 to 3.4
    in nine of ten pairs, so the default's loss for telling two people apart is 70 or so: a formula, not a protection.
    The noise comes from the lake's key: whoever has the key can take it away.

    Attributes:
        epsilon: the loss for one unit of distance, 0.1 to 1,000.
        cosines: kept across and down the face, the mean counted, 1 to 8.
    """

    epsilon: float = 30.0
    cosines: int = 4

    name: ClassVar[str] = "dp_dct"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "epsilon", check_ratio("epsilon", self.epsilon, 0.1, 1000))
        check_count("cosines", self.cosines, 1, 8)

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above pixelation; fewer cosines are stronger, then a smaller loss."""
        return (2.5, -self.cosines, -self.epsilon)

    def promise(self, target: Target, pixels: int, channels: int) -> dict[str, float]:
        """Return the loss for one unit of distance, and for the greatest there is, black against white.

        Examples:
            >>> DpDct(30).promise(Target((0, 0, 9, 9)), 100, 3)
            {'epsilon_unit_distance': 30.0, 'epsilon_any_two': 300.0}
        """
        del target, pixels, channels
        return {"epsilon_unit_distance": self.epsilon, "epsilon_any_two": self.epsilon * LEVELS / UNIT_LEVELS}

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch drawn from noisy cosines; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        grid = Cells.over(patch.shape[:2], target, CELLS)
        step = full_range(patch) / LEVELS
        means = grid.sums(patch[..., treated]) / (grid.areas * step)
        rows, columns = (min(n, math.ceil(self.cosines * n / CELLS)) for n in grid.shape)
        down, across = (_basis(np.arange(n) + 0.5, k, n) for n, k in zip(grid.shape, (rows, columns), strict=True))
        kept = np.einsum("yr,yxc,xk->rkc", down, means, across)
        kept += self._noise(kept.size, means.size, rng).reshape(kept.shape)
        below, beside = (
            _basis(_in_cells(edges), k, len(edges) - 1) for edges, k in ((grid.ys, rows), (grid.xs, columns))
        )
        for channel, waves in zip(treated, np.moveaxis(kept, 2, 0), strict=True):
            levels = below.astype(np.float32) @ (waves @ beside.T).astype(np.float32)
            np.clip(np.rint(levels, out=levels), 0, LEVELS, out=levels)
            out[..., channel] = levels * round(step)
        return out

    def _noise(self, kept: int, means: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return noise with a density that falls by ``exp(-epsilon)`` for each unit of distance."""
        direction = rng.standard_normal(kept)
        unit = UNIT_LEVELS * math.sqrt(means)
        return np.asarray(direction / np.linalg.norm(direction) * rng.gamma(kept, unit / self.epsilon))


def _in_cells(edges: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return where each pixel's centre lies, counted in cells."""
    return np.interp(np.arange(edges[-1]) + 0.5, edges, np.arange(len(edges)))


def _basis(at: NDArray[np.floating], count: int, cells: int) -> NDArray[np.float64]:
    """Return the first cosines of the orthonormal DCT-II over ``cells`` cells, at places counted in cells."""
    waves = np.arange(count)
    weight = np.where(waves == 0, math.sqrt(1 / cells), math.sqrt(2 / cells))
    return np.asarray(np.cos(np.pi / cells * np.outer(at, waves)) * weight)
