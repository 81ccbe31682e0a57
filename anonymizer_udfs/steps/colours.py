"""How a step changes colours: those of every pixel, and those of the file's tables, so that the file can hold them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.imaging.base import Pixels

_BAND_ROWS = 256


def recoloured(picture: Picture, change: Callable[[Pixels, int], Pixels]) -> Picture:
    """Return a picture with other colours; alpha stays.

    Args:
        picture: any.
        change: from colours ``(h, w, c)`` and their white to other ones of the same kind, each pixel by itself.
    """
    pixels = picture.pixels.copy()
    colours = pixels[..., :-1] if picture.channels.has_alpha else pixels
    for top in range(0, len(colours), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        colours[band] = change(colours[band], picture.white)
    if picture.channels.has_alpha:
        colours[pixels[..., -1] == 0] = 0
    return replace(picture, pixels=np.ascontiguousarray(pixels), encoding=picture.encoding.recoloured(change))
