"""Tones: fewer of them, so that shades that tell people and clothes apart fall together."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.steps.colours import recoloured

LEVELS_MAX = 128


@dataclass(frozen=True)
class Tones:
    """Every sample becomes the nearest of a few levels, evenly apart from black to white.

    Attributes:
        levels: how many of each colour, in [2, 128].
    """

    levels: int = 8

    name: ClassVar[str] = "tones"
    mirrors: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a number of levels that is none."""
        value: object = self.levels
        if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= LEVELS_MAX:  # noqa: PLR2004 - black and white
            raise SpecError(f"levels must be a whole number in [2, {LEVELS_MAX}], got {value!r}")

    def apply(self, picture: Picture) -> Picture:
        """Return the picture in few tones."""
        return recoloured(picture, self._few)

    def _few(self, colours: Pixels, white: int) -> Pixels:
        steps = self.levels - 1
        values = np.minimum(np.arange(np.iinfo(colours.dtype).max + 1), white)
        table = np.rint(np.rint(values * (steps / white)) * (white / steps)).astype(colours.dtype)
        if colours.dtype == np.uint8:  # a tenth of the time of NumPy's
            return np.asarray(cv2.LUT(np.ascontiguousarray(colours), table)).reshape(colours.shape)
        return np.asarray(np.take(table, colours))
