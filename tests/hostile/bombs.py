"""Small files that claim, or unpack to, far more than they are."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from tests.hostile.base import ANY_END, HELD_BACK, RELEASED, Group, Hostile, Inputs
from tests.hostile.seeds import file, scene
from tests.unit.imaging.planted import SECRET
from tests.unit.imaging.structures import chunk, png_file, tiff_file

SIDE = 10_000
FRAMES = 10_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TOO_LARGE = frozenset({"too_large"})


def _deflated(size: int) -> bytes:
    """Return zeros packed as they are unpacked: without holding them."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    out = [packer.compress(block[: min(len(block), size - at)]) for at in range(0, size, len(block))]
    return b"".join([*out, packer.flush()])


def _head(side: int, depth: int, colour: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0))


def png_of_a_kilobyte() -> bytes:
    """Return a kilobyte that claims 100 megapixels of 24 bits and has the first million bytes of them."""
    return _SIGNATURE + _head(SIDE, 8, 2) + chunk(b"IDAT", _deflated(1_000_000)) + chunk(b"IEND", b"")


def whole_png() -> bytes:
    """Return 12 kilobytes that are 100 megapixels of one bit, all of them there."""
    return _SIGNATURE + _head(SIDE, 1, 0) + chunk(b"IDAT", _deflated((SIDE // 8 + 1) * SIDE)) + chunk(b"IEND", b"")


def png_with(name: bytes, body: bytes) -> bytes:
    """Return a sound PNG with one chunk more before its pixels."""
    data = file(scene(), "PNG")
    return data[:33] + chunk(name, body) + data[33:]


def png_rows_beyond(size: int) -> bytes:
    """Return a small PNG whose stream goes on after its last row."""
    rows = b"".join(b"\0" + row.tobytes() for row in scene())
    packer = zlib.compressobj(9)
    stream = packer.compress(rows) + packer.compress(bytes(size)) + packer.flush()
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", scene().shape[1], scene().shape[0], 8, 2, 0, 0, 0))
    return _SIGNATURE + ihdr + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def gif_frames(count: int, side: int) -> bytes:
    """Return an animation of so many frames of one pixel on a canvas."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    one = b"\x21\xf9\4\0\1\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return head + one * count + b";"


def png_frames(count: int, claimed: int) -> bytes:
    """Return an APNG of so many frames of one pixel that claims another number of them."""
    image = zlib.compress(b"\0\0\0\0")
    out = [_SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))]
    out.append(chunk(b"acTL", struct.pack(">II", claimed, 0)))
    number = 0
    for at in range(count):
        out.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 10, 0, 0)))
        number += 1
        out.append(chunk(b"fdAT", struct.pack(">I", number) + image) if at else chunk(b"IDAT", image))
        number += bool(at)
    return b"".join([*out, chunk(b"IEND", b"")])


def jpeg_of_scans(count: int, side: int = 1024) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again: each costs a walk over all blocks."""
    data = file(np.full((side, side, 3), 90, np.uint8), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + b"\xff\xd9"


def tiff_strip(size: int) -> bytes:
    """Return a small TIFF whose one strip unpacks to far more than its pixels."""
    sound = tiff_file(scene(), 2, rows=scene().shape[0], deflate=True)
    packed, (at,) = zlib.compress(scene().tobytes()), struct.unpack_from("<I", sound, 4)
    table = sound[at:]
    packer = zlib.compressobj(9)
    grown = packer.compress(scene().tobytes()) + packer.compress(bytes(size)) + packer.flush()
    grown += bytes(-len(grown) % 2)
    assert sound[8:at].startswith(packed[:8])
    table = bytearray(table)
    (count,) = struct.unpack_from("<H", table, 0)
    shift = 8 + len(grown) - at
    for spot in range(2, 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", table, spot)
        if tag in {279, 325}:
            struct.pack_into("<I", table, spot + 8, len(grown))
        elif number * {3: 2, 4: 4}[kind] > 4:
            struct.pack_into("<I", table, spot + 8, value + shift)
    return sound[:4] + struct.pack("<I", 8 + len(grown)) + grown + bytes(table)


def tiff_loop() -> bytes:
    """Return a TIFF whose directory names itself as the next one."""
    data = bytearray(tiff_file(scene(), 2))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    return bytes(data)


def tiff_of_many_values() -> bytes:
    """Return a TIFF whose private tag claims four billion values."""
    data = bytearray(tiff_file(scene(), 2, more=((65000, 7),)))
    at = data.index(struct.pack("<HHI", 65000, 3, 1))
    struct.pack_into("<I", data, at + 4, 0xFFFFFFFF)
    return bytes(data)


def webp_claims() -> bytes:
    """Return a WebP whose canvas claims 268 megapixels."""
    side = 16_383
    stream = file(scene(), "WEBP", lossless=True)[12:]
    sides = side.to_bytes(3, "little") * 2
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides + stream
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp_runs() -> bytes:
    """Return a bitmap of runs in a hundred bytes that claims 400 megapixels."""
    head = struct.pack("<IiiHHIIiiII", 40, 20_000, 20_000, 1, 8, 1, 12, 0, 0, 2, 0)
    return struct.pack("<2sIII", b"BM", 74, 0, 62) + head + bytes(8) + b"\xff\1" * 5 + b"\0\1"


def moving_webp(count: int) -> bytes:
    """Return an animated WebP of so many frames of four pixels."""
    frames, out = [Image.new("RGB", (2, 2), (n % 256, n // 256, 0)) for n in range(count)], io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=20)
    return out.getvalue()


def bombs() -> Inputs:
    """Yield bombs of every format, and of the streams within files."""
    huge = 1 << 28
    named = {
        "png of a kilobyte": (png_of_a_kilobyte(), _TOO_LARGE),
        "png of 100 megapixels": (whole_png(), _TOO_LARGE),
        "png text": (png_with(b"zTXt", b"Comment\0\0" + _deflated(huge)), RELEASED),
        "png international text": (png_with(b"iTXt", b"XML\0\1\0\0\0" + _deflated(huge)), RELEASED),
        "png profile": (png_with(b"iCCP", b"x\0\0" + _deflated(huge)), ANY_END),
        "png rows beyond": (png_rows_beyond(huge), ANY_END),
        "png palette of rows": (png_file((112, 80, 8, 3, 0), bytes(huge // 16), chunk(b"PLTE", bytes(3))), ANY_END),
        "gif of 10,000 frames": (gif_frames(FRAMES, 1), ANY_END),
        "gif of 10,000 large frames": (gif_frames(FRAMES, 65_535), _TOO_LARGE),
        "png of 10,000 frames": (png_frames(FRAMES, FRAMES), ANY_END),
        "png of 2 billion frames": (png_frames(2, 0x7FFFFFFF), HELD_BACK),
        "webp of 2,000 frames": (moving_webp(2000), ANY_END),
        "webp of 268 megapixels": (webp_claims(), HELD_BACK),
        "jpeg of 2,000 scans": (jpeg_of_scans(2000), ANY_END),
        "tiff strip": (tiff_strip(huge), ANY_END),
        "tiff loop": (tiff_loop(), ANY_END),
        "tiff of many values": (tiff_of_many_values(), ANY_END),
        "bmp of runs": (bmp_runs(), _TOO_LARGE),
    }
    for name, (data, must) in named.items():
        yield Hostile(Group.BOMB, name, data, must, (SECRET,))
