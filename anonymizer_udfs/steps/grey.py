"""Grey: hair, skin and clothes lose their colour."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.steps.colours import recoloured

_COLOURS = 3


@dataclass(frozen=True)
class Grey:
    """Every pixel becomes the grey that is as bright, by ITU-R BT.601: 0.299 of red, 0.587 of green, 0.114 of blue.

    The file stays one of colours, so that its kind is kept.
    """

    name: ClassVar[str] = "grey"
    mirrors: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    def apply(self, picture: Picture) -> Picture:
        """Return the picture without colour. Of CMYK the three inks become one amount, and black stays."""
        return recoloured(picture, _grey) if picture.channels.samples >= _COLOURS else picture


def _grey(colours: Pixels, white: int) -> Pixels:
    del white
    if colours.shape[-1] < _COLOURS:  # the one clear colour of a grey file
        return colours
    grey = cv2.cvtColor(np.ascontiguousarray(colours[..., :_COLOURS]), cv2.COLOR_RGB2GRAY)
    same = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
    return same if colours.shape[-1] == _COLOURS else np.concatenate([same, colours[..., _COLOURS:]], axis=2)
