"""BMP: decoded by Pillow, written here, since Pillow changes the bit depth or loses alpha of most kinds.

Kept: 1, 4, 8 (palette), 16 (5-5-5 and 5-6-5), 24 and 32 bits a pixel, alpha, density, the order of rows. Not kept where
pixels changed: run-length coding (written plain, as a reader sees the same pixels and hardly any writer uses it). Never
kept: OS/2 and longer headers, and colour profiles: they may be no more than the path of a file.

Untouched: the rows or runs as they are, but for what no pixel shows: padding of rows, unused bits of 16 and 32, unused
colours are zero. Encoded anew instead: runs without an end, past a row's end, or padded with anything but zero, and
colours under alpha 0.
"""

import functools
import io
import operator
import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL.BmpImagePlugin import BmpImageFile

from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture, Pixels
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.raster import hide, pack_bits, to_array
from anonymizer_udfs.imaging.streams import runs_end
from anonymizer_udfs.outcome import BadImageError, Reason

_FILE_HEAD, _CORE, _INFO = 14, 12, 40
_SRGB = 0x73524742
_PLAIN, _RUNS_8, _RUNS_4, _FIELDS, _ALPHA_FIELDS = 0, 1, 2, 3, 6
_565 = (0xF800, 0x7E0, 0x1F)
_BITS = {1, 4, 8, 16, 24, 32}
_PALETTE_BITS, _DEEP, _FULL = 8, 16, 32


@dataclass(frozen=True)
class BmpEncoding(Encoding):
    """What a BMP file was made with."""

    bits: int = 24
    """Bits a pixel."""
    palette: Palette | None = None
    green_bits: int = 5
    """Of 16 bits a pixel, those of green: 5 or 6."""
    density: tuple[int, int] = (0, 0)
    """Pixels a metre."""
    top_down: bool = False
    """The first row is stored first."""


@dataclass(frozen=True)
class Shape:
    """What the information header says; ``start`` is where the pixels are."""

    width: int
    height: int
    bits: int
    compression: int
    start: int
    head: int
    density: tuple[int, int] = (0, 0)
    colours: int = 0
    top_down: bool = False

    @property
    def row_bytes(self) -> int:
        """Bytes a row, padded to four."""
        return (self.width * self.bits + 31) // 32 * 4


def shape(data: bytes) -> Shape:
    """Return what the header says; raises ``BadImageError``: ``truncated``, ``unsupported_pixels``."""
    start, head = struct.unpack_from("<II", data, 10)
    if len(data) < _FILE_HEAD + head:
        raise BadImageError(Reason.TRUNCATED)
    if head == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        return _checked(Shape(width, height, bits, _PLAIN, start, head))
    if head < _INFO:
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    width, height, _, bits, compression, _, x, y, colours = struct.unpack_from("<iiHHIIiiI", data, 18)
    density, top_down = (max(x, 0), max(y, 0)), height < 0
    return _checked(Shape(width, abs(height), bits, compression, start, head, density, colours, top_down))


def _checked(found: Shape) -> Shape:
    kinds = {_PLAIN: _BITS, _RUNS_8: {8}, _RUNS_4: {4}, _FIELDS: {16, 32}, _ALPHA_FIELDS: {16, 32}}
    if found.bits not in kinds.get(found.compression, ()):
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    return found


class BmpCodec:
    """``.bmp``."""

    def header(self, data: bytes) -> Header:
        """Return the header."""
        found = shape(data)
        return Header(Format.BMP, found.width, found.height, frames=1)

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture: RGB, or RGBA if the file has an alpha mask."""
        found = shape(data)
        runs = found.compression in {_RUNS_8, _RUNS_4}
        if not runs and found.start + found.row_bytes * found.height > len(data):
            raise BadImageError(Reason.TRUNCATED)
        with BmpImageFile(io.BytesIO(data)) as image:
            mode = image.mode
            pixels = to_array(image)
        palette, table = None, b""
        if found.bits <= _PALETTE_BITS:
            palette = _palette(data, found)
            indices = _indices(pixels[..., 0], mode)
            pixels, table = palette.expand(indices), _table(palette.trimmed(indices))
        channels = Channels(mode.lower()) if palette is None else Channels.RGB
        hidden = hide(pixels, channels)
        encoding = BmpEncoding(
            untouched=None if hidden else _untouched(data, found, table, channels),
            bits=found.bits,
            palette=palette,
            green_bits=_green_bits(data, found),
            density=found.density,
            top_down=found.top_down,
        )
        return Picture(pixels, channels, Format.BMP, 1, encoding)

    def encode(self, picture: Picture) -> Encoded:
        """Return a BMP file that decodes to the same pixels, but for changed ones that its depth rounds."""
        how = picture.encoding
        assert isinstance(how, BmpEncoding)  # noqa: S101 - decode made it
        table = b""
        if how.palette is not None:
            indices, palette = how.palette.indices(picture.pixels)
            rows = pack_bits(indices, how.bits) if how.bits < _PALETTE_BITS else indices
            table = _table(palette)
        else:
            rows = _rows(picture.pixels, how)
        return Encoded(_file(picture, how, table, rows), reencoded=False)


def _palette(data: bytes, found: Shape) -> Palette:
    """Return the colour table, which ends where the pixels start at the latest."""
    at, step = _FILE_HEAD + found.head, 3 if found.head == _CORE else 4
    count = min(found.colours or 1 << found.bits, 1 << found.bits, max(0, found.start - at) // step)
    if not count:
        raise BadImageError(Reason.CORRUPT)
    table = np.frombuffer(data, np.uint8, count * step, at).reshape(-1, step)
    return Palette(table[:, 2::-1].tobytes())


def _indices(samples: NDArray[np.uint8], mode: str) -> NDArray[np.uint8]:
    """Return indices; Pillow shows tables that are a grey ramp as grey, where the level is the index, or as bilevel."""
    return samples // 255 if mode == "1" else samples


def _green_bits(data: bytes, found: Shape) -> int:
    if found.bits != _DEEP or found.compression == _PLAIN:
        return 5
    return 6 if struct.unpack_from("<3I", data, _FILE_HEAD + _INFO) == _565 else 5


def _rows(pixels: Pixels, how: BmpEncoding) -> NDArray[np.uint8]:
    """Return the bytes of each row, unpadded, blue first."""
    height, width, samples = pixels.shape
    if how.bits == _DEEP:
        depths = (5, how.green_bits, 5)
        red, green, blue = (
            (pixels[..., i].astype(np.uint16) * ((1 << depth) - 1) + 127) // 255 for i, depth in enumerate(depths)
        )
        packed = (red << 5 + how.green_bits) | (green << 5) | blue
        return np.ascontiguousarray(packed, "<u2").view(np.uint8)
    out = np.zeros((height, width, how.bits // 8), np.uint8)
    out[..., :3] = pixels[..., 2::-1]
    if samples == 4:  # noqa: PLR2004 - alpha
        out[..., 3] = pixels[..., 3]
    return out.reshape(height, -1)


def _table(palette: Palette) -> bytes:
    """Return the colours as a file has them: blue first, four bytes each."""
    colours = np.frombuffer(palette.rgb, np.uint8).reshape(-1, 3)[:, ::-1]
    return np.pad(colours, ((0, 0), (0, 1))).tobytes()


def _file(picture: Picture, how: BmpEncoding, table: bytes, rows: NDArray[np.uint8]) -> bytes:
    width, height = picture.size_wh
    masks: tuple[int, ...] = ()
    if picture.channels is Channels.RGBA:
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    elif how.bits == _DEEP and how.green_bits == 6:  # noqa: PLR2004 - 5-6-5
        masks = _565
    padded = np.pad(rows if how.top_down else rows[::-1], ((0, 0), (0, -rows.shape[1] % 4)))
    kind = _FIELDS if masks else _PLAIN
    made = Shape(width, height, how.bits, kind, 0, _INFO, how.density, len(table) // 4, how.top_down)
    return _assemble(made, masks, table, padded.tobytes())


def _assemble(found: Shape, masks: tuple[int, ...], table: bytes, rows: bytes) -> bytes:
    """Return a file of our own headers, the long one if there is a mask of alpha."""
    extra = struct.pack(f"<{len(masks)}I", *masks)
    if len(masks) == 4:  # noqa: PLR2004 - alpha
        extra += struct.pack("<I48x", _SRGB)
    head = _INFO + len(extra) if len(masks) == 4 else _INFO  # noqa: PLR2004 - alpha
    start = _FILE_HEAD + _INFO + len(extra) + len(table)
    height = -found.height if found.top_down else found.height
    info = struct.pack(
        "<IiiHHIIiiII", head, found.width, height, 1, found.bits, found.compression, len(rows), *found.density,
        len(table) // 4, 0,
    )  # fmt: skip
    return b"".join([struct.pack("<2sIII", b"BM", start + len(rows), 0, start), info, extra, table, rows])


def _untouched(data: bytes, found: Shape, table: bytes, channels: Channels) -> bytes | None:
    """Return a file of the source's rows or runs; None if the runs hold what is no pixel."""
    masks: tuple[int, ...] = ()
    if found.compression in {_FIELDS, _ALPHA_FIELDS}:
        masks = struct.unpack_from("<4I" if channels is Channels.RGBA else "<3I", data, _FILE_HEAD + _INFO)
    if found.compression in {_RUNS_8, _RUNS_4}:
        end = runs_end(data, found.start, (found.width, found.height), found.bits)
        return None if end is None else _assemble(found, (), table, data[found.start : end])
    rows = np.frombuffer(data, np.uint8, found.row_bytes * found.height, found.start).reshape(found.height, -1).copy()
    shown = found.width * found.bits
    rows[:, -(-shown // 8) :] = 0
    if shown % 8:
        rows[:, shown // 8] &= 0xFF00 >> shown % 8 & 0xFF
    if found.bits in {_DEEP, _FULL}:
        kept = functools.reduce(operator.or_, masks) if masks else {_DEEP: 0x7FFF, _FULL: 0xFFFFFF}[found.bits]
        rows.view(f"<u{found.bits // 8}")[...] &= kept
    kind = _FIELDS if masks else _PLAIN
    return _assemble(replace(found, compression=kind), masks, table, rows.tobytes())
