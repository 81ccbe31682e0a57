"""WebP: decoded by Pillow from the pixel chunks alone; lossless stays lossless, lossy is encoded again.

A lossy file is written at the quality that its quantizers were made with (see ``webp_quality``); libwebp then chooses
filters, segments and partitions as it does by default. Its alpha is lossless. An animation of a single frame becomes a
still picture.

Untouched: the VP8, VP8L and ALPH chunks as they are. Encoded anew instead: colours under alpha 0, which nearly every
lossy file with clear pixels has; a frame smaller than its canvas; opacities that the file does not announce. Bytes
after the last code inside a chunk are not seen: only a second decoder of VP8 could tell.
"""

import io
from dataclasses import dataclass

from PIL.WebPImagePlugin import WebPImageFile

from anonymizer_udfs.imaging import icc, ifd, webp_parts, webp_quality
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture
from anonymizer_udfs.imaging.raster import hide, save, to_array, to_image
from anonymizer_udfs.outcome import BadImageError, Reason

_MODES = {"RGB": Channels.RGB, "RGBA": Channels.RGBA}
_PIXEL_CHUNKS = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})


@dataclass(frozen=True)
class WebpEncoding(Encoding):
    """What a WebP file was made with."""

    lossless: bool = False
    quality: float = 100.0
    """libwebp's quality, 0 to 100, of a source that is lossy: estimated."""


class WebpCodec:
    """``.webp``; animations of several frames are held back."""

    def header(self, data: bytes) -> Header:
        """Return the header; the chunks' lengths are walked."""
        chunks = list(webp_parts.walk(data))
        frames = sum(name == b"ANMF" for name, _, _ in chunks)
        for name, start, end in chunks:
            if name == b"VP8X" and end - start >= 10:  # noqa: PLR2004 - flags and canvas
                width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (start + 4, start + 7))
                return Header(Format.WEBP, width, height, max(frames, 1))
            if name in {b"VP8 ", b"VP8L"}:
                return Header(Format.WEBP, *webp_parts.stream_wh(name, data[start : min(end, start + 10)]), frames=1)
        raise BadImageError(Reason.CORRUPT)

    def decode(self, data: bytes, header: Header) -> Picture:
        """Return the picture, RGB or RGBA."""
        chunks = list(webp_parts.walk(data))
        kept = b"".join(_bare(data, name, start, end) for name, start, end in chunks if name in _PIXEL_CHUNKS)
        with WebPImageFile(io.BytesIO(webp_parts.riff(kept))) as image:
            channels = _MODES[image.mode]
            pixels = to_array(image)
        hidden = hide(pixels, channels)
        found = {name: data[start:end] for name, start, end in chunks if name in {b"ICCP", b"EXIF"}}
        source_profile = found.get(b"ICCP")
        profile = icc.clean(source_profile, channels) if source_profile is not None else None
        orientation = ifd.exif_orientation(found.get(b"EXIF", b""))
        still = webp_parts.still(data, chunks)
        size, exif = (header.width, header.height), ifd.minimal_exif(orientation)
        untouched = None if hidden else still.file(size, clear=channels.has_alpha, profile=profile, exif=exif)
        lossless = still.name == b"VP8L"
        encoding = WebpEncoding(
            icc=profile,
            profile_dropped=source_profile is not None and profile is None,
            untouched=untouched,
            lossless=lossless,
            quality=100.0 if lossless else webp_quality.estimate(still.stream),
        )
        return Picture(pixels, channels, Format.WEBP, orientation, encoding)

    def encode(self, picture: Picture) -> Encoded:
        """Return a WebP file; ``reencoded`` if it is lossy."""
        how = picture.encoding
        assert isinstance(how, WebpEncoding)  # noqa: S101 - decode made it
        mode = {channels: mode for mode, channels in _MODES.items()}[picture.channels]
        quality = {"lossless": True} if how.lossless else {"quality": how.quality}
        data = save(
            to_image(picture.pixels, mode),
            "WEBP",
            exact=True,  # else libwebp invents colours under alpha 0
            exif=ifd.minimal_exif(picture.orientation),
            icc_profile=how.icc or b"",
            **quality,
        )
        return Encoded(data, reencoded=not how.lossless)


def _bare(data: bytes, name: bytes, start: int, end: int) -> bytes:
    """Return a chunk; the extended header without the flags of what is left out."""
    body = data[start:end]
    if name == b"VP8X":
        body = bytes([body[0] & ~webp_parts.LEFT_OUT]) + body[1:]
    return webp_parts.chunk(name, body)
