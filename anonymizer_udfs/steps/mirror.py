"""Mirror: left becomes right, so that a search for the same picture elsewhere finds less."""

from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np

from anonymizer_udfs.imaging import Picture, orientation


@dataclass(frozen=True)
class Mirror:
    """The picture as it is seen changes its left and its right; text in it is then mirrored, too."""

    name: ClassVar[str] = "mirror"
    mirrors: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def apply(self, picture: Picture) -> Picture:
        """Return the mirrored picture: of one that is stored lying, rows change places."""
        about = 0 if orientation.swapped(picture.orientation) else 1
        return replace(picture, pixels=np.asarray(cv2.flip(picture.pixels, about).reshape(picture.pixels.shape)))
