"""From pixels to a JPEG file's own quantized coefficients: colours, chroma cells, transform, tables (ITU-T T.81).

All arithmetic before the one rounding is exact (integers below 2^53 in float64), so that the same pixels give the same
coefficients on every machine and in every batch.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.imaging.jpeg_parts import Frame, Parts

SIDE = 8
_DQT, _SOS = 0xDB, 0xDA
_MOST = 1023  # what the codes of 8-bit files can hold (T.81, tables F.1 and F.2)
_CHUNK = 256  # MCUs at once: a few MB

_PARTS = 1 << 16
_LUMA_CHROMA = np.array([[19595, 38470, 7471], [-11059, -21709, 32768], [32768, -27439, -5329]], np.float64)
"""JFIF's RGB to YCbCr in 65536ths, rounded so that luma's weights sum to one and each chroma's to zero."""
_FINE = 1 << 8
"""Samples are rounded to 256ths before the transform."""
_COSINE_BITS = 17


class PatchError(Exception):
    """A file cannot be patched; it has to be encoded anew. The message says why, without anything of the file."""


def _zigzag() -> NDArray[np.intp]:
    """Return the natural index of each coefficient in the order in which tables are stored (T.81, figure A.6)."""
    places = [(u, v) for u in range(SIDE) for v in range(SIDE)]
    places.sort(key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    return np.array([SIDE * u + v for u, v in places])


def _transform() -> NDArray[np.float64]:
    """Return the 2-D DCT-II (T.81, A.3.3) of a flat block as a ``(64, 64)`` matrix of integers, scaled by 2^34.

    With samples of at most 128 * 256 every sum stays below 2^15 * 8 * 2^34 = 2^52.
    """
    u, x = np.mgrid[:SIDE, :SIDE]
    cosines = np.cos((2 * x + 1) * u * math.pi / (2 * SIDE)) * np.where(u == 0, math.sqrt(1 / 8), 0.5)
    fixed = np.rint(cosines * (1 << _COSINE_BITS))
    return np.kron(fixed, fixed)


_ZIGZAG = _zigzag()
_DCT = _transform()
_DCT_SCALE = float(_FINE << 2 * _COSINE_BITS)


def factors(frame: Frame) -> list[tuple[int, int]]:
    """Return h and v of each component; a single component has no MCUs but its blocks (T.81, A.2.2)."""
    return [(1, 1)] if len(frame.components) == 1 else [(h, v) for _, h, v, _ in frame.components]


def largest(frame: Frame) -> tuple[int, int]:
    """Return the largest h and v: an MCU's size in blocks."""
    return max(h for h, _ in factors(frame)), max(v for _, v in factors(frame))


@dataclass(frozen=True, eq=False)
class Plane:
    """One component: its factors, its size in blocks, and its quantization table in natural order."""

    h: int
    v: int
    blocks_wh: tuple[int, int]
    table: NDArray[np.float64] = field(repr=False)


def planes(source: Parts, frame: Frame) -> list[Plane]:
    """Return the components of a file in order.

    Raises:
        PatchError: if factors do not divide the largest one, or a table is missing, cut or has a 0.
    """
    across, down = largest(frame)
    found = []
    for (h, v), table in zip(factors(frame), _tables(source, frame), strict=True):
        if across % h or down % v:
            raise PatchError("expected chroma factors that divide the largest one, got others")
        size = -(-frame.width * h // (across * SIDE)), -(-frame.height * v // (down * SIDE))
        found.append(Plane(h, v, size, table))
    return found


def _tables(source: Parts, frame: Frame) -> list[NDArray[np.float64]]:
    """Return each component's table: the one in force at its first scan."""
    tables, found = dict[int, NDArray[np.float64]](), dict[int, NDArray[np.float64]]()
    for segment in source.segments:
        if segment[1] == _DQT:
            size = int.from_bytes(segment[2:4], "big")
            tables.update(_read_tables(segment[4 : 2 + size]))
        elif segment[1] == _SOS:
            names = segment[5 : 5 + 2 * segment[4] : 2]
            for index, (name, _, _, number) in enumerate(frame.components):
                if name in names and number in tables:
                    found.setdefault(index, tables[number])
    if len(found) != len(frame.components):
        raise PatchError("expected a scan and a quantization table for each component, got fewer")
    return [found[index] for index in range(len(found))]


def _read_tables(body: bytes) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield number and values of the tables of a DQT segment (T.81, B.2.4.1)."""
    while body:
        kind, end = (np.dtype(">u2"), 129) if body[0] >> 4 else (np.dtype("u1"), 65)
        if len(body) < end:
            raise PatchError("expected whole quantization tables, got a part of one")
        table = np.empty(SIDE * SIDE, np.float64)
        table[_ZIGZAG] = np.frombuffer(body[1:end], kind)
        if not table.all():
            raise PatchError("expected quantization steps of at least 1, got 0")
        yield body[0] & 15, table
        body = body[end:]


@dataclass(frozen=True, eq=False)
class Colours:
    """The way from pixels to each component's levels around 0: ``matrix @ pixel + offset``, in 65536ths."""

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    def levels(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return the levels of ``(..., c)`` pixels: ``(c, n)``."""
        flat = pixels.reshape(-1, len(self.matrix)).T.astype(np.float64)
        found = self.matrix @ flat
        found += self.offset
        return found


def colours(source: Parts, frame: Frame) -> Colours:
    """Return what a file's components mean, by libjpeg's rules; four components are inks, stored as 255 - ink."""
    count, transform = len(frame.components), source.adobe_transform
    inks = count == 4  # noqa: PLR2004 - cyan, magenta, yellow, black
    matrix = np.eye(count) * (-_PARTS if inks else _PARTS)
    offset = np.full((count, 1), (127.0 if inks else -128.0) * _PARTS)
    unmarked = inks or bytes(part[0] for part in frame.components) == b"RGB"
    plain = unmarked if transform is None else transform == 0
    if count == 1 or (plain and (inks or source.density is None)):
        return Colours(matrix, offset)
    matrix[:3, :3] = _LUMA_CHROMA  # for inks as well: red is 255 - stored cyan
    offset[:3, 0] = -128.0 * _PARTS, 0, 0
    return Colours(matrix, offset)


def coefficients(
    pixels: Pixels, meaning: Colours, of: list[Plane], at: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> list[NDArray[np.int16]]:
    """Return the quantized coefficients of some MCUs, for each component ``(n, v, h, 64)``.

    What lies behind the picture's border is the border's pixels repeated.

    Args:
        pixels: the whole picture, ``(h, w, c)`` uint8.
        meaning: see ``colours``.
        of: see ``planes``.
        at: rows and columns of the MCUs.
    """
    width, height = SIDE * max(plane.h for plane in of), SIDE * max(plane.v for plane in of)
    rows, columns = at
    out = [np.empty((len(rows), plane.v, plane.h, SIDE * SIDE), np.int16) for plane in of]
    for first in range(0, len(rows), _CHUNK):
        here = slice(first, first + _CHUNK)
        levels = meaning.levels(_cut(pixels, rows[here], columns[here], (height, width)))
        for plane, target, level in zip(of, out, levels, strict=True):
            target[here] = _quantized(level.reshape(-1, height, width), plane)
    return out


def _cut(pixels: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp], shape_hw: tuple[int, int]) -> Pixels:
    """Return the MCUs' pixels, ``(n, height, width, c)``; behind the border they are the border's."""
    (height, width), (bottom, right, count) = shape_hw, pixels.shape
    down, across = bottom // height, right // width
    tiles = pixels[: down * height, : across * width].reshape(down, height, across, width, count).swapaxes(1, 2)
    out = np.empty((len(rows), height, width, count), pixels.dtype)
    whole = (rows < down) & (columns < across)
    out[whole] = tiles[rows[whole], columns[whole]]
    y = np.minimum(rows[~whole, None] * height + np.arange(height), bottom - 1)
    x = np.minimum(columns[~whole, None] * width + np.arange(width), right - 1)
    out[~whole] = pixels[y[:, :, None], x[:, None, :]]
    return out


def _quantized(levels: NDArray[np.float64], plane: Plane) -> NDArray[np.float64]:
    """Return the coefficients of one component's ``(n, height, width)`` levels: ``(n, v, h, 64)``."""
    count, height, width = levels.shape
    down, across = height // (SIDE * plane.v), width // (SIDE * plane.h)
    cells = functools.reduce(np.add, (levels[:, y::down, x::across] for y, x in np.ndindex(down, across)))
    samples = np.rint(cells / (down * across * _PARTS // _FINE))
    blocks = samples.reshape(count, plane.v, SIDE, plane.h, SIDE).swapaxes(2, 3)
    found = blocks.reshape(-1, SIDE * SIDE) @ _DCT.T
    found /= plane.table * _DCT_SCALE
    np.clip(np.rint(found, out=found), -_MOST, _MOST, out=found)
    return np.asarray(found.reshape(count, plane.v, plane.h, SIDE * SIDE))
