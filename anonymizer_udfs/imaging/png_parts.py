"""The chunks of a PNG file (ISO/IEC 15948): walked, filtered, written."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from anonymizer_udfs.imaging.icc import MOST_BYTES
from anonymizer_udfs.outcome import BadImageError, Reason

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, INDEXED: 1, GREY_ALPHA: 2, RGBA: 4}
_DEPTHS = {GREY: {1, 2, 4, 8, 16}, RGB: {8, 16}, INDEXED: {1, 2, 4, 8}, GREY_ALPHA: {8, 16}, RGBA: {8, 16}}
# Chunks of numbers alone that say how samples are to be shown, with the sizes that they may have.
_SHOWN: dict[bytes, tuple[int, ...]] = {
    b"gAMA": (4,), b"cHRM": (32,), b"sRGB": (1,), b"cICP": (4,), b"mDCV": (24,), b"cLLI": (8,), b"sBIT": (1, 2, 3, 4),
    b"pHYs": (9,), b"bKGD": (1, 2, 6),
}  # fmt: skip
_AFTER_PALETTE = b"bKGD"
_NAME = b"profile"
_BEFORE_PIXELS = {b"PLTE", b"tRNS"}
"""Chunks that come before the pixels wherever they are of use (PNG, third edition, 5.6)."""


@dataclass(frozen=True)
class Shape:
    """What the IHDR chunk says."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool = False

    def chunk(self) -> bytes:
        """Return the IHDR chunk."""
        last = (self.depth, self.colour, 0, 0, self.interlaced)
        return chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, *last))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and check sum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk's body up to IEND, which is yielded too.

    Raises:
        BadImageError: ``truncated`` if IEND does not come.
    """
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise BadImageError(Reason.TRUNCATED)
        size, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            raise BadImageError(Reason.TRUNCATED)
        yield name, at + 8, at + 8 + size
        if name == b"IEND":
            return
        at += 12 + size


def shape(data: bytes) -> Shape:
    """Return what IHDR says; raises ``BadImageError``: ``truncated``, ``corrupt``."""
    name, start, end = next(walk(data))
    if name != b"IHDR" or end - start != 13:  # noqa: PLR2004 - the size of IHDR
        raise BadImageError(Reason.CORRUPT)
    width, height, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", data, start)
    if depth not in _DEPTHS.get(colour, ()):
        raise BadImageError(Reason.CORRUPT)
    return Shape(width, height, depth, colour, bool(interlace))


def frames(data: bytes) -> int:
    """Return the number of pictures in the file: of an animation, with a still image that is not part of it."""
    count, inside = 1, False
    for name, start, end in walk(data):
        if name == b"acTL" and end - start == 8:  # noqa: PLR2004 - two numbers
            (count,) = struct.unpack_from(">I", data, start)
            inside = False
        inside |= name == b"fcTL"
        if name == b"IDAT":
            break
    else:
        raise BadImageError(Reason.CORRUPT)
    animated = any(name == b"fdAT" for name, _, _ in walk(data))
    return max(count, 1) + (not inside) if animated else 1


@dataclass(frozen=True)
class Parts:
    """What a file is made of that matters."""

    image: tuple[bytes, ...]
    """The IDAT chunks as they stand, with their check sums."""
    palette: bytes
    transparency: bytes
    shown: tuple[tuple[bytes, bytes], ...]
    """Names and bodies of numeric chunks that are kept."""
    profile: bytes | None
    """The colour profile, unpacked; empty if it cannot be, None if there is none."""
    exif: bytes


def take_apart(data: bytes) -> Parts:
    """Return the parts; the compressed pixels are copied once.

    Raises:
        BadImageError: ``too_large`` if the profile unpacks to more than 16 MiB; ``corrupt`` if the palette or what is
            transparent comes after pixels, where other readers do not look for it and see another picture; as ``walk``.
    """
    image, bodies = list[bytes](), dict[bytes, bytes]()
    for name, start, end in walk(data):
        if name == b"IDAT":
            image.append(data[start - 8 : end + 4])
        elif image and name in _BEFORE_PIXELS:
            raise BadImageError(Reason.CORRUPT)
        elif name in {b"PLTE", b"tRNS", b"iCCP", b"eXIf"} or end - start in _SHOWN.get(name, ()):
            bodies.setdefault(name, data[start:end])
    packed = bodies.get(b"iCCP")
    return Parts(
        image=tuple(image),
        palette=bodies.get(b"PLTE", b""),
        transparency=bodies.get(b"tRNS", b""),
        shown=tuple((name, bodies[name]) for name in _SHOWN if name in bodies),
        profile=None if packed is None else _unpack(packed),
        exif=bodies.get(b"eXIf", b""),
    )


def _unpack(packed: bytes) -> bytes:
    """Return the profile of an iCCP chunk: after its name, a zero and the method."""
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[packed.index(b"\0") + 2 :], MOST_BYTES + 1)
    except (zlib.error, ValueError):
        return b""
    if len(profile) > MOST_BYTES:
        raise BadImageError(Reason.TOO_LARGE)
    return profile


def assemble(shape: Shape, image: Iterable[bytes], parts: Parts, *, profile: bytes | None, exif: bytes) -> bytes:
    """Return a file of the image chunks, the numeric ones of ``parts``, and a profile and Exif of ours."""
    shown = [chunk(name, body) for name, body in parts.shown if name != _AFTER_PALETTE]
    later = [chunk(name, body) for name, body in parts.shown if name == _AFTER_PALETTE]
    coloured = [chunk(b"iCCP", _NAME + b"\0\0" + zlib.compress(profile, 9))] if profile else []
    table = [chunk(b"PLTE", parts.palette)] if parts.palette else []
    clear = [chunk(b"tRNS", parts.transparency)] if parts.transparency else []
    turned = [chunk(b"eXIf", exif)] if exif else []
    head = [SIGNATURE, shape.chunk(), *coloured, *shown, *table, *clear, *later, *turned]
    return b"".join([*head, *image, chunk(b"IEND", b"")])
