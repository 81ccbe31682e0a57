"""Files of images as a browser shows them: upright, in a format that it knows; and places on the screen and back.

A browser turns a JPEG by its orientation itself. What it would turn wrongly or cannot show (TIFF) is sent as PNG.
"""

import io

import numpy as np
from PIL import Image

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.decided import Box
from anonymizer_udfs.imaging import Format, orientation
from anonymizer_udfs.outcome import BadImageError

MEDIA = {
    Format.JPEG: "image/jpeg",
    Format.PNG: "image/png",
    Format.WEBP: "image/webp",
    Format.GIF: "image/gif",
    Format.BMP: "image/bmp",
}
LEAST_PX = 4
"""A drawn region has at least this many pixels a side: a smaller one is a slip of the hand."""


def shown(content: bytes, max_pixels: int) -> tuple[bytes, str]:
    """Return what a browser shows of an image file, and its media type.

    Raises:
        BadImageError: it cannot be decoded, or is too large.
    """
    header = imaging.probe(content)
    media = MEDIA.get(header.format)
    if media is not None and (header.format is Format.JPEG or header.frames > 1):
        return content, media
    picture = imaging.decode(content, max_pixels=max_pixels)
    if media is not None and picture.orientation == orientation.UPRIGHT:
        return content, media
    out = io.BytesIO()
    Image.fromarray(subject.upright(picture)).save(out, "PNG")
    return out.getvalue(), "image/png"


def turn(content: bytes, max_pixels: int) -> int:
    """Return the orientation of an image file, 1 to 8; 1 where it says none or cannot be decoded."""
    try:
        header = imaging.probe(content)
        if header.frames > 1:
            return orientation.UPRIGHT
        return imaging.decode(content, max_pixels=max_pixels).orientation
    except BadImageError:
        return orientation.UPRIGHT


def on_screen(box: Box, turned: int, stored_wh: tuple[int, int]) -> Box:
    """Return where a box of stored pixels is in the upright picture."""
    found = orientation.boxes_to_upright(np.array([box], np.float32), turned, stored_wh)[0]
    x0, y0, x1, y1 = (float(v) for v in found)
    return x0, y0, x1, y1


def in_file(box: Box, turned: int, stored_wh: tuple[int, int]) -> IntBox | None:
    """Return the whole stored pixels that a box of the upright picture touches; none where it is hardly anything.

    Examples:
        >>> in_file((1.5, 2.0, 30.2, 20.0), 1, (64, 48)), in_file((60, 2, 90, 20), 6, (64, 48))
        ((1, 2, 31, 20), None)
    """
    found = orientation.boxes_to_stored(np.array([box], np.float32), turned, stored_wh)[0]
    w, h = stored_wh
    low, high = np.floor(found[:2] + 1e-3), np.ceil(found[2:] - 1e-3)
    x0, y0 = (max(0, int(v)) for v in low)
    x1, y1 = min(w, int(high[0])), min(h, int(high[1]))
    return (x0, y0, x1, y1) if x1 - x0 >= LEAST_PX and y1 - y0 >= LEAST_PX else None
