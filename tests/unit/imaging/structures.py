"""Files of structures that neither Pillow nor OpenCV writes: interlace, tiles, planes, runs, frames on a canvas."""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
"""Adam7: first column and row, and the steps between them."""


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_file(head: tuple[int, int, int, int, int], rows: bytes, *more: bytes, pieces: int = 1) -> bytes:
    """Return a PNG of filtered rows, cut into image chunks; ``head`` is width, height, depth, colour, interlace."""
    width, height, depth, colour, interlace = head
    image, ihdr = zlib.compress(rows), struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    size = -(-len(image) // pieces)
    cut = [chunk(b"IDAT", image[at : at + size]) for at in range(0, len(image), size)]
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", ihdr), *more, *cut, chunk(b"IEND", b"")])


def interlaced_png(samples: Samples, depth: int, colour: int, *more: bytes, pieces: int = 1) -> bytes:
    """Return an interlaced PNG of ``(h, w, c)`` samples of ``depth`` bits, its rows unfiltered."""
    height, width = samples.shape[:2]
    rows = []
    for x, y, across, down in PASSES:
        part = samples[y::down, x::across]
        rows += [b"\0" + packed(row, depth) for row in part if part.size]
    return png_file((width, height, depth, colour, 1), b"".join(rows), *more, pieces=pieces)


def packed(row: Samples, depth: int) -> bytes:
    """Return the bytes of one row ``(w, c)``, high bits first."""
    bits = "".join(format(int(value), f"0{depth}b") for value in row.ravel())
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def tiff_file(
    samples: Samples,
    photometric: int,
    *,
    order: str = "<",
    tile: tuple[int, int] | None = None,
    rows: int = 20,
    planar: bool = False,
    deflate: bool = False,
    more: Sequence[tuple[int, int]] = (),
) -> bytes:
    """Return a TIFF of ``(h, w, c)`` samples in strips of ``rows`` or in tiles; ``more`` are further SHORT tags."""
    height, width, count = samples.shape
    wide, tall = tile or (width, rows)
    planes = [samples[..., i : i + 1] for i in range(count)] if planar else [samples]
    pieces = []
    for plane in planes:
        for y in range(0, height, tall):
            for x in range(0, width, wide):
                block = plane[y : y + tall, x : x + wide]
                if tile:
                    edges = (0, tall - block.shape[0]), (0, wide - block.shape[1]), (0, 0)
                    block = np.pad(block, edges, constant_values=83)
                data = np.ascontiguousarray(block, order + block.dtype.str[1:]).tobytes()
                pieces.append(zlib.compress(data) if deflate else data)
    starts = [8 + sum(map(len, pieces[:i])) for i in range(len(pieces))]
    where = [(322, (wide,)), (323, (tall,)), (324, starts)] if tile else [(273, starts), (278, (tall,))]
    sizes = (325 if tile else 279, [len(piece) for piece in pieces])
    longs = [(256, (width,)), (257, (height,)), *where, sizes]
    bits = [samples.dtype.itemsize * 8] * count
    shorts = [(258, bits), (259, (8 if deflate else 1,)), (262, (photometric,)), (277, (count,)), (284, (1 + planar,))]
    shorts += [(tag, (value,)) for tag, value in more]
    tags = sorted([(*one, "I") for one in longs] + [(*one, "H") for one in shorts])
    at = 8 + sum(map(len, pieces))
    values, table, base = b"", b"", at + 6 + 12 * len(tags)
    for tag, numbers, kind in tags:
        raw = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        word = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(f"{order}I", base + len(values))
        values += raw if len(raw) > 4 else b""
        table += struct.pack(f"{order}HHI", tag, 3 if kind == "H" else 4, len(numbers)) + word
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(f"{order}H", len(tags)) + table + b"\0\0\0\0" + values
    return mark + struct.pack(f"{order}I", at) + b"".join(pieces) + directory


def bmp_file(
    size_wh: tuple[int, int], bits: int, body: bytes, *, runs: int = 0, table: bytes = b"", top_down: bool = False
) -> bytes:
    """Return a bitmap with a header of 40 bytes; ``runs`` is its compression."""
    start, (width, height) = 54 + len(table), size_wh
    head = struct.pack("<2sIII", b"BM", start + len(body), 0, start)
    tall = -height if top_down else height
    return (
        head
        + struct.pack("<IiiHHIIiiII", 40, width, tall, 1, bits, runs, len(body), 0, 0, len(table) // 4, 0)
        + (table + body)
    )


def run_coded(indices: NDArray[np.uint8], bits: int) -> bytes:
    """Return bitmap runs of 4 or 8 bits of indices ``(h, w)``: runs of equals, and others as they are."""
    out = b""
    for row in indices[::-1]:
        at = 0
        while at < len(row):
            size = 1
            while at + size < len(row) and size < 200 and row[at + size] == row[at]:
                size += 1
            literal = row[at : at + 5]
            if size == 1 and len(literal) == 5 and len(set(literal.tolist())) == 5:
                whole = packed(literal[:, None], bits)
                out += b"\0\5" + whole + b"\0" * (len(whole) % 2)
                at += 5
                continue
            value = int(row[at])
            out += bytes([size, value if bits == 8 else value << 4 | value])
            at += size
        out += b"\0\0"
    return out + b"\0\1"


def gif_file(data: bytes, *, canvas: tuple[int, int], spot: tuple[int, int], own_table: bool) -> bytes:
    """Return a one-frame GIF with its frame at a spot of a canvas, its colours its own or the file's.

    With its own, the file's table has other colours.
    """
    size = 3 << (data[10] & 7) + 1
    table, at = data[13 : 13 + size], 13 + size
    control = data[at : at + 8] if data[at] == 0x21 else b""
    image = data[at + len(control) :]
    flags = image[9] | (0x80 | data[10] & 7 if own_table else 0)
    frame = b"," + struct.pack("<HH", *spot) + image[5:9] + bytes([flags]) + (table if own_table else b"")
    shared = bytes(reversed(table)) if own_table else table
    return data[:6] + struct.pack("<HH", *canvas) + data[10:13] + shared + control + frame + image[10:]
