"""The chunks of a WebP file (RFC 9649): walked, filtered, written."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from anonymizer_udfs.outcome import BadImageError, Reason

_HEAD, FRAME_HEAD = 12, 16
PROFILE, ALPHA, EXIF, _XMP, ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
LEFT_OUT = PROFILE | EXIF | _XMP
_SYNC = b"\x9d\x01\x2a"
_RAW_ALPHA = 0
_EXTENDED_BYTES = 10

Chunk = tuple[bytes, int, int]
"""Name, and start and end of the body in the file."""


def walk(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks within the RIFF size; what follows that is no part of the file.

    Raises:
        BadImageError: ``truncated`` if the file is shorter than it says; ``corrupt`` if a chunk is longer than that.
    """
    if len(data) < _HEAD:
        raise BadImageError(Reason.TRUNCATED)
    (size,) = struct.unpack_from("<I", data, 4)
    if 8 + size > len(data):
        raise BadImageError(Reason.TRUNCATED)
    yield from between(data, _HEAD, 8 + size)


def between(data: bytes, at: int, end: int) -> Iterator[Chunk]:
    """Yield the chunks of ``data[at:end]``; raises ``BadImageError``: ``corrupt`` if one is longer than that."""
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise BadImageError(Reason.CORRUPT)
        yield name, at + 8, at + 8 + length
        at += 8 + length + length % 2


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk, padded with zero."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(chunks: bytes) -> bytes:
    """Return a file of the chunks."""
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def stream_wh(name: bytes, body: bytes) -> tuple[int, int]:
    """Return the size that a lossy or lossless stream states in its first 10 bytes."""
    if name == b"VP8 ":
        if body[3:6] != _SYNC:
            raise BadImageError(Reason.CORRUPT)
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    (bits,) = struct.unpack_from("<I", body, 1)
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


@dataclass(frozen=True)
class Still:
    """The one picture of a file, also of an animation of one frame: its streams as they stand."""

    name: bytes
    """``VP8 `` is lossy, ``VP8L`` lossless."""
    stream: bytes = field(repr=False)
    alpha: bytes | None = field(repr=False)
    """The ALPH chunk before a lossy stream."""
    flags: int | None
    """Of the extended header; None if there is none."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the stream."""
        return stream_wh(self.name, self.stream[:10])

    def file(self, size_wh: tuple[int, int], *, clear: bool, profile: bytes | None, exif: bytes) -> bytes | None:
        """Return a file of the streams as they stand with a profile and Exif of ours, or None if they do not fit.

        That is where the picture is smaller than its canvas, or has opacities that the file does not announce.

        Args:
            size_wh: the canvas.
            clear: whether decoders show opacities.
            profile: the cleaned colour profile.
            exif: of ours; may be empty.
        """
        lossless = self.name == b"VP8L"
        alpha = None if lossless else self.alpha
        raw = alpha is not None and bool(alpha) and alpha[0] & 3 == _RAW_ALPHA
        if self.size_wh != size_wh or (not lossless and clear != (alpha is not None)):
            return None
        if alpha is not None and raw and len(alpha) != 1 + size_wh[0] * size_wh[1]:
            return None
        parts = [chunk(self.name, self.stream)]
        if alpha is not None:
            parts.insert(0, chunk(b"ALPH", alpha))
        if profile:
            parts.insert(0, chunk(b"ICCP", profile))
        if exif:
            parts.append(chunk(b"EXIF", exif))
        if self.flags is not None or len(parts) > 1:
            flags = bool(profile) * PROFILE | clear * ALPHA | bool(exif) * EXIF
            canvas = b"".join((side - 1).to_bytes(3, "little") for side in size_wh)
            parts.insert(0, chunk(b"VP8X", struct.pack("<I", flags) + canvas))
        return riff(b"".join(parts))


def still(data: bytes, chunks: list[Chunk]) -> Still:
    """Return the one picture; raises ``BadImageError`` as ``walk``, ``corrupt`` if there is none."""
    flags = next((data[start] for name, start, end in chunks if name == b"VP8X" and start < end), None)
    for name, start, end in chunks:
        if name == b"ANMF":
            chunks = list(between(data, start + FRAME_HEAD, end))
            break
    return frame(data, chunks, flags)


def frame(data: bytes, chunks: Iterable[Chunk], flags: int | None) -> Still:
    """Return the streams among the chunks of one frame; raises ``BadImageError``: ``corrupt`` if there are none."""
    alpha = None
    for name, start, end in chunks:
        if name == b"ALPH" and alpha is None:
            alpha = data[start:end]
        if name in {b"VP8 ", b"VP8L"}:
            return Still(name, data[start:end], alpha, flags)
    raise BadImageError(Reason.CORRUPT)
