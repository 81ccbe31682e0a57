"""WebP: decoded by Pillow from the pixel chunks alone; lossless stays lossless, lossy is encoded again.

A lossy file does not say its quality; it is written at 90, which loses little and may be larger than the source. Its
alpha is lossless. An animation of a single frame becomes a still picture.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL.WebPImagePlugin import WebPImageFile

from anonymizer_udfs.imaging import icc, ifd
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture
from anonymizer_udfs.imaging.raster import hide, save, to_array, to_image
from anonymizer_udfs.outcome import BadImageError, Reason

QUALITY = 90
"""libwebp's quality, 0 to 100, for sources that were lossy."""

_MODES = {"RGB": Channels.RGB, "RGBA": Channels.RGBA}
_PIXEL_CHUNKS = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_HEAD = 12
_FRAME_HEAD = 16
_LEFT_OUT_FLAGS = 0x20 | 0x08 | 0x04  # profile, Exif, XMP
_SYNC = b"\x9d\x01\x2a"


@dataclass(frozen=True)
class WebpEncoding(Encoding):
    """What a WebP file was made with."""

    lossless: bool = False


class WebpCodec:
    """``.webp``; animations of several frames are held back."""

    def header(self, data: bytes) -> Header:
        """Return the header; the chunks' lengths are walked."""
        chunks = list(walk(data))
        frames = sum(name == b"ANMF" for name, _, _ in chunks)
        for name, start, end in chunks:
            if name == b"VP8X" and end - start >= 10:  # noqa: PLR2004 - flags and canvas
                width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (start + 4, start + 7))
                return Header(Format.WEBP, width, height, max(frames, 1))
            if name in {b"VP8 ", b"VP8L"}:
                return Header(Format.WEBP, *_stream_wh(name, data[start : min(end, start + 10)]), frames=1)
        raise BadImageError(Reason.CORRUPT)

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture, RGB or RGBA."""
        chunks = list(walk(data))
        kept = b"".join(_bare(data, name, start, end) for name, start, end in chunks if name in _PIXEL_CHUNKS)
        with WebPImageFile(io.BytesIO(b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WEBP" + kept)) as image:
            channels = _MODES[image.mode]
            pixels = hide(to_array(image), channels)
        found = {name: data[start:end] for name, start, end in chunks if name in {b"ICCP", b"EXIF"}}
        source_profile = found.get(b"ICCP")
        profile = icc.clean(source_profile, channels) if source_profile is not None else None
        encoding = WebpEncoding(
            icc=profile,
            profile_dropped=source_profile is not None and profile is None,
            lossless=_is_lossless(data, chunks),
        )
        return Picture(pixels, channels, Format.WEBP, ifd.exif_orientation(found.get(b"EXIF", b"")), encoding)

    def encode(self, picture: Picture) -> Encoded:
        """Return a WebP file; ``reencoded`` if it is lossy."""
        how = picture.encoding
        assert isinstance(how, WebpEncoding)  # noqa: S101 - decode made it
        mode = {channels: mode for mode, channels in _MODES.items()}[picture.channels]
        quality = {"lossless": True} if how.lossless else {"quality": QUALITY}
        data = save(
            to_image(picture.pixels, mode),
            "WEBP",
            exact=True,  # else libwebp invents colours under alpha 0
            exif=ifd.minimal_exif(picture.orientation),
            icc_profile=how.icc or b"",
            **quality,
        )
        return Encoded(data, reencoded=not how.lossless)


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk's body within the RIFF size; what follows that is no part of the file.

    Raises:
        BadImageError: ``truncated`` if the file is shorter than it says.
    """
    if len(data) < _HEAD:
        raise BadImageError(Reason.TRUNCATED)
    (size,) = struct.unpack_from("<I", data, 4)
    if 8 + size > len(data):
        raise BadImageError(Reason.TRUNCATED)
    at = _HEAD
    while at + 8 <= 8 + size:
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > 8 + size:
            raise BadImageError(Reason.CORRUPT)
        yield name, at + 8, at + 8 + length
        at += 8 + length + length % 2


def _bare(data: bytes, name: bytes, start: int, end: int) -> bytes:
    """Return a chunk; the extended header without the flags of what is left out."""
    body = data[start:end]
    if name == b"VP8X":
        body = bytes([body[0] & ~_LEFT_OUT_FLAGS]) + body[1:]
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _stream_wh(name: bytes, body: bytes) -> tuple[int, int]:
    """Return the size that a lossy or lossless stream states in its first bytes."""
    if name == b"VP8 ":
        if body[3:6] != _SYNC:
            raise BadImageError(Reason.CORRUPT)
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    (bits,) = struct.unpack_from("<I", body, 1)
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


def _is_lossless(data: bytes, chunks: list[tuple[bytes, int, int]]) -> bool:
    """Whether the picture, or the one frame of an animation, is a lossless stream."""
    for name, start, end in chunks:
        if name == b"VP8L":
            return True
        if name == b"ANMF":
            return b"VP8L" in data[start + _FRAME_HEAD : min(end, start + _FRAME_HEAD + 4)]
    return False
