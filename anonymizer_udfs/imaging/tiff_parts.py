"""The directories of a TIFF file (TIFF 6.0): what the one picture is, and whether it is a picture at all.

Camera raw files are TIFF files whose first picture is a preview; they are told by their sensor data.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from anonymizer_udfs.imaging import ifd
from anonymizer_udfs.imaging.base import Channels
from anonymizer_udfs.imaging.ifd import Directory
from anonymizer_udfs.outcome import BadImageError, Reason

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, X_DENSITY, Y_DENSITY, PLANAR = 273, 277, 278, 279, 282, 283, 284
T4_OPTIONS, T6_OPTIONS, DENSITY_UNIT, PREDICTOR, COLOURS = 292, 293, 296, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, INKS, EXTRA, KIND = 322, 323, 324, 325, 332, 338, 339
JPEG_TABLES, YCC_FACTORS, YCC_SAMPLING, YCC_RANGE, PROFILE = 347, 529, 530, 532, 34675
_SUB_DIRECTORIES, _DNG_VERSION = 330, 50706

# What a decoder needs; nothing else is shown to it.
DECODED = frozenset({
    WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR,
    T4_OPTIONS, T6_OPTIONS, PREDICTOR, COLOURS, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, EXTRA, KIND, JPEG_TABLES,
    YCC_FACTORS, YCC_SAMPLING, YCC_RANGE,
})  # fmt: skip

LUMA_CHROMA = 6
_SENSOR = {32803, 34892}
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 65000, 65535}
_OLD_JPEG = 6
_REDUCED = 1
_MOST_PAGES = 1024
_MOST_SUB = 16
_UNSIGNED, _CMYK_INKS = 1, 1
_MOST_TILE_SHARE = 4
_HEADER_BYTES = 8
"""Byte order, a number, and where the first directory is (TIFF 6.0, section 2): a decoder gets them written anew."""

# Photometric interpretation and bits of the samples, to what they are.
_KINDS: dict[tuple[int, tuple[int, ...]], Channels] = {
    (0, (1,)): Channels.GREY,
    (1, (1,)): Channels.GREY,
    (0, (8,)): Channels.GREY,
    (1, (8,)): Channels.GREY,
    (1, (16,)): Channels.GREY,
    (1, (8, 8)): Channels.GREY_ALPHA,
    (2, (8, 8, 8)): Channels.RGB,
    (2, (16, 16, 16)): Channels.RGB,
    (2, (8, 8, 8, 8)): Channels.RGBA,
    (2, (16, 16, 16, 16)): Channels.RGBA,
    (3, (8,)): Channels.RGB,
    (5, (8, 8, 8, 8)): Channels.CMYK,
    (6, (8, 8, 8)): Channels.RGB,
}


@dataclass(frozen=True)
class Shape:
    """What the first directory says of its picture."""

    width: int
    height: int
    bits: tuple[int, ...]
    photometric: int
    compression: int
    channels: Channels
    alpha_kind: int
    """ExtraSamples: 1 is premultiplied, 2 is plain, 0 is not stated."""
    planar: bool

    @property
    def depth(self) -> int:
        """Bits of a sample: 1, 8 or 16."""
        return self.bits[0]


def pages(data: bytes) -> Iterator[Directory]:
    """Yield the directories in their chain; a chain that bites its tail ends there."""
    offset, seen = ifd.first_offset(data), set[int]()
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        page = ifd.read(data, offset)
        yield page
        offset = page.following


def frames(data: bytes) -> int:
    """Return the number of pictures; pages that say they are reduced copies are thumbnails, which go, and do not count.

    Raises:
        BadImageError: as ``ifd.read``; ``unsupported_format`` for raw files.
    """
    count = 0
    for number, page in enumerate(pages(data)):
        if is_raw(page):
            raise BadImageError(Reason.UNSUPPORTED_FORMAT)
        count += number == 0 or not page.one(SUBFILE, 0) & _REDUCED
    return count


def is_raw(page: Directory) -> bool:
    """Whether the page or a sub-directory of it holds a sensor's data."""
    if _DNG_VERSION in page.spots or _sensor(page):
        return True
    for offset in page.whole(_SUB_DIRECTORIES)[:_MOST_SUB]:
        try:
            if _sensor(ifd.read(page.data, offset)):
                return True
        except BadImageError:
            continue  # a broken sub-directory is not kept in any case
    return False


def _sensor(page: Directory) -> bool:
    if page.one(PHOTOMETRIC, 0) in _SENSOR or page.one(COMPRESSION, 1) in _RAW_COMPRESSIONS:
        return True
    # Previews of raw files and TIFF's withdrawn way of holding JPEG; neither is written here.
    return page.one(COMPRESSION, 1) == _OLD_JPEG


def shape(page: Directory) -> Shape:
    """Return what the page says of its picture.

    Raises:
        BadImageError: ``unsupported_pixels``, ``truncated``, ``corrupt``.
    """
    samples = page.one(SAMPLES, 1)
    bits = page.whole(BITS, (1,))
    if len(bits) == 1:
        bits *= min(samples, 8)
    photometric, extra = page.one(PHOTOMETRIC, -1), page.whole(EXTRA)
    channels = _KINDS.get((photometric, bits))
    kinds = set(page.whole(KIND, (_UNSIGNED,)))
    if channels is None or len(bits) != samples or kinds != {_UNSIGNED} or page.one(INKS, _CMYK_INKS) != _CMYK_INKS:
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    if extra not in ({(), (1,), (2,)} if channels.has_alpha else {()}):
        raise BadImageError(Reason.UNSUPPORTED_PIXELS)
    found = Shape(
        width=page.one(WIDTH, 0),
        height=page.one(HEIGHT, 0),
        bits=bits,
        photometric=photometric,
        compression=page.one(COMPRESSION, 1),
        channels=channels,
        alpha_kind=extra[0] if extra else 0,
        planar=page.one(PLANAR, 1) != 1,
    )
    _check_pieces(page, found)
    return found


def _check_pieces(page: Directory, found: Shape) -> None:
    """Refuse strips and tiles that are not in the file or in its header, and tiles far larger than their picture."""
    tiled = TILES in page.spots
    starts = page.whole(TILES if tiled else STRIPS)
    sizes = page.whole(TILE_BYTES if tiled else STRIP_BYTES)
    if not starts or min(starts) < _HEADER_BYTES or (sizes and len(sizes) != len(starts)):
        raise BadImageError(Reason.CORRUPT)
    if max(map(sum, zip(starts, sizes or (1,) * len(starts), strict=True))) > len(page.data):
        raise BadImageError(Reason.TRUNCATED)
    tile = math.prod((page.one(TILE_WIDTH, 0), page.one(TILE_HEIGHT, 0))) if tiled else 0
    if tile > _MOST_TILE_SHARE * max(found.width * found.height, 1 << 20):
        raise BadImageError(Reason.TOO_LARGE)
