"""What a file holds beside its picture that may show it again: a thumbnail, a maker's note, what follows its end.

A thumbnail shows the face that the picture no longer shows; a maker's note is a camera's own, unread here, and may hold
a preview and a serial number; what follows the end of a picture may be a second picture or a video. None of it is kept
or given on; it is only told whether there is any, as :mod:`anonymizer_udfs.imaging.carried` tells of facts.

Not looked into: what follows the end of a TIFF or a BMP, which have no end of their own.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from anonymizer_udfs.imaging import gif, ifd, jpeg_parts, png_parts, tiff_parts, webp_parts
from anonymizer_udfs.imaging.base import Format
from anonymizer_udfs.imaging.ifd import Directory
from anonymizer_udfs.imaging.sniff import sniff
from anonymizer_udfs.outcome import BadImageError

_EXIF, _MAKER_NOTE, _THUMBNAIL = 34665, 37500, 513
_SUBFILE, _REDUCED = 254, 1
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_PHOTOSHOP_THUMBNAILS = (b"8BIM\x04\x0c", b"8BIM\x04\x09")
_JFIF_SIZES = slice(12, 14)
_EOI, _IEND_CHECK_SUM = b"\xff\xd9", 4
_UNREADABLE = (BadImageError, struct.error, zlib.error, ValueError, LookupError)


@dataclass(frozen=True)
class Enclosed:
    """What a file holds that is not its picture."""

    thumbnail: bool = False
    maker_note: bool = False
    trailer: bool = False

    def __or__(self, other: "Enclosed") -> "Enclosed":
        """Return what either holds."""
        return Enclosed(
            self.thumbnail or other.thumbnail, self.maker_note or other.maker_note, self.trailer or other.trailer
        )


NOTHING, ANYTHING = Enclosed(), Enclosed(thumbnail=True, maker_note=True, trailer=True)


def enclosed(data: bytes) -> Enclosed:
    """Return what a file holds beside its picture; of one that cannot be read, that it may hold anything.

    Cost: the file's structure is walked; no pixel is decoded. Runs on an executor.
    """
    try:
        return _READERS[sniff(data)](data)
    except _UNREADABLE:
        return ANYTHING


def of_exif(exif: bytes) -> Enclosed:
    """Return what Exif data holds, with or without its prefix: a thumbnail is in its second directory."""
    exif = exif.removeprefix(b"Exif\0\0")
    if not exif:
        return NOTHING
    try:
        first = ifd.read(exif, ifd.first_offset(exif))
        second = ifd.read(exif, first.following) if first.following else None
        return _noted(first) | Enclosed(thumbnail=second is not None and _THUMBNAIL in second.spots)
    except _UNREADABLE:
        return ANYTHING


def _together(found: Iterable[Enclosed]) -> Enclosed:
    out = NOTHING
    for one in found:
        out |= one
    return out


def _noted(page: Directory) -> Enclosed:
    """Return whether a directory, or the one that it points to for Exif, has a maker's note."""
    pages = [page, *(ifd.read(page.data, offset) for offset in page.whole(_EXIF)[:1])]
    return Enclosed(maker_note=any(_MAKER_NOTE in one.spots for one in pages))


def _jpeg(data: bytes) -> Enclosed:
    found, end = NOTHING, 2
    for one in jpeg_parts.walk(data):
        found |= _segment(one.marker, data[one.start + 4 : one.end])
        end = one.end
    return found | _followed(data, data.index(_EOI, end) + len(_EOI))


def _segment(marker: int, body: bytes) -> Enclosed:
    if marker == _APP0:
        drawn = body.startswith(b"JFIF\0") and all(body[_JFIF_SIZES])
        return Enclosed(thumbnail=drawn or body.startswith(b"JFXX\0"))
    if marker == _APP1 and body.startswith(b"Exif\0\0"):
        return of_exif(body)
    if marker == _APP2:  # the list of further pictures in a file of several: previews, gain maps, a second eye
        return Enclosed(thumbnail=body.startswith(b"MPF\0"))
    return Enclosed(thumbnail=marker == _APP13 and any(mark in body for mark in _PHOTOSHOP_THUMBNAILS))


def _followed(data: bytes, end: int) -> Enclosed:
    """Return whether anything but zeros follows the end."""
    return Enclosed(trailer=bool(data[end:].strip(b"\0")))


def _png(data: bytes) -> Enclosed:
    found, last = NOTHING, len(data)
    for name, start, end in png_parts.walk(data):
        if name == b"eXIf":
            found |= of_exif(data[start:end])
        last = end
    return found | _followed(data, last + _IEND_CHECK_SUM)


def _webp(data: bytes) -> Enclosed:
    found = _together(of_exif(data[start:end]) for name, start, end in webp_parts.walk(data) if name == b"EXIF")
    (size,) = struct.unpack_from("<I", data, 4)
    return found | _followed(data, 8 + int(size))


def _tiff(data: bytes) -> Enclosed:
    return _together(
        _noted(page) | Enclosed(thumbnail=bool(page.one(_SUBFILE, 0) & _REDUCED)) for page in tiff_parts.pages(data)
    )


def _gif(data: bytes) -> Enclosed:
    blocks = list(gif.walk(data))
    return _followed(data, 1 + (blocks[-1].end if blocks else gif.global_end(data)))


def _bmp(_: bytes) -> Enclosed:
    return NOTHING


_READERS: dict[Format, Callable[[bytes], Enclosed]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.TIFF: _tiff,
    Format.GIF: _gif,
    Format.BMP: _bmp,
}
