"""Animated files made by hand, as odd as formats allow, and what their frames are by the letter."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.unit.imaging.structures import chunk

U8 = NDArray[np.uint8]
KEEP, CLEAR, RESTORE = 0, 1, 2


@dataclass(frozen=True)
class Shot:
    """One frame: ``(h, w, 4)``, its left top, what becomes of it, and how it is drawn."""

    rgba: U8
    at: tuple[int, int] = (0, 0)
    dispose: int = KEEP
    over: bool = False
    delay: int = 5
    """In hundredths of a second."""


def composed(shots: list[Shot], size_wh: tuple[int, int]) -> list[U8]:
    """Return the frames as they are seen, pixel by pixel; opacities are 0 or 255."""
    canvas, out = np.zeros((size_wh[1], size_wh[0], 4), np.uint8), []
    for shot in shots:
        before = canvas.copy()
        height, width = shot.rgba.shape[:2]
        for y in range(height):
            for x in range(width):
                row, column = shot.at[1] + y, shot.at[0] + x
                if row < len(canvas) and column < canvas.shape[1] and (shot.rgba[y, x, 3] or not shot.over):
                    canvas[row, column] = shot.rgba[y, x]
        out.append(canvas.copy())
        if shot.dispose == CLEAR:
            canvas[shot.at[1] : shot.at[1] + height, shot.at[0] : shot.at[0] + width] = 0
        elif shot.dispose == RESTORE:
            canvas = before
    return out


def gif(shots: list[Shot], size_wh: tuple[int, int], *, extra: bytes = b"", after_codes: bytes = b"") -> bytes:
    """Return a GIF that plays for ever, each frame with a table of its own; ``extra`` are blocks before each frame."""
    out = [b"GIF89a", struct.pack("<HHBBB", *size_wh, 0x70, 0, 0), b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0"]
    for shot in shots:
        height, width = shot.rgba.shape[:2]
        seen = shot.rgba[..., 3] > 0
        colours = np.unique(shot.rgba[seen][:, :3], axis=0)
        clear = not seen.all()
        indices = np.full((height, width), len(colours))
        for place, colour in enumerate(colours):
            indices[seen & (shot.rgba[..., :3] == colour).all(axis=2)] = place
        flags = {KEEP: 1, CLEAR: 2, RESTORE: 3}[shot.dispose] << 2 | clear
        out += [extra, b"\x21\xf9\4" + struct.pack("<BHBB", flags, shot.delay, len(colours) % 256, 0)]
        out += [b"\x2c" + struct.pack("<HHHHB", *shot.at, width, height, 0x87)]
        out += [colours.astype(np.uint8).tobytes().ljust(768, b"\0"), b"\x08", _blocks(indices, after_codes)]
    return b"".join([*out, b";"])


def _blocks(indices: NDArray[Any], after: bytes) -> bytes:
    """Return codes of nine bits, with a clear before they would grow, in blocks."""
    codes = [
        code for place, index in enumerate(indices.ravel()) for code in ([256] * (place % 200 == 0) + [int(index)])
    ]
    number = sum(code << 9 * place for place, code in enumerate([*codes, 257]))
    data = number.to_bytes(-(-9 * (len(codes) + 1) // 8), "little") + after
    cut = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(one)]) + one for one in cut) + b"\0"


def apng(
    shots: list[Shot],
    size_wh: tuple[int, int],
    *,
    still: U8 | None = None,
    extra: bytes = b"",
    slack: bytes = b"",
    count: int | None = None,
) -> bytes:
    """Return an APNG of RGBA; ``still`` is a picture that is no frame, ``slack`` comes after each frame's stream."""
    out = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", *size_wh, 8, 6, 0, 0, 0))]
    out += [chunk(b"acTL", struct.pack(">II", len(shots) if count is None else count, 7)), extra]
    if still is not None:
        out.append(chunk(b"IDAT", _rows(still)))
    number = 0
    for place, shot in enumerate(shots):
        height, width = shot.rgba.shape[:2]
        control = (number, width, height, *shot.at, shot.delay, 100, shot.dispose, shot.over)
        out.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        number += 1
        image = _rows(shot.rgba) + slack
        for half in (image[: len(image) // 2], image[len(image) // 2 :]):
            first = place == 0 and still is None
            out.append(chunk(b"IDAT", half) if first else chunk(b"fdAT", struct.pack(">I", number) + half))
            number += not first
    return b"".join([*out, chunk(b"IEND", b"")])


def _rows(rgba: U8) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in rgba))


def riff(name: bytes, body: bytes) -> bytes:
    """Return a chunk of WebP."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(
    shots: list[Shot], size_wh: tuple[int, int], *, extra: bytes = b"", inside: bytes = b"", **options: Any
) -> bytes:
    """Return an animated WebP, lossless unless ``options`` say else; places are even."""
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size_wh)
    out = [riff(b"VP8X", b"\x12\0\0\0" + sides), riff(b"ANIM", b"\x12\x34\x56\x78\5\0"), extra]
    for shot in shots:
        height, width = shot.rgba.shape[:2]
        file = io.BytesIO()
        Image.fromarray(shot.rgba).save(file, "WEBP", **({"lossless": True, "exact": True} | options))
        data = file.getvalue()[12:]
        streams = data[18:] if data.startswith(b"VP8X") else data
        numbers = (shot.at[0] // 2, shot.at[1] // 2, width - 1, height - 1, shot.delay * 10)
        head = b"".join(number.to_bytes(3, "little") for number in numbers)
        flags = bytes([(shot.dispose == CLEAR) | (not shot.over) << 1])
        out.append(riff(b"ANMF", head + flags + streams + inside))
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(body)) + body
