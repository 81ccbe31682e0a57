"""The few coarse numbers of a region that a drawn person is coloured by: all that is known of the picture then."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Patch, Target, full_range
from anonymizer_udfs.methods.cells import Cells
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.grain import grain_levels
from anonymizer_udfs.methods.looks import Colour

Zone = tuple[float, float, float, float]
"""``x0 y0 x1 y1`` in the face's coordinates."""

CELLS = 12
"""Along a side of the face's box: nothing is read but means over such cells."""
LEFT: Zone = (-9.0, -9.0, -0.85, 0.6)
RIGHT: Zone = (0.85, -9.0, 9.0, 0.6)
SKIN: Zone = (-0.32, -0.08, 0.32, 0.24)
CLOTHES: Zone = (-0.6, 1.0, 0.6, 9.0)
CHEEKS: tuple[Zone, Zone] = ((-0.4, -0.08, -0.12, 0.3), (0.12, -0.08, 0.4, 0.3))
_CHEEK_X = 0.26
LIGHT_STEP, LIGHT_MOST = 0.1, 0.2
NOISES = (5, 3)
"""Shape of the noise of a reading: four colours and the light, of three numbers at the most."""
INKS = 4
_FALL = 0.06
"""Where no cell lies in a zone the nearest ones count, by a bell of this width."""
_TO_LUMA_CHROMA = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""ITU-R BT.601, as JPEG has it."""
_FROM_LUMA_CHROMA = np.linalg.inv(_TO_LUMA_CHROMA)
_FINER, _QUIETER = np.array([1, 3, 3]), np.array([1, 6, 6])
"""Hue and saturation are rounded to a third of the step and get a sixth of the noise: skin is told from grass there."""


@dataclass(frozen=True, eq=False)
class Reading:
    """How a region is read: in coarse means, with noise, rounded.

    Attributes:
        means: of cells, light in [0, 1], ``(n, c)``: grey, or red, green and blue, of inks as well.
        at: the cells' centres in the face's coordinates, ``(n, 2)``.
        areas: their pixels, ``(n,)``.
        levels: tones that a colour is rounded to.
        noise: :data:`NOISES` numbers that are added before, as shares of the full range.
    """

    means: NDArray[np.float64]
    at: NDArray[np.float64]
    areas: NDArray[np.float64]
    levels: int
    noise: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: Patch, target: Target, levels: int, noise: NDArray[np.float64]) -> "Reading":
        """Return the reading of a patch's colours, alpha left out."""
        grid = Cells.over(pixels.shape, target, CELLS)
        means = grid.sums(pixels) / (grid.areas * full_range(pixels))
        if means.shape[2] == INKS:
            means = (1 - means[..., :3]) * (1 - means[..., 3:])
        rows, columns = ((edges[:-1] + edges[1:]) / 2 for edges in (grid.ys, grid.xs))
        centres = np.stack(np.meshgrid(columns, rows), 2).reshape(-1, 2)
        facing = Facing.by_box(target)
        at = (centres - facing.matrix[:, 2]) @ facing.matrix[:, :2] / facing.width_px**2
        return cls(means.reshape(len(at), -1), at, grid.areas.ravel().astype(np.float64), levels, noise)

    def mean(self, zone: Zone) -> Colour:
        """Return the mean over the cells in a zone, or nearest to it where none lies in it."""
        x0, y0, x1, y1 = zone
        beside = np.maximum(0, np.maximum([x0, y0] - self.at, self.at - [x1, y1]))
        square = (beside**2).sum(1)
        weights = self.areas * np.exp((square.min() - square) / (2 * _FALL**2))
        return np.asarray(weights @ self.means / weights.sum())

    def colour(self, zone: Zone, which: int) -> tuple[float, ...]:
        """Return a zone's colour with the noise of one row, rounded."""
        mean, noise, steps = self.mean(zone), self.noise[which], self.levels - 1
        if len(mean) == len(_TO_LUMA_CHROMA):
            moved = _TO_LUMA_CHROMA @ mean + noise / _QUIETER
            rounded = _FROM_LUMA_CHROMA @ (np.rint(moved * steps * _FINER) / (steps * _FINER))
        else:
            rounded = np.rint((mean + noise[: len(mean)]) * steps) / steps
        return tuple(np.clip(rounded, 0, 1).tolist())


@dataclass(frozen=True)
class Surroundings:
    """What is around a head: 7 numbers of a picture in colour, 3 of a grey one.

    Attributes:
        left: the colour on the left side of the head as it is seen.
        right: that on its right side.
        grain: of the region, a standard deviation in levels of 255.
    """

    left: tuple[float, ...]
    right: tuple[float, ...]
    grain: float

    @classmethod
    def of(cls, pixels: Patch, reading: Reading) -> "Surroundings":
        """Return those of a patch's colours and their reading."""
        return cls(reading.colour(LEFT, 0), reading.colour(RIGHT, 1), grain_levels(pixels))

    @property
    def numbers(self) -> tuple[float, ...]:
        """All of them, one after the other."""
        return (*self.left, *self.right, self.grain)


@dataclass(frozen=True)
class Tones:
    """What a person is coloured by: 7 numbers of a picture in colour, 3 of a grey one.

    Attributes:
        skin: the colour of nose and cheeks.
        clothes: that below the chin.
        light: how much lighter the right cheek is than the mean of both, as a share of that: one of five numbers.
    """

    skin: tuple[float, ...]
    clothes: tuple[float, ...]
    light: float

    @classmethod
    def of(cls, reading: Reading) -> "Tones":
        """Return those of a reading."""
        left, right = (float(reading.mean(zone).mean()) for zone in CHEEKS)
        share = (right - left) / max(right + left, np.finfo(np.float64).tiny) + float(reading.noise[4, 0])
        light = min(max(round(share / LIGHT_STEP) * LIGHT_STEP, -LIGHT_MOST), LIGHT_MOST)
        return cls(reading.colour(SKIN, 2), reading.colour(CLOTHES, 3), light)

    @property
    def slope(self) -> float:
        """How much lighter the face gets for each width of its box to the right, as a share."""
        return self.light / _CHEEK_X

    @property
    def numbers(self) -> tuple[float, ...]:
        """All of them, one after the other."""
        return (*self.skin, *self.clothes, self.light)
