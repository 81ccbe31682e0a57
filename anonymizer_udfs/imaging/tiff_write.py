"""TIFF files written: pieces compressed, under a directory of ours that holds nothing else.

Deflate is Python's; LZW, PackBits and the fax codes are libtiff's through Pillow, given the rows' bytes as a picture of
grey (or of bits), since these codes look at bytes. Differences are taken before, so that any depth, order of bytes,
planes and tiles come out as they were.
"""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from anonymizer_udfs.imaging import ifd, tiff_parts
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.imaging.ifd import Directory, Entry
from anonymizer_udfs.imaging.raster import save, to_image
from anonymizer_udfs.imaging.streams import deflate_is_exact, lzw_is_exact, packbits_is_exact
from anonymizer_udfs.imaging.tiff_layout import Layout, layout, piece_shapes
from anonymizer_udfs.imaging.tiff_parts import Shape

NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773
FAX = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
PREDICTED = {LZW, DEFLATE, OLD_DEFLATE}
_PILLOW = FAX | {LZW: "tiff_lzw", PACKBITS: "packbits"}
_COUNTED = PREDICTED | {PACKBITS}
WRITTEN = frozenset({NONE, DEFLATE, *_PILLOW})
"""Compressions that can be written."""


def compress(pieces: Sequence[Pixels], compression: int, how: Layout) -> tuple[list[bytes], dict[int, Entry]]:
    """Return the pieces of one plane compressed, and what the directory must say of them besides.

    Args:
        pieces: rows of bytes, ``(rows, bytes)`` uint8; all of one width and, but for the last, of one height.
        compression: one of ``WRITTEN``.
        how: of the file that they are for.
    """
    if compression == NONE:
        return [piece.tobytes() for piece in pieces], {}
    if compression == DEFLATE:
        return [zlib.compress(piece.tobytes()) for piece in pieces], {}
    rows = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]
    size_wh = how.piece_wh[0], len(rows)
    fax = compression in FAX
    image = Image.frombytes("1", size_wh, rows.tobytes()) if fax else to_image(rows[..., None], "L")
    tall = {tiff_parts.ROWS_PER_STRIP: len(pieces[0])}
    data = save(image, "TIFF", compression=_PILLOW[compression], tiffinfo=tall)
    page = next(tiff_parts.pages(data))
    starts, sizes = page.whole(tiff_parts.STRIPS), page.whole(tiff_parts.STRIP_BYTES)
    tags = (tiff_parts.T4_OPTIONS, tiff_parts.T6_OPTIONS)
    options = {tag: ifd.pack(how.order, ifd.LONG, (page.one(tag, 0),)) for tag in tags if tag in page.spots}
    return [data[start : start + size] for start, size in zip(starts, sizes, strict=True)], options


def assemble(how: Layout, pieces: Sequence[bytes], entries: Mapping[int, Entry]) -> bytes:
    """Return a file of the pieces, each at an even place, and a directory of ``entries`` and where the pieces are."""
    parts, places, at = list[bytes](), list[int](), 8
    for piece in pieces:
        parts += [piece, b"\0" * (len(piece) % 2)]
        places.append(at)
        at += len(piece) + len(piece) % 2
    order, (wide, tall) = how.order, how.piece_wh
    starts = ifd.pack(order, ifd.LONG, tuple(places))
    sizes = ifd.pack(order, ifd.LONG, tuple(len(piece) for piece in pieces))
    where = {tiff_parts.STRIPS: starts, tiff_parts.STRIP_BYTES: sizes}
    where[tiff_parts.ROWS_PER_STRIP] = ifd.pack(order, ifd.LONG, (tall,))
    if how.tiled:
        where = {tiff_parts.TILES: starts, tiff_parts.TILE_BYTES: sizes}
        where[tiff_parts.TILE_WIDTH] = ifd.pack(order, ifd.LONG, (wide,))
        where[tiff_parts.TILE_HEIGHT] = ifd.pack(order, ifd.LONG, (tall,))
    head = b"II*\0" if order == "<" else b"MM\0*"
    offset = ifd.pack(order, ifd.LONG, (at,)).raw
    return b"".join([head, offset, *parts, ifd.build(order, {**entries, **where}, at)])


def untouched(page: Directory, shape: Shape, how: Layout, entries: Mapping[int, Entry]) -> bytes | None:
    """Return a file of the source's own pieces; None if one may hold what is no pixel (see ``is_exact``, too)."""
    tiled = tiff_parts.TILES in page.spots
    starts = page.whole(tiff_parts.TILES if tiled else tiff_parts.STRIPS)
    sizes = page.whole(tiff_parts.TILE_BYTES if tiled else tiff_parts.STRIP_BYTES)
    shapes = piece_shapes(shape, how)
    if tiled != how.tiled or not len(shapes) == len(starts) == len(sizes) or sum(sizes) > len(page.data):
        return None
    if page.one(tiff_parts.FILL_ORDER, 1) != 1 or shape.photometric == tiff_parts.LUMA_CHROMA:
        return None
    if tiled and shape.depth == 1 and shape.width % 8:
        return None
    pieces = list[bytes]()
    for start, size, (rows, width, seen_rows, seen_width) in zip(starts, sizes, shapes, strict=True):
        piece = page.data[start : start + size]
        whole = (rows, width) == (seen_rows, seen_width)
        if shape.compression == NONE:
            if size < rows * width:
                return None
            piece = _shown(piece, shape, (rows, width, seen_rows, seen_width))
        elif not whole or shape.compression not in _COUNTED:
            return None
        pieces.append(piece)
    return assemble(how, pieces, entries)


def _shown(piece: bytes, shape: Shape, sides: tuple[int, int, int, int]) -> bytes:
    """Return the bytes of a plain piece with all that the picture does not show zeroed."""
    rows, width, seen_rows, seen_width = sides
    odd = shape.width % 8 if shape.depth == 1 else 0
    if (rows, width) == (seen_rows, seen_width) and not odd:
        return piece[: rows * width]
    block = np.frombuffer(piece, np.uint8, rows * width).reshape(rows, width).copy()
    block[seen_rows:] = 0
    block[:, seen_width:] = 0
    if odd:
        block[:, seen_width - 1] &= 0xFF00 >> odd & 0xFF
    return block.tobytes()


def is_exact(data: bytes) -> bool:
    """Whether each strip or tile of an untouched file holds its rows, and nothing else.

    Cost: deflate is inflated; LZW is followed, which takes three times as long as to encode it; see ``streams``.
    """
    page = next(tiff_parts.pages(data))
    shape = tiff_parts.shape(page)
    how = layout(page, shape)
    starts = page.whole(tiff_parts.TILES if how.tiled else tiff_parts.STRIPS)
    sizes = page.whole(tiff_parts.TILE_BYTES if how.tiled else tiff_parts.STRIP_BYTES)
    pieces = (data[start : start + size] for start, size in zip(starts, sizes, strict=True))
    shapes = piece_shapes(shape, how)
    return all(
        _holds(piece, shape.compression, rows * width) for piece, (rows, width, *_) in zip(pieces, shapes, strict=True)
    )


def _holds(piece: bytes, compression: int, expected: int) -> bool:
    if compression in {DEFLATE, OLD_DEFLATE}:
        return deflate_is_exact([piece], expected)
    if compression == LZW:
        return lzw_is_exact(piece, 8, expected, tiff=True)
    return packbits_is_exact(piece, expected) if compression == PACKBITS else len(piece) == expected
