"""Seeded damage: one flipped bit, or a few operations on bytes and on the parts that a format is made of."""

import random
import struct
import zlib
from collections.abc import Callable, Sequence

from tests.hostile.base import ANY_END, Group, Hostile
from tests.hostile.seeds import Seed, seeds
from tests.unit.imaging.planted import SECRET

Draw = random.Random
Operation = Callable[[bytearray, Draw], bytes]

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
_LEAST_BYTES = 4


def flipped(seed: int, number: int) -> Hostile:
    """Return a sound file of which one bit is another."""
    draw = _draw("flip", seed, number)
    one = _seed(draw)
    data = bytearray(one.data)
    at, bit = draw.randrange(len(data)), draw.randrange(8)
    data[at] ^= 1 << bit
    gone = (SECRET,) if one.planted else ()
    return Hostile(Group.FLIP, f"flip {number} of seed {seed}: {one.name}", bytes(data), ANY_END, gone)


def mutated(seed: int, number: int) -> Hostile:
    """Return a sound file after one to four operations.

    What is planted must be gone only where no operation carries bytes elsewhere: copied into the pixels it is a
    picture.
    """
    draw = _draw("mutation", seed, number)
    one = _seed(draw)
    data, carried, told = bytes(one.data), False, []
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4))):
        name = draw.choice(sorted(OPERATIONS))
        carried = carried or name in CARRYING
        told.append(name)
        data = OPERATIONS[name](bytearray(data), draw) if len(data) > _LEAST_BYTES else data
    if draw.random() < 0.5:
        data = checked_png(data)
    gone = (SECRET,) if one.planted and not carried else ()
    return Hostile(
        Group.MUTATION, f"mutation {number} of seed {seed}: {one.name}, {'+'.join(told)}", data, ANY_END, gone
    )


def _draw(what: str, seed: int, number: int) -> Draw:
    return Draw(f"{what} {seed} {number}")


def _seed(draw: Draw) -> Seed:
    return draw.choice(seeds())


def _span(data: bytearray, draw: Draw, most: int = 64) -> tuple[int, int]:
    start = draw.randrange(len(data))
    return start, min(len(data), start + draw.randint(1, most))


def flip_bits(data: bytearray, draw: Draw) -> bytes:
    """Flip one to eight bits, anywhere."""
    for _ in range(draw.randint(1, 8)):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


def flip_head(data: bytearray, draw: Draw) -> bytes:
    """Flip bits in the first 200 bytes, where formats keep their sizes."""
    for _ in range(draw.randint(1, 3)):
        data[draw.randrange(min(200, len(data)))] ^= 1 << draw.randrange(8)
    return bytes(data)


def set_bytes(data: bytearray, draw: Draw) -> bytes:
    """Write other values over some bytes."""
    for _ in range(draw.randint(1, 6)):
        data[draw.randrange(len(data))] = draw.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, draw.randrange(256)))
    return bytes(data)


def set_number(data: bytearray, draw: Draw) -> bytes:
    """Write a number at the edge of what its size holds, in either byte order."""
    size, order = draw.choice((2, 4)), draw.choice(("little", "big"))
    number = draw.choice(NUMBERS) & (256**size - 1)
    at = draw.randrange(max(1, min(len(data), 400) - size) if draw.random() < 0.7 else max(1, len(data) - size))
    data[at : at + size] = number.to_bytes(size, order)
    return bytes(data)


def add_to_number(data: bytearray, draw: Draw) -> bytes:
    """Make a number a little larger or smaller: sizes and offsets that are nearly right."""
    size, order = draw.choice((1, 2, 4)), draw.choice(("little", "big"))
    at = draw.randrange(max(1, len(data) - size))
    number = int.from_bytes(data[at : at + size], order) + draw.randint(-4, 4)
    data[at : at + size] = (number % 256**size).to_bytes(size, order)
    return bytes(data)


def cut(data: bytearray, draw: Draw) -> bytes:
    """Leave out the end."""
    return bytes(data[: draw.randrange(1, len(data))])


def leave_out(data: bytearray, draw: Draw) -> bytes:
    """Leave out some bytes in the middle."""
    start, stop = _span(data, draw)
    return bytes(data[:start] + data[stop:])


def put_in(data: bytearray, draw: Draw) -> bytes:
    """Put random bytes in between."""
    at = draw.randrange(len(data))
    return bytes(data[:at] + draw.randbytes(draw.randint(1, 40)) + data[at:])


def blank(data: bytearray, draw: Draw) -> bytes:
    """Write one value over a stretch."""
    start, stop = _span(data, draw, 256)
    data[start:stop] = bytes([draw.choice((0, 0xFF, 0x20))]) * (stop - start)
    return bytes(data)


def append(data: bytearray, draw: Draw) -> bytes:
    """Put random bytes after the end."""
    return bytes(data) + draw.randbytes(draw.randint(1, 200))


def double(data: bytearray, draw: Draw) -> bytes:
    """Have a stretch twice."""
    start, stop = _span(data, draw, 400)
    return bytes(data[:stop] + data[start:])


def swap(data: bytearray, draw: Draw) -> bytes:
    """Have two stretches change places."""
    places = sorted(draw.randrange(len(data)) for _ in range(4))
    a, b, c, d = places
    return bytes(data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:])


def splice(data: bytearray, draw: Draw) -> bytes:
    """Go on with the rest of another file."""
    other = _seed(draw).data
    return bytes(data[: draw.randrange(1, len(data))]) + other[draw.randrange(len(other)) :]


def parts(data: bytes) -> list[bytes]:
    """Return the segments of a JPEG, the chunks of a PNG or WebP; else the whole as one part."""
    if data.startswith(b"\xff\xd8"):
        return _segments(data)
    if data.startswith(b"\x89PNG"):
        return _chunks(data, 8, ">", 12)
    if data.startswith(b"RIFF"):
        return _chunks(data, 12, "<", 8)
    return [data]


def _segments(data: bytes) -> list[bytes]:
    out, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = 2 + struct.unpack_from(">H", data, at + 2)[0]
        out.append(data[at : at + size])
        at += size
    return [*out, data[at:]]


def _chunks(data: bytes, at: int, order: str, frame: int) -> list[bytes]:
    out = [data[:at]]
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(f"{order}I", data, at if order == ">" else at + 4)
        whole = size + frame + (size % 2 if order == "<" else 0)
        out.append(data[at : at + whole])
        at += whole
    return [*out, data[at:]]


def shuffle_parts(data: bytearray, draw: Draw) -> bytes:
    """Leave out, double or move one of the parts that the format is made of."""
    pieces = parts(bytes(data))
    if len(pieces) < 3:
        return flip_bits(data, draw)
    at = draw.randrange(1, len(pieces))
    one = pieces.pop(at)
    if (how := draw.choice(("out", "double", "move"))) != "out":
        pieces.insert(draw.randrange(1, len(pieces) + 1), one)
    if how == "double":
        pieces.insert(at, one)
    return b"".join(pieces)


def foreign_part(data: bytearray, draw: Draw) -> bytes:
    """Put a part of another file in, of the same format where there is one."""
    same = [one.data for one in seeds() if one.data[:4] == data[:4]]
    theirs = parts(draw.choice(same or [one.data for one in seeds()]))
    mine = parts(bytes(data))
    mine.insert(draw.randrange(1, len(mine) + 1), draw.choice(theirs))
    return b"".join(mine)


def checked_png(data: bytes) -> bytes:
    """Return a PNG whose checksums are right again, so that what is wrong is found by what reads the content."""
    if not data.startswith(b"\x89PNG"):
        return data
    head, *rest = parts(data)
    whole = [one for one in rest if len(one) >= 12 and len(one) == 12 + struct.unpack_from(">I", one)[0]]
    if len(whole) < len(rest) - 1:
        return data
    return head + b"".join(one[:-4] + struct.pack(">I", zlib.crc32(one[4:-4])) for one in whole)


def repacked_png(data: bytearray, draw: Draw) -> bytes:
    """Damage the rows of a PNG inside of their compression."""
    if not data.startswith(b"\x89PNG"):
        return set_bytes(data, draw)
    head, *rest = parts(bytes(data))
    packed = b"".join(one[8:-4] for one in rest if one[4:8] == b"IDAT")
    try:
        rows = bytearray(zlib.decompress(packed))
    except zlib.error:
        return set_bytes(data, draw)
    changed = draw.choice((flip_bits, set_bytes, leave_out, append))(rows, draw) if rows else b""
    image = zlib.compress(changed)
    chunk = struct.pack(">I", len(image)) + b"IDAT" + image + struct.pack(">I", zlib.crc32(b"IDAT" + image))
    first = next((n for n, one in enumerate(rest) if one[4:8] == b"IDAT"), len(rest))
    kept = [one for one in rest[:first] if one[4:8] != b"IDAT"], [one for one in rest[first:] if one[4:8] != b"IDAT"]
    return head + b"".join([*kept[0], chunk, *kept[1]])


OPERATIONS: dict[str, Operation] = {
    one.__name__: one
    for one in (
        flip_bits, flip_head, set_bytes, set_number, add_to_number, cut, leave_out, put_in, blank, append, double,
        swap, splice, shuffle_parts, foreign_part, repacked_png,
    )
}  # fmt: skip
CARRYING = frozenset({"double", "swap", "splice", "shuffle_parts", "foreign_part", "leave_out", "put_in"})
"""Operations after which planted text may stand where the format has pixels."""


def sequence(seed: int, flips: int, mutations: int) -> Sequence[Callable[[], Hostile]]:
    """Return what makes each input of a run."""
    return [
        *(lambda n=n: flipped(seed, n) for n in range(flips)),
        *(lambda n=n: mutated(seed, n) for n in range(mutations)),
    ]
