"""How high canaries are: as the archive's own faces, as often as these."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from anonymizer_udfs.errors import SpecError

LEAST_PX = 20
"""Smaller faces than this have no figure; see the gate."""
CLASSES = ((20, 32), (32, 64), (64, 128), (128, None))
ASSUMED = (20, 200)
"""Where the job has measured no face at all: heights between these, even on a logarithmic scale."""
SPREAD = 0.1


@dataclass(frozen=True)
class Sizes:
    """The heights of an archive's faces; the longer side of a box counts, since a turned picture's boxes lie.

    What a job has measured lacks the very sizes to which its detectors are blind. So a share of the canaries is drawn
    without regard to how often a size is there: from :data:`LEAST_PX` to the highest, even on a logarithmic scale.

    Attributes:
        counts: how many faces are of a height, in whole pixels rounded down, from the lowest on; those below
            :data:`LEAST_PX` are left out.
        spread: the share that is drawn evenly, in [0, 1].
    """

    counts: tuple[tuple[int, int], ...] = ()
    spread: float = SPREAD

    def __post_init__(self) -> None:
        """Refuse shares and counts that are none."""
        if not 0 <= self.spread <= 1:
            raise SpecError(f"spread must be in [0, 1], got {self.spread}")
        heights = [height for height, _ in self.counts]
        if heights != sorted(set(heights)) or any(h < LEAST_PX or n < 1 for h, n in self.counts):
            raise SpecError(f"counts must be of rising heights from {LEAST_PX} px on, each at least 1")

    @classmethod
    def measured(cls, counts: Mapping[int, int], spread: float = SPREAD) -> "Sizes":
        """Return the sizes of faces that were counted by height; those too low are left out."""
        return cls(tuple(sorted((h, n) for h, n in counts.items() if h >= LEAST_PX and n > 0)), spread)

    @property
    def assumed(self) -> bool:
        """Whether nothing was measured, so that sizes are assumed."""
        return not self.counts

    @property
    def most_px(self) -> int:
        """The highest that is drawn, and one pixel more."""
        return self.counts[-1][0] + 1 if self.counts else ASSUMED[1]

    def draw(self, rng: Generator, most_px: float = math.inf) -> float | None:
        """Return a height of at most ``most_px``; none where that is below :data:`LEAST_PX`.

        Examples:
            >>> sizes = Sizes(((30, 1), (90, 3)), spread=0)
            >>> [int(sizes.draw(np.random.default_rng(seed), 60)) for seed in range(3)]
            [30, 30, 30]
            >>> sizes.draw(np.random.default_rng(0), 19)
        """
        if most_px < LEAST_PX:
            return None
        evenly = rng.random() < self.spread
        known = [(h, n) for h, n in self.counts if h <= most_px]
        if evenly or not known:
            high = max(LEAST_PX, min(most_px, self.most_px))
            drawn = float(np.exp(rng.uniform(math.log(LEAST_PX), math.log(high))))
            return min(max(drawn, LEAST_PX), high)  # a logarithm and back may lose the last digit
        weights = np.array([n for _, n in known], float)
        height = known[int(rng.choice(len(known), p=weights / weights.sum()))][0]
        return min(height + float(rng.random()), most_px)


def size_class(height_px: float) -> str:
    """Return the name of the class that a height is in.

    Examples:
        >>> [size_class(height) for height in (20, 63.9, 64, 500)]
        ['20-31', '32-63', '64-127', '128+']
    """
    for low, high in CLASSES:
        if high is None or height_px < high:
            return f"{low}+" if high is None else f"{low}-{high - 1}"
    raise AssertionError  # the last class has no end
