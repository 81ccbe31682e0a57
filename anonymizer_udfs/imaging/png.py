"""PNG: every colour type and bit depth, decoded from the image chunks alone and written losslessly.

Kept: colour type, bit depth, palette and its opacities, colour-key transparency (a changed pixel that happens to have
the key's colour is shown as clear), interlace, gAMA, cHRM, sRGB, cICP, mDCV, cLLI, sBIT, pHYs, bKGD, and the cleaned
profile. Not kept where pixels changed: the choice of filters and the cut into IDAT chunks, which no reader shows. Never
kept: the palette that a colour picture suggests. Pillow does the packing; what it has no mode for (16-bit grey with
alpha, grey of 2 and 4 bits) is given to it as a picture of other shape with the same bytes a row, since PNG's filters
look at bytes. 16-bit colour goes through OpenCV, after Pillow has checked it.

Untouched: the IDAT chunks as they are. The palette's unused colours are zeroed. Encoded anew instead: a file whose IDAT
chunks hold anything but one deflate stream of exactly the picture's rows (inflated to see that, before it is stored),
wrong check sums, and colours under alpha 0. What stays: up to 7 unused bits a row below 8 bits.
"""

import io
from dataclasses import dataclass, field, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from anonymizer_udfs.imaging import icc, ifd, png_parts, png_stream
from anonymizer_udfs.imaging.base import (
    Channels,
    Encoded,
    Encoding,
    Format,
    Header,
    Picture,
    Pixels,
    Recolour,
)
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.png_parts import GREY, GREY_ALPHA, INDEXED, RGB, RGBA, Parts, Shape
from anonymizer_udfs.imaging.raster import hide, pack_bits, save, to_array, to_image, white_of
from anonymizer_udfs.outcome import BadImageError, Reason

_CHANNELS = {GREY: Channels.GREY, RGB: Channels.RGB, GREY_ALPHA: Channels.GREY_ALPHA, RGBA: Channels.RGBA}
_MODES = {(GREY, 8): "L", (GREY, 16): "I;16", (RGB, 8): "RGB", (GREY_ALPHA, 8): "LA", (RGBA, 8): "RGBA"}
_KEY_BYTES = {GREY: 2, RGB: 6}
_DEEP, _BYTE, _WHITE = 16, 8, 255
_BARE = Parts((), palette=b"", transparency=b"", shown=(), profile=None, exif=b"")


@dataclass(frozen=True)
class PngEncoding(Encoding):
    """What a PNG file was made with."""

    depth: int = _BYTE
    """Bits a sample: 1, 2, 4, 8 or 16."""
    colour: int = RGB
    """PNG's colour type."""
    palette: Palette | None = None
    key: bytes = field(default=b"", repr=False)
    """The one colour that is clear, for grey and RGB without alpha."""
    shown: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    """Numeric chunks that say how samples are to be shown."""
    interlaced: bool = False

    def recoloured(self, change: Recolour) -> Self:
        """Return it with the palette, or the one colour that is clear, changed as the picture's are."""
        made = super().recoloured(change)
        if not self.key:
            return made
        white = (1 << self.depth) - 1
        shown = _WHITE if self.depth < _BYTE else white  # samples of few bits are scaled when they are decoded
        samples = np.frombuffer(self.key, ">u2").astype(np.uint32).reshape(1, 1, -1) * shown // white
        came = change(samples.astype(np.uint16 if self.depth == _DEEP else np.uint8), shown).astype(np.uint32)
        return replace(made, key=((came * white + shown // 2) // shown).astype(">u2").tobytes())


class PngCodec:
    """``.png``; animated ones are counted and held back."""

    def header(self, data: bytes) -> Header:
        """Return the header; the chunks' lengths are walked, since an animation is told by its later chunks."""
        shape = png_parts.shape(data)
        return Header(Format.PNG, shape.width, shape.height, png_parts.frames(data))

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture; palettes are expanded, grey below 8 bits is scaled to 0..255."""
        shape, parts = png_parts.shape(data), png_parts.take_apart(data)
        palette, hidden = None, False
        fits = len(parts.transparency) == _KEY_BYTES.get(shape.colour)
        stored = replace(parts, palette=b"", transparency=parts.transparency if fits else b"")
        if shape.colour == INDEXED:
            palette = Palette(parts.palette, parts.transparency)
            indices = to_array(_open(shape, parts))[..., 0]
            channels, pixels = palette.channels, palette.expand(indices)
            trimmed = palette.trimmed(indices)
            stored = replace(parts, palette=trimmed.rgb, transparency=trimmed.alpha)
        else:
            channels, pixels = _CHANNELS[shape.colour], _samples(shape, parts)
            hidden = hide(pixels, channels)
        profile = icc.clean(parts.profile, channels) if parts.profile else None
        orientation = ifd.exif_orientation(parts.exif)
        exif = ifd.minimal_exif(orientation)
        untouched = None if hidden else png_parts.assemble(shape, parts.image, stored, profile=profile, exif=exif)
        encoding = PngEncoding(
            untouched=untouched,
            icc=profile,
            profile_dropped=parts.profile is not None and profile is None,
            depth=shape.depth,
            colour=shape.colour,
            palette=palette,
            key=b"" if palette else stored.transparency,
            shown=parts.shown,
            interlaced=shape.interlaced,
        )
        return Picture(pixels, channels, Format.PNG, orientation, encoding, white_of(pixels))

    def encode(self, picture: Picture) -> Encoded:
        """Return a PNG file that decodes to the same samples."""
        how = picture.encoding
        assert isinstance(how, PngEncoding)  # noqa: S101 - decode made it
        width, height = picture.size_wh
        shape = Shape(width, height, how.depth, how.colour, how.interlaced)
        parts = replace(_BARE, transparency=how.key, shown=how.shown)
        if how.palette is not None:
            indices, palette = how.palette.indices(picture.pixels)
            parts = replace(parts, palette=palette.rgb, transparency=palette.alpha)
            image = _chunks_of(indices[..., None], shape)
        else:
            image = _chunks_of(picture.pixels, shape)
        exif = ifd.minimal_exif(picture.orientation)
        return Encoded(png_parts.assemble(shape, image, parts, profile=how.icc, exif=exif), reencoded=False)


def _file(shape: Shape, parts: Parts) -> bytes:
    """Return a file with these image chunks and this shape, and nothing else in it."""
    table = [png_parts.chunk(b"PLTE", parts.palette)] if shape.colour == INDEXED else []
    return b"".join([png_parts.SIGNATURE, shape.chunk(), *table, *parts.image, png_parts.chunk(b"IEND", b"")])


def _open(shape: Shape, parts: Parts) -> Image.Image:
    return PngImageFile(io.BytesIO(_file(shape, parts)))


def _samples(shape: Shape, parts: Parts) -> Pixels:
    if shape.depth < _DEEP or shape.colour == GREY:
        return to_array(_open(shape, parts))
    if shape.colour == GREY_ALPHA:
        # Two samples of two bytes are four of one to the filters.
        halves = to_array(_open(replace(shape, depth=_BYTE, colour=RGBA), parts))
        return halves.view(">u2").astype(np.uint16)
    return _deep_colour(shape, parts)


def _deep_colour(shape: Shape, parts: Parts) -> Pixels:
    """Return 16-bit colour, which Pillow would cut to 8 bits; OpenCV's blue-first order ends here."""
    with _open(shape, parts) as strict:
        strict.load()  # it raises for damage that OpenCV fills in silence
    data = np.frombuffer(_file(shape, parts), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise BadImageError(Reason.CORRUPT)
    order = cv2.COLOR_BGR2RGB if shape.colour == RGB else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(pixels, order, dst=pixels))


def _chunks_of(samples: Pixels, shape: Shape) -> tuple[bytes, ...]:
    """Return the image chunks of samples, or of indices if the shape is that of a palette."""
    if not shape.interlaced:
        return _image_chunks(samples, shape)
    return png_stream.interlaced(_image_chunks(part, shape) for part in png_stream.passes(samples))


def _image_chunks(pixels: Pixels, shape: Shape) -> tuple[bytes, ...]:
    if shape.colour == INDEXED:
        return _packed(pixels[..., 0], shape.depth, "P")
    if shape.depth < _BYTE:
        levels = (1 << shape.depth) - 1
        samples = ((pixels[..., 0].astype(np.uint16) * levels + 127) // 255).astype(np.uint8)
        return _packed(samples, shape.depth, "L")
    if shape.depth == _DEEP and shape.colour == GREY_ALPHA:
        halves = np.ascontiguousarray(pixels, ">u2").view(np.uint8)
        return _chunks(save(to_image(halves, "RGBA"), "PNG"))
    if shape.depth == _DEEP and shape.colour != GREY:
        order = cv2.COLOR_RGB2BGR if shape.colour == RGB else cv2.COLOR_RGBA2BGRA
        done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order))
        if not done:
            raise BadImageError(Reason.CORRUPT)
        return _chunks(data.tobytes())
    return _chunks(save(to_image(pixels, _MODES[shape.colour, shape.depth]), "PNG"))


def _packed(samples: NDArray[np.uint8], depth: int, mode: str) -> tuple[bytes, ...]:
    """Return the image chunks of one-sample pixels of up to 8 bits; mode ``P`` makes Pillow leave the filters out."""
    rows = samples if depth == _BYTE else pack_bits(samples, depth)
    image = to_image(rows[..., None], mode)
    if mode == "P":
        image.putpalette(bytes(768))
        return _chunks(save(image, "PNG", bits=_BYTE))
    return _chunks(save(image, "PNG"))


def _chunks(data: bytes) -> tuple[bytes, ...]:
    return png_parts.take_apart(data).image
