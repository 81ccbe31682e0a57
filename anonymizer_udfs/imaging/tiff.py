"""TIFF: the first page, shown to Pillow (or, for 16-bit colour, OpenCV) with nothing but its pixel tags.

Kept: bits, bilevel, grey, grey with alpha, RGB, RGBA (plain and premultiplied), palette, CMYK; density; the cleaned
profile; the orientation tag; compression none, LZW, deflate, PackBits and the fax ones. Other compressions (JPEG among
them) are written as deflate, tiles and planes as interleaved strips, luma and chroma as RGB, white-is-zero as
black-is-zero, big-endian as little-endian; what is decoded stays the same.
Held back as ``unsupported_pixels``: float, signed, 2, 4, 12 and 32 bit, Lab, 16-bit CMYK, extra samples of no meaning.
"""

import io
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from anonymizer_udfs.imaging import icc, ifd, tiff_parts
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture, Pixels
from anonymizer_udfs.imaging.ifd import Directory, Entry
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.raster import hide, save, to_array, to_bilevel, to_image, white_of
from anonymizer_udfs.imaging.tiff_parts import Shape
from anonymizer_udfs.outcome import BadImageError, Reason

_NONE, _LZW, _DEFLATE, _PACKBITS = 1, 5, 8, 32773
_COMPRESSIONS = {
    _NONE: "raw", 2: "tiff_ccitt", 3: "group3", 4: "group4", _LZW: "tiff_lzw", _DEFLATE: "tiff_adobe_deflate",
    _PACKBITS: "packbits",
}  # fmt: skip
_FAX = {2, 3, 4}
_PREDICTED = {_LZW, _DEFLATE}
_OLD_DEFLATE = 32946
_INDEXED, _DEEP = 3, 16
_MODES = {
    Channels.GREY: "L", Channels.GREY_ALPHA: "LA", Channels.RGB: "RGB", Channels.RGBA: "RGBA", Channels.CMYK: "CMYK",
}  # fmt: skip
_CODED = frozenset({
    tiff_parts.WIDTH, tiff_parts.HEIGHT, tiff_parts.BITS, tiff_parts.COMPRESSION, tiff_parts.PHOTOMETRIC,
    tiff_parts.SAMPLES, tiff_parts.ROWS_PER_STRIP, tiff_parts.STRIP_BYTES, tiff_parts.PLANAR, tiff_parts.PREDICTOR,
    tiff_parts.T4_OPTIONS, tiff_parts.T6_OPTIONS, tiff_parts.KIND, tiff_parts.FILL_ORDER, tiff_parts.COLOURS,
})  # fmt: skip


@dataclass(frozen=True)
class TiffEncoding(Encoding):
    """What a TIFF file was made with."""

    depth: int = 8
    """Bits a sample: 1, 8 or 16."""
    compression: int = _NONE
    predictor: bool = False
    palette: Palette | None = None
    alpha_kind: int = 0
    """ExtraSamples: 1 is premultiplied, 2 is plain, 0 leaves the tag out."""
    density: tuple[tuple[int, int, int, int], int] | None = field(default=None, repr=False)
    """Numerators and denominators across and down, and their unit (1 none, 2 inch, 3 centimetre)."""


class TiffCodec:
    """``.tif``; files of several pages are held back."""

    def header(self, data: bytes) -> Header:
        """Return the header; all directories are walked."""
        first = next(tiff_parts.pages(data), None)
        if first is None:
            raise BadImageError(Reason.CORRUPT)
        frames = tiff_parts.frames(data)
        shape = tiff_parts.shape(first)
        return Header(Format.TIFF, shape.width, shape.height, frames)

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture."""
        page = next(tiff_parts.pages(data))
        shape = tiff_parts.shape(page)
        bare = _bare(page, shape)
        pixels = _deep_colour(bare, shape) if _is_deep_colour(shape) else _samples(bare, shape)
        palette = _palette(page) if shape.photometric == _INDEXED else None
        pixels = palette.expand(pixels[..., 0]) if palette else hide(pixels, shape.channels)
        source_profile = page.entry(tiff_parts.PROFILE)
        profile = icc.clean(source_profile.raw, shape.channels) if source_profile else None
        encoding = TiffEncoding(
            icc=profile,
            profile_dropped=source_profile is not None and profile is None,
            depth=shape.depth,
            compression=_compression(shape),
            predictor=page.one(tiff_parts.PREDICTOR, 1) == 2,  # noqa: PLR2004 - horizontal differences
            palette=palette,
            alpha_kind=shape.alpha_kind,
            density=_density(page),
        )
        turned = page.one(ifd.ORIENTATION, 1)
        orientation = turned if turned in range(1, 9) else 1
        return Picture(pixels, shape.channels, Format.TIFF, orientation, encoding, white_of(pixels))

    def encode(self, picture: Picture) -> Encoded:
        """Return a little-endian TIFF file that decodes to the same samples."""
        how = picture.encoding
        assert isinstance(how, TiffEncoding)  # noqa: S101 - decode made it
        own: dict[int, Entry] = {}
        if how.palette is not None:
            indices, palette = how.palette.indices(picture.pixels)
            image = to_image(indices[..., None], "P")
            image.putpalette(palette.rgb)
            data = _pillow(image, how)
            own[tiff_parts.COLOURS] = _colours(palette)
        elif how.depth == _DEEP and picture.channels is not Channels.GREY:
            data = _opencv(picture.pixels, how)
        elif how.depth == 1:
            data = _pillow(to_bilevel(picture.pixels), how)
        else:
            data = _pillow(to_image(picture.pixels, "I;16" if how.depth == _DEEP else _MODES[picture.channels]), how)
        return Encoded(_stamp(data, picture, how, own), reencoded=False)


def _is_deep_colour(shape: Shape) -> bool:
    return shape.depth == _DEEP and shape.channels is not Channels.GREY


def _bare(page: Directory, shape: Shape) -> bytes:
    """Return the file with a new first directory, that of the pixel tags alone; the old ones are out of reach.

    Premultiplied samples are declared plain, so that decoders give them as they are.
    """
    entries = {tag: entry for tag in tiff_parts.DECODED & page.spots.keys() if (entry := page.entry(tag))}
    if shape.channels.has_alpha:
        entries[tiff_parts.EXTRA] = ifd.pack(page.order, ifd.SHORT, (2,))
    offset = len(page.data) + len(page.data) % 2
    head = page.data[:4] + offset.to_bytes(4, "little" if page.order == "<" else "big")
    pad = b"\0" * (len(page.data) % 2)
    return b"".join([head, memoryview(page.data)[8:], pad, ifd.build(page.order, entries, offset)])


def _samples(bare: bytes, shape: Shape) -> Pixels:
    with TiffImageFile(io.BytesIO(bare)) as image:
        if image.mode == "YCbCr":
            image.load()
            return to_array(image.convert("RGB"))
        expected = {1: "1", _DEEP: "I;16"}.get(
            shape.depth, "P" if shape.photometric == _INDEXED else _MODES[shape.channels]
        )
        if image.mode.removesuffix("B") != expected.removesuffix("B"):
            raise BadImageError(Reason.UNSUPPORTED_PIXELS)
        return to_array(image)


def _deep_colour(bare: bytes, shape: Shape) -> Pixels:
    """Return 16-bit colour, which Pillow would cut to 8 bits; OpenCV's blue-first order ends here."""
    if shape.planar:
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    with TiffImageFile(io.BytesIO(bare)) as strict:
        strict.load()  # it raises for damage that OpenCV fills in silence
    pixels = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[2:] != (len(shape.bits),):
        raise BadImageError(Reason.CORRUPT)
    order = cv2.COLOR_BGR2RGB if shape.channels is Channels.RGB else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(pixels, order, dst=pixels))


def _palette(page: Directory) -> Palette:
    """Return the colour map, all reds first, cut from 16 to 8 bits; maps that were written with 8 are taken so."""
    colours = np.array(page.whole(tiff_parts.COLOURS), np.uint16)
    if colours.size != 768:  # noqa: PLR2004 - three of 256
        raise BadImageError(Reason.CORRUPT)
    return Palette((colours >> 8).astype(np.uint8).reshape(3, 256).T.tobytes())


def _colours(palette: Palette) -> Entry:
    levels = np.frombuffer(palette.rgb, np.uint8).reshape(-1, 3).T.ravel().astype(np.uint16) * 257
    return ifd.pack("<", ifd.SHORT, tuple(levels.tolist()))


def _compression(shape: Shape) -> int:
    if shape.compression == _OLD_DEFLATE or shape.compression not in _COMPRESSIONS:
        return _DEFLATE
    if shape.compression in _FAX and shape.depth != 1:
        return _DEFLATE
    return shape.compression


def _density(page: Directory) -> tuple[tuple[int, int, int, int], int] | None:
    pair = [page.entry(tag) for tag in (tiff_parts.X_DENSITY, tiff_parts.Y_DENSITY)]
    numbers: list[int] = []
    for entry in pair:
        if entry is None or entry.kind != ifd.RATIONAL or entry.count != 1:
            return None
        numbers += np.frombuffer(entry.raw, page.order + "u4").tolist()
    return (numbers[0], numbers[1], numbers[2], numbers[3]), page.one(tiff_parts.DENSITY_UNIT, 2)


def _pillow(image: Image.Image, how: TiffEncoding) -> bytes:
    info: dict[int, Any] = {tiff_parts.PREDICTOR: 2} if how.predictor and how.compression in _PREDICTED else {}
    return save(image, "TIFF", compression=_COMPRESSIONS[how.compression], tiffinfo=info)


def _opencv(pixels: Pixels, how: TiffEncoding) -> bytes:
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA  # noqa: PLR2004 - with or without alpha
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, how.compression]
    done, data = cv2.imencode(".tiff", cv2.cvtColor(pixels, order), settings)
    if not done:
        raise BadImageError(Reason.CORRUPT)
    return bytes(data.tobytes())


def _stamp(data: bytes, picture: Picture, how: TiffEncoding, own: dict[int, Entry]) -> bytes:
    """Return a file of the strips of ``data`` under a directory of ours; nothing else that a writer left is in it."""
    page = next(tiff_parts.pages(data))
    if page.order != "<":
        raise BadImageError(Reason.CORRUPT)
    entries = {tag: entry for tag in _CODED & page.spots.keys() if (entry := page.entry(tag))} | own
    starts, sizes = page.whole(tiff_parts.STRIPS), page.whole(tiff_parts.STRIP_BYTES)
    strips, places, at = list[bytes](), list[int](), 8
    for start, size in zip(starts, sizes, strict=True):
        strips.append(data[start : start + size] + b"\0" * (size % 2))
        places.append(at)
        at += size + size % 2
    entries[tiff_parts.STRIPS] = ifd.pack("<", ifd.LONG, tuple(places))
    if picture.orientation != 1:
        entries[ifd.ORIENTATION] = ifd.pack("<", ifd.SHORT, (picture.orientation,))
    if how.alpha_kind:
        entries[tiff_parts.EXTRA] = ifd.pack("<", ifd.SHORT, (how.alpha_kind,))
    if how.icc:
        entries[tiff_parts.PROFILE] = Entry(ifd.UNDEFINED, len(how.icc), how.icc)
    entries |= _density_entries(how)
    return b"".join([b"II*\0", at.to_bytes(4, "little"), *strips, ifd.build("<", entries, at)])


def _density_entries(how: TiffEncoding) -> dict[int, Entry]:
    if how.density is None:
        return {}
    numbers, unit = how.density
    raw = np.array(numbers, "<u4").tobytes()
    return {
        tiff_parts.X_DENSITY: Entry(ifd.RATIONAL, 1, raw[:8]),
        tiff_parts.Y_DENSITY: Entry(ifd.RATIONAL, 1, raw[8:]),
        tiff_parts.DENSITY_UNIT: ifd.pack("<", ifd.SHORT, (unit if unit in {1, 2, 3} else 2,)),
    }
