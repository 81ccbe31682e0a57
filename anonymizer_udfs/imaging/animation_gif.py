"""Animated GIF (GIF 89a): read frame by frame; written so that each frame has the colours of what it changes.

Read as browsers do: the canvas begins clear and is cleared where GIF says "background", frames are cut at the canvas,
of which the first frame may be larger. See ``animation_gif_plan`` for how frames are written.

Untouched: the blocks of all images as they are, with their delays. Colours that no frame uses are zeroed.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.imaging import animation_gif_plan, decode, gif
from anonymizer_udfs.imaging.animation_base import Animation, Dispose, Part, compose, opaque
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Picture, Pixels
from anonymizer_udfs.imaging.gif import CONTROL, EXTENSION, FRAME_FLAGS, HEAD, IMAGE, SCREEN_FLAGS, Block
from anonymizer_udfs.imaging.raster import save, to_image
from anonymizer_udfs.outcome import BadImageError, Reason

_APPLICATION = 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TICK_MS = 10
_DISPOSES = {2: Dispose.CLEAR, 3: Dispose.RESTORE, 4: Dispose.RESTORE}  # 4 is what browsers take it for
_CODES = {Dispose.KEEP: 1, Dispose.CLEAR: 2, Dispose.RESTORE: 3}
_TABLE = 0x80

Frame = tuple[Part, bytes, Block]
"""How a frame is stored, its control block or nothing, and its image."""


def read(data: bytes, max_pixels: int) -> Animation:
    """Return the animation; see ``animation.frames``."""
    size, plays, frames = _frames(data)
    stored = sum((part.box[2] - part.box[0]) * (part.box[3] - part.box[1]) for part, _, _ in frames)
    if max(size[0] * size[1] * len(frames), stored) > max_pixels:
        raise BadImageError(Reason.TOO_LARGE)
    tables = list[tuple[bytes, bytes]]()
    composed = list(compose(_decoded(data, frames, tables), size, lambda above, _: above))
    pictures = tuple(Picture(one, Channels.RGBA, Format.GIF, 1, Encoding()) for one, _ in composed)
    kept = None
    if all(seen for _, seen in composed) and size == struct.unpack_from("<HH", data, 6):
        kept = _kept(data, plays, frames, tables)
    parts = tuple(part for part, _, _ in frames)
    return Animation(pictures, tuple(part.duration_ms for part in parts), plays, parts, kept)


def is_exact(data: bytes) -> bool:
    """Whether the blocks of each image hold the codes of its pixels, and nothing else."""
    return all(gif.is_exact(_still(data, control, image)) for _, control, image in _frames(data)[2])


def write(animation: Animation, original: Animation | None) -> Encoded:
    """Return a file that decodes to the same frames, but for treated pixels of too many colours."""
    out, exact = [_head(animation.size_wh), _loop(animation.plays)], True
    for drawn, duration in zip(animation_gif_plan.plan(animation, original), animation.durations_ms, strict=True):
        out.append(_image(drawn, duration))
        exact = exact and drawn.exact
    return Encoded(b"".join([*out, b";"]), reencoded=not exact)


def _frames(data: bytes) -> tuple[tuple[int, int], int, list[Frame]]:
    """Return canvas, how often it plays, and the frames."""
    plays, control = 1, b""
    frames = list[Frame]()
    for block in gif.walk(data):
        body = data[block.start : block.end]
        if block.label == CONTROL:
            control = body
        elif block.label == _APPLICATION and body[3:14] in _LOOPS and len(body) >= 19 and body[15] == 1:  # noqa: PLR2004
            (repeats,) = struct.unpack_from("<H", body, 16)
            plays = repeats and repeats + 1
        elif block.kind == IMAGE:
            frames.append((_part(body, control), control, block))
            control = b""
    if not frames:
        raise BadImageError(Reason.CORRUPT)
    width, height = struct.unpack_from("<HH", data, 6)
    _, _, right, bottom = frames[0][0].box
    return (max(width, right), max(height, bottom)), plays, frames


def _part(image: bytes, control: bytes) -> Part:
    x, y, w, h = struct.unpack_from("<HHHH", image, 1)
    if not w or not h:
        raise BadImageError(Reason.CORRUPT)
    dispose, delay = (control[3] >> 2 & 7, struct.unpack_from("<H", control, 4)[0]) if control else (0, 0)
    return Part(
        (x, y, x + w, y + h), _DISPOSES.get(dispose, Dispose.KEEP), over=True, duration_ms=Fraction(delay * _TICK_MS)
    )


def _still(data: bytes, control: bytes, image: Block) -> bytes:
    """Return a frame as a file of its own, with the file's table unless it has one."""
    start, table = image.start, gif.local_end(data, image.start)
    own = table > start + 10
    size = data[start + 5 : start + 9]
    common = b"\0\0\0" if own else data[10:13] + data[HEAD : gif.global_end(data)]
    place = bytes([IMAGE, 0, 0, 0, 0]) + size
    return b"".join([b"GIF89a", size, common, control, place, data[start + 9 : image.end], b";"])


def _decoded(data: bytes, frames: list[Frame], tables: list[tuple[bytes, bytes]]) -> Iterator[tuple[Part, Pixels]]:
    """Yield the samples of each frame with alpha, and put down which colours of the two tables it uses."""
    for part, control, image in frames:
        x0, y0, x1, y1 = part.box
        picture = decode(_still(data, control, image), max_pixels=(x1 - x0) * (y1 - y0))
        own = picture.encoding.untouched or b""
        start = next(block.start for block in gif.walk(own) if block.kind == IMAGE)
        tables.append((own[HEAD : gif.global_end(own)], own[start + 10 : gif.local_end(own, start)]))
        yield part, picture.pixels if picture.channels.has_alpha else opaque(picture.pixels)


def _kept(data: bytes, plays: int, frames: list[Frame], tables: list[tuple[bytes, bytes]]) -> bytes:
    """Return a file of the images' blocks as they are."""
    common = np.zeros(gif.global_end(data) - HEAD, np.uint8)
    for shared, own in tables:
        if not own:
            common |= np.frombuffer(shared, np.uint8)
    out = [b"GIF89a", data[6:10], bytes([data[10] & SCREEN_FLAGS]), data[11:13], common.tobytes(), _loop(plays)]
    for (_, control, image), (_, own) in zip(frames, tables, strict=True):
        start = image.start
        if control:
            clear = gif.clear_index(control)
            flags = control[3] & 0x1C | (clear is not None)
            out.append(bytes([EXTENSION, CONTROL, 4, flags, *control[4:6], clear or 0, 0]))
        frame = data[start : start + 9] + bytes([data[start + 9] & FRAME_FLAGS])
        out += [frame, own, data[gif.local_end(data, start) : image.end]]
    return b"".join([*out, b";"])


def _head(size_wh: tuple[int, int]) -> bytes:
    return b"GIF89a" + struct.pack("<HH", *size_wh) + bytes([0x70, 0, 0])  # eight bits a colour, no table


def _loop(plays: int) -> bytes:
    if plays == 1:
        return b""
    repeats = struct.pack("<H", plays and plays - 1)
    return bytes([EXTENSION, _APPLICATION, 11]) + _LOOPS[0] + b"\3\1" + repeats + b"\0"


def _image(drawn: animation_gif_plan.Drawn, duration_ms: Fraction) -> bytes:
    """Return control block, place, table and codes of a frame."""
    height, width = drawn.indices.shape
    clear = drawn.clear is not None
    control = bytes([EXTENSION, CONTROL, 4, _CODES[drawn.dispose] << 2 | clear])
    control += struct.pack("<HBB", round(duration_ms / _TICK_MS), drawn.clear or 0, 0)
    bits = max(1, (len(drawn.colours) // 3 + clear - 1).bit_length())
    place = bytes([IMAGE]) + struct.pack("<HHHH", *drawn.box[:2], width, height) + bytes([_TABLE | bits - 1])
    return control + place + drawn.colours.ljust(3 << bits, b"\0") + _codes(drawn.indices)


def _codes(indices: NDArray[np.uint8]) -> bytes:
    image = to_image(indices[..., None], "P")
    image.putpalette(bytes(768))
    data = save(image, "GIF", interlace=0, optimize=False)
    block = next(block for block in gif.walk(data) if block.kind == IMAGE)
    return data[gif.local_end(data, block.start) : block.end]
