"""TIFF: the first page, shown to Pillow (or, for 16-bit colour, OpenCV) with nothing but its pixel tags.

Kept: bits, bilevel, grey (also white-is-zero), grey with alpha, RGB, RGBA (plain and premultiplied), palette, CMYK;
density; the cleaned profile; the orientation tag; byte order, strips or tiles, planes; compression none, LZW, deflate,
PackBits and the fax ones; differences. Not kept where pixels changed: other compressions (JPEG among them) are written
as deflate, so that what is decoded stays the same, luma and chroma as RGB in one plane, reversed bits as plain ones.

Untouched: strips or tiles as they are, but for what no pixel shows in plain ones, which is zero: the rest of tiles at
the edges, bits at the ends of rows. Encoded anew instead: compressed tiles past an edge, LZW, deflate or PackBits that
gives more or less than its piece or does not end with it, colours under alpha 0, reversed bits; and fax codes, JPEG,
luma and chroma, and other compressions always, since what follows their last code cannot be seen cheaply. What stays:
up to 7 unused bits a row of compressed bilevel pictures.
Held back as ``unsupported_pixels``: float, signed, 2, 4, 12 and 32 bit, Lab, 16-bit CMYK, extra samples of no meaning.
"""

import io
from dataclasses import dataclass, field, replace
from typing import Self

import cv2
import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from anonymizer_udfs.imaging import icc, ifd, tiff_parts, tiff_write
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture, Pixels
from anonymizer_udfs.imaging.ifd import Directory, Entry
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.raster import hide, to_array, white_of
from anonymizer_udfs.imaging.tiff_layout import Layout, layout
from anonymizer_udfs.imaging.tiff_parts import Shape
from anonymizer_udfs.outcome import BadImageError, Reason

_COLOUR, _INDEXED, _INKS, _DEEP = 2, 3, 5, 16
_DIFFERENCES, _HALF = 2, 128
_MODES = {
    Channels.GREY: "L", Channels.GREY_ALPHA: "LA", Channels.RGB: "RGB", Channels.RGBA: "RGBA", Channels.CMYK: "CMYK",
}  # fmt: skip


@dataclass(frozen=True)
class TiffEncoding(Encoding):
    """What a TIFF file was made with."""

    depth: int = 8
    """Bits a sample: 1, 8 or 16."""
    compression: int = tiff_write.NONE
    predictor: bool = False
    palette: Palette | None = None
    alpha_kind: int = 0
    """ExtraSamples: 1 is premultiplied, 2 is plain, 0 leaves the tag out."""
    density: tuple[tuple[int, int, int, int], int] | None = field(default=None, repr=False)
    """Numerators and denominators across and down, and their unit (1 none, 2 inch, 3 centimetre)."""
    layout: Layout = field(default_factory=Layout)

    def resized(self, size_wh: tuple[int, int]) -> Self:
        """Return it with strips as wide as the picture; tiles stay as they are."""
        if self.layout.tiled:
            return self
        rows = max(1, min(self.layout.piece_wh[1], size_wh[1]))
        return replace(self, layout=replace(self.layout, piece_wh=(size_wh[0], rows)))


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
        palette = trimmed = _palette(page) if shape.photometric == _INDEXED else None
        hidden = hide(pixels, shape.channels)
        if palette:
            trimmed, pixels = palette.trimmed(pixels[..., 0]), palette.expand(pixels[..., 0])
        source_profile = page.entry(tiff_parts.PROFILE)
        profile = icc.clean(source_profile.raw, shape.channels) if source_profile else None
        compression = _compression(shape)
        encoding = TiffEncoding(
            icc=profile,
            profile_dropped=source_profile is not None and profile is None,
            depth=shape.depth,
            compression=compression,
            predictor=_predicted(page, compression, shape.depth),
            palette=palette,
            alpha_kind=shape.alpha_kind,
            density=_density(page),
            layout=_layout(page, shape, compression),
        )
        turned = page.one(ifd.ORIENTATION, 1)
        picture = Picture(
            pixels, shape.channels, Format.TIFF, turned if turned in range(1, 9) else 1, encoding, white_of(pixels)
        )
        return picture if hidden else _with_untouched(picture, page, shape, trimmed)

    def encode(self, picture: Picture) -> Encoded:
        """Return a TIFF file that decodes to the same samples."""
        how = picture.encoding
        assert isinstance(how, TiffEncoding)  # noqa: S101 - decode made it
        samples, palette = picture.pixels, how.palette
        if palette is not None:
            indices, palette = palette.indices(picture.pixels)
            samples = indices[..., None]
        elif how.depth == 1:
            samples = samples >= _HALF
        if how.layout.white_is_zero:
            samples = ~samples
        pieces, entries = list[bytes](), _entries(picture, how, palette)
        for plane in how.layout.cut(samples, predicted=how.predictor):
            packed, options = tiff_write.compress(plane, how.compression, how.layout)
            pieces += packed
            entries |= options
        return Encoded(tiff_write.assemble(how.layout, pieces, entries), reencoded=False)


def _with_untouched(picture: Picture, page: Directory, shape: Shape, palette: Palette | None) -> Picture:
    how = picture.encoding
    assert isinstance(how, TiffEncoding)  # noqa: S101 - decode made it
    if shape.compression not in {how.compression, tiff_write.OLD_DEFLATE}:
        return picture
    stored = replace(how, compression=shape.compression)
    data = tiff_write.untouched(page, shape, how.layout, _entries(picture, stored, palette))
    return replace(picture, encoding=replace(how, untouched=data))


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


def _compression(shape: Shape) -> int:
    if shape.compression == tiff_write.OLD_DEFLATE or shape.compression not in tiff_write.WRITTEN:
        return tiff_write.DEFLATE
    if shape.compression in tiff_write.FAX and shape.depth != 1:
        return tiff_write.DEFLATE
    return shape.compression


def _predicted(page: Directory, compression: int, depth: int) -> bool:
    return page.one(tiff_parts.PREDICTOR, 1) == _DIFFERENCES and compression in tiff_write.PREDICTED and depth > 1


def _layout(page: Directory, shape: Shape, compression: int) -> Layout:
    found = layout(page, shape)
    # Luma and chroma are written as RGB; fax codes of tiles are a thing that few readers know.
    planar = found.planar and shape.photometric != tiff_parts.LUMA_CHROMA
    if found.tiled and compression in tiff_write.FAX:
        found = replace(found, tiled=False, piece_wh=(shape.width, shape.height))
    return replace(found, planar=planar)


def _density(page: Directory) -> tuple[tuple[int, int, int, int], int] | None:
    pair = [page.entry(tag) for tag in (tiff_parts.X_DENSITY, tiff_parts.Y_DENSITY)]
    numbers: list[int] = []
    for entry in pair:
        if entry is None or entry.kind != ifd.RATIONAL or entry.count != 1:
            return None
        numbers += np.frombuffer(entry.raw, page.order + "u4").tolist()
    return (numbers[0], numbers[1], numbers[2], numbers[3]), page.one(tiff_parts.DENSITY_UNIT, 2)


def _entries(picture: Picture, how: TiffEncoding, palette: Palette | None) -> dict[int, Entry]:
    """Return the directory of a picture but for where its pieces are."""
    order, (width, height) = how.layout.order, picture.size_wh
    samples = 1 if palette else picture.channels.samples

    def short(*values: int) -> Entry:
        return ifd.pack(order, ifd.SHORT, values)

    entries = {
        tiff_parts.WIDTH: ifd.pack(order, ifd.LONG, (width,)),
        tiff_parts.HEIGHT: ifd.pack(order, ifd.LONG, (height,)),
        tiff_parts.BITS: short(*[how.depth] * samples),
        tiff_parts.COMPRESSION: short(how.compression),
        tiff_parts.PHOTOMETRIC: short(_photometric(picture.channels, how)),
        tiff_parts.SAMPLES: short(samples),
        tiff_parts.PLANAR: short(2 if how.layout.planar else 1),
    }
    if how.predictor:
        entries[tiff_parts.PREDICTOR] = short(_DIFFERENCES)
    if palette:
        levels = np.frombuffer(palette.rgb, np.uint8).reshape(-1, 3).T.ravel().astype(np.uint16) * 257
        entries[tiff_parts.COLOURS] = short(*levels.tolist())
    if picture.orientation != 1:
        entries[ifd.ORIENTATION] = short(picture.orientation)
    if how.alpha_kind:
        entries[tiff_parts.EXTRA] = short(how.alpha_kind)
    if how.icc:
        entries[tiff_parts.PROFILE] = Entry(ifd.UNDEFINED, len(how.icc), how.icc)
    return entries | _density_entries(how)


def _photometric(channels: Channels, how: TiffEncoding) -> int:
    if how.palette:
        return _INDEXED
    if channels in {Channels.GREY, Channels.GREY_ALPHA}:
        return 0 if how.layout.white_is_zero else 1
    return _INKS if channels is Channels.CMYK else _COLOUR


def _density_entries(how: TiffEncoding) -> dict[int, Entry]:
    if how.density is None:
        return {}
    numbers, unit = how.density
    order = how.layout.order
    raw = np.array(numbers, order + "u4").tobytes()
    return {
        tiff_parts.X_DENSITY: Entry(ifd.RATIONAL, 1, raw[:8]),
        tiff_parts.Y_DENSITY: Entry(ifd.RATIONAL, 1, raw[8:]),
        tiff_parts.DENSITY_UNIT: ifd.pack(order, ifd.SHORT, (unit if unit in {1, 2, 3} else 2,)),
    }
