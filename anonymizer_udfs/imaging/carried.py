"""What a file says of its picture beside the pixels: a place, names, dates. None of it is kept, or given on.

It is only told whether there is any, since a source that says more may be recognised by more. Text that is in no place
of its own (a comment, a description) counts as names, and what cannot be read counts as all three: it may be anything.
Not looked into: makers' notes, thumbnails, and what follows a file's end.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from anonymizer_udfs.imaging import gif, ifd, jpeg_parts, png_parts, tiff_parts, webp_parts
from anonymizer_udfs.imaging.base import Format
from anonymizer_udfs.imaging.ifd import Directory
from anonymizer_udfs.imaging.sniff import sniff
from anonymizer_udfs.outcome import BadImageError

_EXIF, _GPS, _XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG = 34665, 34853, 700, 33723, 34377
_LATITUDE, _LONGITUDE = 2, 4
_NAMES = (270, 315, 33432, 37510, 40091, 40092, 40093, 40094, 40095, 42032, 42033)
"""Exif's description, artist, copyright, comments, title, author, keywords, subject, owner, serial number of a body."""
_DATES = (306, 36867, 36868)
_APP1, _APP13, _COMMENT = 0xE1, 0xED, 0xFE
_GIF_COMMENT, _GIF_TEXT, _GIF_APPLICATION = 0xFE, 0x01, 0xFF
_XMP_PLACE = re.compile(rb"GPSL|:City|:Location|:State|:Country|Iptc4xmpExt:Sublocation")
_XMP_NAMES = re.compile(rb"creator|PersonIn|rights|Owner|:title|:description|subject|Author|SerialNumber")
_XMP_DATES = re.compile(rb"CreateDate|DateCreated|DateTime|ModifyDate|:date")
_IIM = re.compile(rb"\x1c\x02(.)", re.DOTALL)
_IIM_PLACE, _IIM_DATES = frozenset({90, 92, 95, 100, 101}), frozenset({30, 55, 60, 62})
_MOST_TEXT_BYTES = 1 << 20
_UNSAID = frozenset(b"\0 :")
_UNREADABLE = (BadImageError, struct.error, zlib.error, ValueError, LookupError)


@dataclass(frozen=True)
class Carried:
    """Which kinds of facts a file carries beside its pixels."""

    place: bool = False
    names: bool = False
    dates: bool = False

    def __or__(self, other: "Carried") -> "Carried":
        """Return what either carries."""
        return Carried(self.place or other.place, self.names or other.names, self.dates or other.dates)

    @property
    def share(self) -> float:
        """How many of the three kinds there are, in [0, 1]."""
        return (self.place + self.names + self.dates) / 3


NOTHING, ANYTHING = Carried(), Carried(place=True, names=True, dates=True)


def carried(data: bytes) -> Carried:
    """Return what a file carries; of one that cannot be read, that it may carry anything.

    Cost: the file's structure is walked; no pixel is decoded. Runs on an executor.
    """
    try:
        return _READERS[sniff(data)](data)
    except _UNREADABLE:
        return ANYTHING


def _together(found: Iterable[Carried]) -> Carried:
    out = NOTHING
    for one in found:
        out |= one
    return out


def of_exif(exif: bytes) -> Carried:
    """Return what Exif data carries, with or without its prefix."""
    exif = exif.removeprefix(b"Exif\0\0")
    if not exif:
        return NOTHING
    try:
        return _directory(ifd.read(exif, ifd.first_offset(exif)))
    except _UNREADABLE:
        return ANYTHING


def _directory(first: Directory) -> Carried:
    """Return what a directory and those that it points to for Exif and a position carry."""
    pages = [first, *(ifd.read(first.data, offset) for offset in first.whole(_EXIF)[:1])]
    spots = [ifd.read(first.data, offset) for offset in first.whole(_GPS)[:1]]
    return Carried(
        place=any(tag in page.spots for page in spots for tag in (_LATITUDE, _LONGITUDE)),
        names=any(_says(page, tag) for page in pages for tag in _NAMES),
        dates=any(_says(page, tag) for page in pages for tag in _DATES),
    )


def _says(page: Directory, tag: int) -> bool:
    """Return whether a tag's text is more than blanks, which cameras write where they know nothing."""
    entry = page.entry(tag)
    said = b"" if entry is None else entry.raw.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0")
    return bool(set(said) - _UNSAID - set(b"0"))


def of_xmp(text: bytes) -> Carried:
    """Return what an XMP packet carries, by the names of its properties."""
    patterns = (_XMP_PLACE, _XMP_NAMES, _XMP_DATES)
    plain = text.replace(b"\0", b"")  # a packet may be in UTF-16
    place, names, dates = (pattern.search(plain) is not None for pattern in patterns)
    return Carried(place, names, dates)


def of_iptc(text: bytes) -> Carried:
    """Return what IPTC records carry, by their numbers; other records than of places and dates are names or text."""
    kinds = {found[1][0] for found in _IIM.finditer(text)} - {0}
    place, dates = bool(kinds & _IIM_PLACE), bool(kinds & _IIM_DATES)
    return Carried(place, bool(kinds - _IIM_PLACE - _IIM_DATES), dates)


def _jpeg(data: bytes) -> Carried:
    return _together(_segment(one.marker, data[one.start + 4 : one.end]) for one in jpeg_parts.walk(data))


def _segment(marker: int, body: bytes) -> Carried:
    if marker == _APP1:
        return of_exif(body) if body.startswith(b"Exif\0\0") else of_xmp(body)
    if marker == _APP13:
        return of_iptc(body)
    return Carried(names=marker == _COMMENT and bool(set(body) - _UNSAID))


def _png(data: bytes) -> Carried:
    return _together(_chunk(name, data[start:end]) for name, start, end in png_parts.walk(data))


def _chunk(name: bytes, body: bytes) -> Carried:
    if name == b"eXIf":
        return of_exif(body)
    if name == b"tIME":
        return Carried(dates=True)
    if name not in {b"tEXt", b"zTXt", b"iTXt"}:
        return NOTHING
    key, _, text = body.partition(b"\0")
    if key == b"XML:com.adobe.xmp":
        return of_xmp(_unpacked(text))
    if key.startswith(b"Raw profile"):
        return ANYTHING
    is_date = key == b"Creation Time" or key.startswith(b"date:")
    return Carried(names=not is_date and key != b"Software", dates=is_date)


def _unpacked(text: bytes) -> bytes:
    """Return the text of an iTXt chunk, behind its keyword, a flag, a method, a language and a translation."""
    packed, rest = text[:1] == b"\1", text[2:].split(b"\0", 2)[-1]
    return zlib.decompressobj().decompress(rest, _MOST_TEXT_BYTES) if packed else rest


def _webp(data: bytes) -> Carried:
    readers = {b"EXIF": of_exif, b"XMP ": of_xmp}
    return _together(readers[name](data[s:e]) for name, s, e in webp_parts.walk(data) if name in readers)


def _tiff(data: bytes) -> Carried:
    return _together(_page(page) for page in tiff_parts.pages(data))


def _page(page: Directory) -> Carried:
    texts = {_XMP_TAG: of_xmp, _IPTC_TAG: of_iptc, _PHOTOSHOP_TAG: of_iptc}
    found = [(read, page.entry(tag)) for tag, read in texts.items()]
    return _directory(page) | _together(read(entry.raw) for read, entry in found if entry is not None)


def _gif(data: bytes) -> Carried:
    return _together(_block(one, data[one.start : one.end]) for one in gif.walk(data) if one.kind == gif.EXTENSION)


def _block(one: gif.Block, body: bytes) -> Carried:
    if one.label == _GIF_APPLICATION:
        return of_xmp(body) if b"XMP Data" in body[:16] else NOTHING
    return Carried(names=one.label in {_GIF_COMMENT, _GIF_TEXT})


def _bmp(_: bytes) -> Carried:
    return NOTHING


_READERS: dict[Format, Callable[[bytes], Carried]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.TIFF: _tiff,
    Format.GIF: _gif,
    Format.BMP: _bmp,
}
