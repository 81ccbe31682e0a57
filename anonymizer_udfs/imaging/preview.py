"""JPEG decoded at a half, a quarter or an eighth of its size, for who need not see more.

libjpeg computes a smaller inverse transform of each block: of a 12-megapixel photo a half costs 0.52 of a whole decode,
a quarter 0.36. Detectors find the same as long as what they are shown is not larger than what was decoded.
"""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

from anonymizer_udfs.imaging import ifd, jpeg_parts
from anonymizer_udfs.imaging.raster import to_array
from anonymizer_udfs.outcome import BadImageError

DENOMINATORS = (8, 4, 2)
_FILLED = frozenset({127, 128})


def preview(data: bytes, denominator: int) -> tuple[NDArray[np.uint8], int] | None:
    """Return a JPEG's picture at a fraction of its size, and its orientation; none where a whole decode has to decide.

    None for ink (its colours are converted from the whole), for what cannot be decoded or may end early: the whole
    decode says what is wrong with it.

    Args:
        data: the whole file.
        denominator: 2, 4 or 8.

    Returns:
        uint8 ``(h, w, 3)`` in the orientation of the stored pixels, sides rounded up, and EXIF's number from 1 to 8.
    """
    try:
        parts = jpeg_parts.take_apart(data)
        frame = jpeg_parts.frame(data)
        compressed = parts.file((jpeg_parts.jfif(parts.density), jpeg_parts.adobe(parts.adobe_transform)))
        with JpegImageFile(io.BytesIO(compressed)) as image:
            if image.mode not in {"RGB", "L"}:
                return None
            image.draft(None, (frame.width // denominator, frame.height // denominator))
            pixels = to_array(image)
    except (BadImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error):
        return None
    wanted = tuple(-(-side // denominator) for side in (frame.height, frame.width))
    # A scan that ends early is filled with this grey; the whole decode looks closer.
    if pixels.shape[:2] != wanted or set(pixels[-1, -1].tolist()) <= _FILLED:
        return None
    rgb = pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)  # noqa: PLR2004 - three colours
    return np.asarray(rgb, np.uint8), ifd.exif_orientation(parts.exif)
