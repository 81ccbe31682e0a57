"""How far a change of pixels reaches in a file: to the pixels themselves, or to the blocks that they are coded in."""

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.cells import whole_cells
from anonymizer_udfs.imaging import jpeg_parts, jpeg_patch, turbojpeg
from anonymizer_udfs.imaging.base import Picture
from anonymizer_udfs.imaging.jpeg import JpegEncoding

_PIXEL = (1, 1)


def frame_of(picture: Picture) -> jpeg_parts.Frame | None:
    """Return the frame of a JPEG whose blocks can be replaced one by one; none of any other picture.

    None, too, where libturbojpeg is missing: the file is then encoded anew, and pixels are all that there is.
    """
    how = picture.encoding
    return jpeg_parts.frame(how.source) if isinstance(how, JpegEncoding) and turbojpeg.find() else None


def cells_wh(picture: Picture) -> tuple[int, int]:
    """Return width and height of what can be changed by itself: a pixel, or a JPEG's block of 8 to 32 pixels.

    A fill that ends within a block rings inside of it, by 31 levels and more; so fills cover whole cells.
    """
    frame = frame_of(picture)
    return jpeg_patch.blocks_wh(frame) if frame else _PIXEL


def touched(picture: Picture, box: IntBox) -> IntBox:
    """Return the box that holds every pixel that may be another one once the pixels of a box are changed."""
    frame = frame_of(picture)
    return jpeg_patch.touched(box, frame) if frame else box


def reach(picture: Picture, changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels of the file may be others once some are changed, both ``(h, w)``."""
    frame = frame_of(picture)
    if frame is None or not changed.any():
        return changed
    out = whole_cells(changed, jpeg_patch.blocks_wh(frame))
    w, h = jpeg_patch.blocks_wh(frame)
    inner = (w, h, 2 * w, 2 * h)
    x0, y0, _, _ = jpeg_patch.touched(inner, jpeg_parts.Frame(frame.marker, frame.bits, 3 * w, 3 * h, frame.components))
    kernel = np.ones((2 * (h - y0) + 1, 2 * (w - x0) + 1), np.uint8)
    return np.asarray(cv2.dilate(out.view(np.uint8), kernel), bool)
