"""GIF: the one frame is decoded by Pillow and written with its palette, transparency and interlace.

A frame that is smaller than the canvas is written as large as the canvas. Comments, application blocks (profiles and
XMP among them), plain text and delays go.

Untouched: the blocks of the image as they are, interlaced or not, on their canvas. Unused colours are zeroed, and all
colours of the file's table where the frame has its own. Encoded anew instead: an image whose codes give more pixels
than it has, or that do not end with the last block (their lengths are followed to see that: see ``streams``).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL.GifImagePlugin import GifImageFile

from anonymizer_udfs.imaging.base import Encoded, Encoding, Format, Header, Picture
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.raster import save, to_array, to_image
from anonymizer_udfs.imaging.streams import lzw_is_exact
from anonymizer_udfs.outcome import BadImageError, Reason

_TRAILER, EXTENSION, IMAGE = 0x3B, 0x21, 0x2C
CONTROL = 0xF9
HEAD = 13
_INTERLACED = 0x40
SCREEN_FLAGS, FRAME_FLAGS = 0xF7, 0xC7  # without the bits that say how colours are sorted, and reserved ones
_RAMP = bytes(value for level in range(256) for value in (level,) * 3)


@dataclass(frozen=True)
class GifEncoding(Encoding):
    """What a GIF file was made with."""

    palette: Palette | None = None
    transparent: int | None = None
    """The index that is clear."""
    interlaced: bool = False


@dataclass(frozen=True)
class Block:
    """One block of ``data[start:end]``: its introducer, and for extensions their label."""

    kind: int
    label: int
    start: int
    end: int


class GifCodec:
    """``.gif``; animations are held back."""

    def header(self, data: bytes) -> Header:
        """Return the header; the canvas is grown to hold the first frame, as decoders do. All blocks are walked."""
        images = [block for block in walk(data) if block.kind == IMAGE]
        if not images:
            raise BadImageError(Reason.CORRUPT)
        width, height = struct.unpack_from("<HH", data, 6)
        x, y, w, h = struct.unpack_from("<HHHH", data, images[0].start + 1)
        if not w or not h:
            raise BadImageError(Reason.CORRUPT)
        return Header(Format.GIF, max(width, x + w), max(height, y + h), len(images))

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture, RGB, or RGBA if an index is clear."""
        blocks = list(walk(data))
        image = next(block for block in blocks if block.kind == IMAGE)
        control = [b for b in blocks if b.label == CONTROL and b.start < image.start][-1:]
        kept = [data[: global_end(data)], *(data[b.start : b.end] for b in [*control, image]), b";"]
        with GifImageFile(io.BytesIO(b"".join(kept))) as frame:
            if frame.mode not in {"P", "L"}:
                raise BadImageError(Reason.CORRUPT)
            indices = to_array(frame)[..., 0]
        transparent = clear_index(data[control[0].start : control[0].end]) if control else None
        palette = _palette(data, image, transparent)
        encoding = GifEncoding(
            untouched=_untouched(data, image, palette.trimmed(indices), transparent),
            palette=palette,
            transparent=transparent,
            interlaced=bool(data[image.start + 9] & _INTERLACED),
        )
        return Picture(palette.expand(indices), palette.channels, Format.GIF, 1, encoding)

    def encode(self, picture: Picture) -> Encoded:
        """Return a GIF file that decodes to the same pixels, but for changed ones: these get the nearest colours."""
        how = picture.encoding
        assert isinstance(how, GifEncoding)  # noqa: S101 - decode made it
        assert how.palette is not None  # noqa: S101 - the same
        indices, palette = how.palette.indices(picture.pixels)
        image = to_image(indices[..., None], "P")
        image.putpalette(palette.rgb)
        clear = {} if how.transparent is None else {"transparency": how.transparent}
        return Encoded(save(image, "GIF", interlace=how.interlaced, optimize=False, **clear), reencoded=False)


def is_exact(data: bytes) -> bool:
    """Whether the blocks of a file's first image hold the codes of its pixels, and nothing else."""
    start = next(block.start for block in walk(data) if block.kind == IMAGE)
    width, height = struct.unpack_from("<HH", data, start + 5)
    end = local_end(data, start)
    at, codes = end + 1, list[bytes]()
    while data[at]:
        codes.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return data[end] in range(1, 9) and lzw_is_exact(b"".join(codes), data[end], width * height, tiff=False)


def _untouched(data: bytes, image: Block, palette: Palette, transparent: int | None) -> bytes:
    """Return a file of the image's blocks as they are."""
    start, end = image.start, local_end(data, image.start)
    common, own = global_end(data) - HEAD, end - start - 10
    head = b"GIF89a" + data[6:10] + bytes([data[10] & SCREEN_FLAGS]) + data[11:13]
    tables = bytes(common) if own else palette.rgb[:common].ljust(common, b"\0"), palette.rgb[:own].ljust(own, b"\0")
    control = b"" if transparent is None else bytes([EXTENSION, CONTROL, 4, 1, 0, 0, transparent, 0])
    frame = data[start : start + 9] + bytes([data[start + 9] & FRAME_FLAGS])
    return b"".join([head, tables[0], control, frame, tables[1], data[end : image.end], b";"])


def walk(data: bytes) -> Iterator[Block]:
    """Yield extensions and images up to the trailer.

    Raises:
        BadImageError: ``truncated`` if the trailer does not come, ``corrupt`` for a block of no known kind.
    """
    try:
        at = global_end(data)
        while data[at] != _TRAILER:
            start, kind, label = at, data[at], 0
            if kind == EXTENSION:
                label, at = data[at + 1], at + 2
            elif kind == IMAGE:
                at = local_end(data, at) + 1
            else:
                raise BadImageError(Reason.CORRUPT)
            while data[at]:
                at += 1 + data[at]
            at += 1
            yield Block(kind, label, start, at)
    except IndexError:
        raise BadImageError(Reason.TRUNCATED) from None


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def global_end(data: bytes) -> int:
    """Return where the table of the file ends."""
    return HEAD + _table_bytes(data[10])


def local_end(data: bytes, at: int) -> int:
    """Return where the table of the image at ``at`` ends."""
    return at + 10 + _table_bytes(data[at + 9])


def clear_index(control: bytes) -> int | None:
    """Return the index that a control block says is clear."""
    return control[6] if control[2] >= 4 and control[3] & 1 else None  # noqa: PLR2004 - the size of the block


def _palette(data: bytes, image: Block, transparent: int | None) -> Palette:
    """Return the frame's own palette, or the file's, or grey."""
    rgb = data[image.start + 10 : local_end(data, image.start)] or data[HEAD : global_end(data)] or _RAMP
    if transparent is None:
        return Palette(rgb)
    # The clear index may lie beyond the table; it needs a colour there to be kept.
    rgb = rgb.ljust(3 * (transparent + 1), b"\0")
    return Palette(rgb, b"\xff" * transparent + b"\0")
