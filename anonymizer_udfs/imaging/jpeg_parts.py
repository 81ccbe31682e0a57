"""The segments of a JPEG file (ITU-T T.81, annex B): walked, filtered, and what they say of the picture.

Only the first picture of a file is the image: what follows its end (the second picture of an MPO file, a gain map, a
motion photo, trailers) goes, as thumbnails and previews do. It is not a frame of the picture.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from anonymizer_udfs.outcome import BadImageError, Reason

_SOS, _EOI, _APP0, _APP1, _APP2, _APP14, _APP15, _COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_WRITABLE_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_PROGRESSIVE = {0xC2, 0xCA}
_ARITHMETIC = {0xC9, 0xCA}
_MARKER = re.compile(rb"\xff[^\xff]", re.DOTALL)
_IN_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PROFILE = b"ICC_PROFILE\0"


@dataclass(frozen=True)
class Segment:
    """One marker segment of ``data[start:end]``; for a scan, ``end`` is after its entropy-coded bytes."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True)
class Frame:
    """What a start-of-frame segment says; one tuple of id, h, v and table number for each component."""

    marker: int
    bits: int
    width: int
    height: int
    components: tuple[tuple[int, int, int, int], ...]

    @property
    def progressive(self) -> bool:
        """Whether the scans refine each other."""
        return self.marker in _PROGRESSIVE

    @property
    def arithmetic(self) -> bool:
        """Whether the scans are coded arithmetically, not by Huffman's tables."""
        return self.marker in _ARITHMETIC


def walk(data: bytes) -> Iterator[Segment]:
    """Yield the segments from the start of the image to its end marker, which is not yielded.

    Bytes between segments that belong to none are skipped, as decoders do. Cost: one search through the file.

    Raises:
        BadImageError: ``truncated`` if the end marker does not come.
    """
    at = _next_marker(data, 2)
    while data[at + 1] != _EOI:
        if data[at + 1] == 0 or data[at + 1] in _STANDALONE:
            at = _next_marker(data, at + 2)
            continue
        segment = Segment(data[at + 1], at, _segment_end(data, at))
        yield segment
        at = _next_marker(data, segment.end)


def _next_marker(data: bytes, at: int) -> int:
    """Return where the next marker's last ff is."""
    found = _MARKER.search(data, at)
    if found is None:
        raise BadImageError(Reason.TRUNCATED)
    return found.end() - 2


def _segment_end(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise BadImageError(Reason.TRUNCATED)
    (size,) = struct.unpack_from(">H", data, at + 2)
    end = at + 2 + int(size)
    if size < 2:  # noqa: PLR2004 - the size counts itself
        raise BadImageError(Reason.CORRUPT)
    if data[at + 1] == _SOS:
        found = _IN_SCAN_END.search(data, end)
        end = found.start() if found else len(data) + 1
    if end > len(data):
        raise BadImageError(Reason.TRUNCATED)
    return end


def frame(data: bytes) -> Frame:
    """Return what the first start-of-frame segment says; nothing after it is read.

    Raises:
        BadImageError: ``unsupported_pixels`` for 12 bit, lossless, hierarchical, or 2 components; ``corrupt`` without a
            frame; ``truncated``.
    """
    for segment in walk(data):
        if segment.marker == _SOS:
            break
        if segment.marker in _FRAMES:
            return _frame(segment.marker, data[segment.start + 4 : segment.end])
    raise BadImageError(Reason.CORRUPT)


def _frame(marker: int, body: bytes) -> Frame:
    try:
        bits, height, width, count = struct.unpack_from(">BHHB", body)
        parts = [struct.unpack_from(">BBB", body, 6 + 3 * i) for i in range(count)]
    except struct.error:
        raise BadImageError(Reason.CORRUPT) from None
    if marker not in _WRITABLE_FRAMES or bits != 8 or count not in {1, 3, 4}:  # noqa: PLR2004 - bits of a sample
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    components = tuple((name, factors >> 4, factors & 15, table) for name, factors, table in parts)
    if not width or not height or not all(1 <= h <= 4 and 1 <= v <= 4 for _, h, v, _ in components):  # noqa: PLR2004 - T.81 B.2.2
        raise BadImageError(Reason.CORRUPT)
    return Frame(marker, bits, width, height, components)


@dataclass(frozen=True)
class Parts:
    """What a file is made of: pixel segments, and the few facts of its application segments that matter."""

    segments: tuple[bytes, ...]
    """All segments that are neither application data nor comments, in order, each with its scan."""
    density: bytes | None
    """JFIF's unit and densities, 5 bytes; None without JFIF."""
    adobe_transform: int | None
    """Adobe's colour transform; None without that segment."""
    exif: bytes
    profile: bytes | None
    """The colour profile as it stands; empty if its pieces do not fit together, None if there is none."""

    def file(self, first: tuple[bytes, ...] = ()) -> bytes:
        """Return a JPEG file of ``first`` and the segments; one copy of the compressed data is made."""
        return b"".join([b"\xff\xd8", *first, *self.segments, b"\xff\xd9"])


def take_apart(data: bytes) -> Parts:
    """Return the parts; one copy of the compressed data is made. Raises ``BadImageError`` as ``walk``."""
    kept, density, transform, exif, pieces = list[bytes](), None, None, b"", dict[int, tuple[int, bytes]]()
    for segment in walk(data):
        body = data[segment.start + 4 : segment.end] if segment.marker >= _APP0 else b""
        if _APP0 <= segment.marker <= _APP15 or segment.marker == _COM:
            if segment.marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:  # noqa: PLR2004 - to the density
                density = density or body[7:12]
            elif segment.marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:  # noqa: PLR2004 - to the transform
                transform = body[11]
            elif segment.marker == _APP1 and body.startswith(b"Exif\0\0"):
                exif = exif or body[6:]
            elif segment.marker == _APP2 and body.startswith(_PROFILE) and len(body) > 14:  # noqa: PLR2004 - name, number, count
                pieces[body[12]] = (body[13], body[14:])
            continue
        kept.append(data[segment.start : segment.end])
    return Parts(tuple(kept), density, transform, exif, _joined(pieces))


def jfif(density: bytes | None) -> bytes:
    """Return a JFIF segment without thumbnail, or nothing."""
    return b"" if density is None else b"\xff\xe0\0\x10JFIF\0\x01\x01" + density + b"\0\0"


def adobe(transform: int | None) -> bytes:
    """Return an Adobe segment, or nothing; without it a decoder may guess other colours."""
    return b"" if transform is None else b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


def _joined(pieces: dict[int, tuple[int, bytes]]) -> bytes | None:
    if not pieces:
        return None
    count = len(pieces)
    if sorted(pieces) != list(range(1, count + 1)) or {total for total, _ in pieces.values()} != {count}:
        return b""
    return b"".join(pieces[number][1] for number in range(1, count + 1))


def extras(exif: bytes, profile: bytes | None) -> bytes:
    """Return Exif (unless empty) and the profile (if any, in pieces of at most 65,519 bytes) as segments."""
    out = []
    if exif:
        out.append(b"\xff\xe1" + struct.pack(">H", 8 + len(exif)) + b"Exif\0\0" + exif)
    pieces = [profile[at : at + 65519] for at in range(0, len(profile), 65519)] if profile else []
    for number, piece in enumerate(pieces, 1):
        out.append(b"\xff\xe2" + struct.pack(">H", 16 + len(piece)) + _PROFILE + bytes([number, len(pieces)]) + piece)
    return b"".join(out)
