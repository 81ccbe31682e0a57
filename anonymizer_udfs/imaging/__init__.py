"""From bytes to pixels and back, keeping the kind of file and nothing of its metadata.

``probe`` reads a header, ``decode`` gives a ``Picture``, methods change its pixels, ``encode`` gives a file of the same
format, size, bit depth, mode, alpha and (cleaned) profile. Each format takes its container apart itself, so that
metadata never reaches a decoder. Runs on executors, once an image; holds no state and changes no global one, but
for Python's warning filters while a decoder runs and Pillow's ``LOAD_TRUNCATED_IMAGES``, which is set to False.

To add a format: one file with a ``Codec``, one line in ``CODECS``, its signature in ``sniff``, and the contract tests
take it up.
"""

import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace

import cv2
from PIL import Image, ImageFile

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import gif, jpeg, jpeg_coded, png_stream, tiff_write
from anonymizer_udfs.imaging.base import Channels, Codec, Encoded, Encoding, Format, Header, Picture
from anonymizer_udfs.imaging.bmp import BmpCodec
from anonymizer_udfs.imaging.gif import GifCodec
from anonymizer_udfs.imaging.jpeg import JpegCodec
from anonymizer_udfs.imaging.png import PngCodec
from anonymizer_udfs.imaging.sniff import sniff
from anonymizer_udfs.imaging.tiff import TiffCodec
from anonymizer_udfs.imaging.webp import WebpCodec, WebpEncoding
from anonymizer_udfs.outcome import BadImageError, Reason

__all__ = [
    "CODECS",
    "Channels",
    "Encoded",
    "Encoding",
    "Format",
    "Header",
    "Picture",
    "anew",
    "decode",
    "encode",
    "probe",
]

CODECS: dict[Format, Codec] = {
    Format.JPEG: JpegCodec(),
    Format.PNG: PngCodec(),
    Format.WEBP: WebpCodec(),
    Format.TIFF: TiffCodec(),
    Format.BMP: BmpCodec(),
    Format.GIF: GifCodec(),
}

# What Pillow's plugins, OpenCV and struct raise for bytes that they do not understand.
_UNDECODABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, ZeroDivisionError,
    struct.error, zlib.error, cv2.error,
)  # fmt: skip

# Whether the compressed pixels of an untouched file hold nothing but the picture, where that is not known at once.
_PROOFS: dict[Format, Callable[[bytes], bool]] = {
    Format.JPEG: jpeg_coded.is_exact,
    Format.PNG: png_stream.is_exact,
    Format.GIF: gif.is_exact,
    Format.TIFF: tiff_write.is_exact,
}

_CUT = ("truncated", "not enough image data")
_MOST = 2**31 - 1
"""Sides and frames of a row are signed numbers of 32 bits, and no format that is written here has more."""


def probe(data: bytes) -> Header:
    """Return what the file says of itself; nothing is decoded, at most its structure is walked.

    Raises:
        BadImageError: ``empty``, ``unsupported_format``, ``unsupported_pixels``, ``truncated`` or ``corrupt``;
            ``too_large`` for sides and frames that no row could hold.
    """
    try:
        header = CODECS[sniff(data)].header(data)
    except _UNDECODABLE:
        raise BadImageError(Reason.CORRUPT) from None
    if header.width < 1 or header.height < 1:
        raise BadImageError(Reason.CORRUPT)
    if max(header.width, header.height, header.frames) > _MOST:
        raise BadImageError(Reason.TOO_LARGE)
    return header


def decode(data: bytes, *, max_pixels: int) -> Picture:
    """Return the only picture of a file.

    Alive at the same time: the compressed bytes three times, the decoder's image and the result; afterwards the
    compressed bytes once more (``Encoding.untouched``) and the result.

    Args:
        data: the whole file.
        max_pixels: most pixels that are decoded, at least 1; checked before anything of that size is allocated.

    Raises:
        BadImageError: as ``probe``; ``too_large``; ``multiple_frames``. The cause is cut off, since a decoder's message
            may quote the source.
        SpecError: if ``max_pixels`` is not positive.
    """
    if max_pixels < 1:
        raise SpecError(f"max_pixels must be at least 1, got {max_pixels}")
    header = probe(data)
    if header.frames > 1:
        raise BadImageError(Reason.MULTIPLE_FRAMES)
    if header.pixels > max_pixels:
        raise BadImageError(Reason.TOO_LARGE)
    # A notebook may have asked Pillow to fill what is missing; here that would release a grey half.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = CODECS[header.format].decode(data, header)
    except Image.DecompressionBombError:
        raise BadImageError(Reason.TOO_LARGE) from None
    except _UNDECODABLE as error:
        # The only trace that Pillow leaves of a missing end are words in its message.
        cut = isinstance(error, EOFError) or any(words in str(error).lower() for words in _CUT)
        raise BadImageError(Reason.TRUNCATED if cut else Reason.CORRUPT) from None
    if picture.size_wh != (header.width, header.height):
        raise BadImageError(Reason.CORRUPT)
    return picture


def encode(picture: Picture, original: Picture | None = None) -> Encoded:
    """Return a file of the picture's format with none of the source's metadata; the same picture gives the same bytes.

    Args:
        picture: what to write, from ``decode`` or its ``with_pixels``.
        original: the picture as it was decoded. If ``picture`` has the very pixels of it (the same array: nothing
            was treated), the source's compressed pixels are stored as they are, where ``Encoding.untouched`` has them.

    Returns:
        The file; ``reencoded`` for lossy formats whose pixels were encoded anew, and where the source's colour profile
        had to be dropped.
    """
    how = picture.encoding
    if original is not None and picture.pixels is original.pixels and (kept := _untouched(original)) is not None:
        return Encoded(kept, reencoded=how.profile_dropped)
    if original is not None and picture.format is Format.JPEG and (patched := jpeg.patch(picture, original)):
        return Encoded(patched, reencoded=how.profile_dropped)
    encoded = CODECS[picture.format].encode(picture)
    return Encoded(encoded.data, reencoded=encoded.reencoded or how.profile_dropped)


def anew(picture: Picture) -> Encoded:
    """Return a file of the picture's format in which nothing of the source's compressed pixels is kept.

    A lossy WebP becomes a lossless one: its own quality may lose a small region, which then would show the source.
    """
    how = picture.encoding
    if isinstance(how, WebpEncoding) and not how.lossless:
        return Encoded(encode(replace(picture, encoding=replace(how, lossless=True))).data, reencoded=True)
    return encode(picture)


def _untouched(original: Picture) -> bytes | None:
    """Return the source's own file without its metadata; None if there is none, or if its streams hold more."""
    data, proof = original.encoding.untouched, _PROOFS.get(original.format)
    return None if data is None or (proof is not None and not proof(data)) else data
