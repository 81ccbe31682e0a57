"""Regions of a JPEG replaced, the quantized coefficients of all other blocks kept.

What is replaced are whole MCUs: the wanted pixels become coefficients with the file's own tables (``jpeg_blocks``), and
libturbojpeg writes the file again around them.

Decoders mix halved chroma with its neighbour, so one pixel around the MCUs may change as well (see ``touched``).
Progressive files with missing scans change everywhere, since a rewritten file lacks what told the decoder to smooth: so
whoever stores the file decodes it and compares it outside of ``touched`` with the source's decode first.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import jpeg_parts
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.imaging.jpeg_blocks import SIDE, PatchError, Plane, coefficients, colours, factors, largest, planes
from anonymizer_udfs.imaging.jpeg_parts import Frame, Parts
from anonymizer_udfs.imaging.turbojpeg import EditRow, Library, TransformError
from anonymizer_udfs.outcome import BadImageError

__all__ = ["PatchError", "blocks_wh", "grown", "patch", "touched"]

_ARITHMETIC = {0xC9, 0xCA}
_SEQUENTIAL = {0xC0, 0xC1}


def blocks_wh(frame: Frame) -> tuple[int, int]:
    """Return an MCU's width and height in pixels: 8 to 32.

    Examples:
        >>> blocks_wh(Frame(0xC0, 8, 99, 50, ((1, 2, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1))))
        (16, 8)
    """
    across, down = largest(frame)
    return SIDE * across, SIDE * down


def grown(box: IntBox, frame: Frame) -> IntBox:
    """Return the box grown to whole MCUs and cut at the picture's border: the pixels that are replaced.

    Raises:
        SpecError: if no pixel of the picture is in the box.

    Examples:
        >>> grown((17, 9, 20, 90), Frame(0xC0, 8, 99, 50, ((1, 2, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1))))
        (16, 8, 32, 50)
    """
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(frame.width, box[2]), min(frame.height, box[3])
    if x0 >= x1 or y0 >= y1:
        raise SpecError(f"a box must hold a pixel of the {frame.width} x {frame.height} picture, got {box}")
    w, h = blocks_wh(frame)
    return x0 // w * w, y0 // h * h, min(frame.width, -(-x1 // w) * w), min(frame.height, -(-y1 // h) * h)


def touched(box: IntBox, frame: Frame) -> IntBox:
    """Return the box that holds every pixel that may change when decoded, cut at the picture's border.

    That is ``grown`` and, where a component is halved in a direction, one pixel on both of its sides: decoders
    interpolate (libjpeg calls it fancy upsampling) from the next sample there. Other ratios are repeated, not mixed.

    Raises:
        SpecError: as ``grown``.

    Examples:
        >>> touched((17, 9, 20, 90), Frame(0xC0, 8, 99, 50, ((1, 2, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1))))
        (15, 8, 33, 50)
    """
    x0, y0, x1, y1 = grown(box, frame)
    across, down = largest(frame)
    ratios = {(across / h, down / v) for h, v in factors(frame)}
    x, y = int(bool(ratios & {(2, 1), (2, 2)})), int(bool(ratios & {(1, 2), (2, 2)}))
    return max(0, x0 - x), max(0, y0 - y), min(frame.width, x1 + x), min(frame.height, y1 + y)


def patch(source: Parts, pixels: Pixels, boxes: Sequence[IntBox], library: Library) -> Parts:
    """Return the source's parts with new pixel segments, in which only the boxes' MCUs differ.

    What lay hidden behind the picture's border in those MCUs goes as well.

    Args:
        source: the parts of a file that was decoded before; its restart intervals and scan script are not kept.
        pixels: the wanted picture as ``JpegCodec`` decodes it: ``(h, w, c)`` uint8; RGB, grey, or ink (255 is full).
        boxes: what to replace, grown to MCUs here; pixels outside of these are not looked at.
        library: see ``turbojpeg.find``.

    Raises:
        PatchError: if the file is of a kind that the library cannot rewrite as it is, or is damaged.
        SpecError: if the pixels are not of the picture's shape, or a box holds no pixel of it.
    """
    if not boxes:
        return source
    compressed = source.file()  # what the colours mean is nothing to the library
    frame = jpeg_parts.frame(compressed)
    wanted = (frame.height, frame.width, len(frame.components))
    if pixels.shape != wanted or pixels.dtype != np.uint8:
        raise SpecError(f"pixels must be {wanted} uint8, got {pixels.shape} {pixels.dtype}")
    of, at = planes(source, frame), _mcus(frame, boxes)
    edits = _edits(of, at, coefficients(pixels, colours(source, frame), of, at))
    return replace(source, segments=_rewritten(compressed, frame, edits, library))


def _mcus(frame: Frame, boxes: Sequence[IntBox]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and column of each MCU that a box touches, each once, in reading order."""
    w, h = blocks_wh(frame)
    found = np.zeros((-(-frame.height // h), -(-frame.width // w)), bool)
    for box in boxes:
        x0, y0, x1, y1 = grown(box, frame)
        found[y0 // h : -(-y1 // h), x0 // w : -(-x1 // w)] = True
    rows, columns = np.nonzero(found)
    return rows, columns


def _edits(
    of: list[Plane], at: tuple[NDArray[np.intp], NDArray[np.intp]], new: list[NDArray[np.int16]]
) -> dict[tuple[int, int], EditRow]:
    """Return what to do with each row of blocks that has some to replace."""
    rows, columns = at
    places = [columns[:, None] * plane.h + np.arange(plane.h) for plane in of]
    edits = dict[tuple[int, int], EditRow]()
    distinct, starts = np.unique(rows, return_index=True)
    for mcu, first, last in zip(distinct.tolist(), starts, [*starts[1:], len(rows)], strict=True):
        for component, plane in enumerate(of):
            width, height = plane.blocks_wh
            blocks = places[component][first:last].ravel()
            blocks = blocks[blocks < width]  # the last ones may only fill up the last MCU
            for row in range(mcu * plane.v, min((mcu + 1) * plane.v, height)):
                values = new[component][first:last, row % plane.v].reshape(-1, SIDE * SIDE)
                edits[component, row] = partial(_replace, width, blocks, values[: len(blocks)])
    return edits


def _replace(length: int, at: NDArray[np.intp], values: NDArray[np.int16], blocks: NDArray[np.int16]) -> None:
    if len(blocks) != length:
        raise PatchError("expected rows of blocks as long as the frame says, got another length")
    blocks[at] = values


def _rewritten(
    compressed: bytes, frame: Frame, edits: dict[tuple[int, int], EditRow], library: Library
) -> tuple[bytes, ...]:
    """Return the segments that the library writes, once they are known to be of the same kind."""
    coding = {"progressive": frame.progressive, "arithmetic": frame.marker in _ARITHMETIC}
    try:
        data = library.transform(compressed, edits, **coding)
        after, segments = jpeg_parts.frame(data), jpeg_parts.take_apart(data).segments
    except TransformError as error:
        raise PatchError(str(error)) from None
    except BadImageError:
        raise PatchError("libturbojpeg wrote a file that cannot be taken apart") from None
    if _kind(after) != _kind(frame):
        raise PatchError("libturbojpeg wrote another kind of JPEG than it read")
    return segments


def _kind(frame: Frame) -> Frame:
    """Return the frame without what says nothing of the pixels: which sequential codes, a lone component's factors."""
    marker = min(_SEQUENTIAL) if frame.marker in _SEQUENTIAL else frame.marker
    names = zip(frame.components, factors(frame), strict=True)
    return replace(frame, marker=marker, components=tuple((name, h, v, table) for (name, _, _, table), (h, v) in names))
