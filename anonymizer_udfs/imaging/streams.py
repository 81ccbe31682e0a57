"""Whether compressed streams hold exactly as many bytes as a picture has, and nothing after them.

Decoders stop at the last sample and ignore what comes then, so that text can hide there. Nothing is decoded into a
picture: deflate is inflated in pieces that are thrown away, of LZW and PackBits only the lengths are followed.
"""

import zlib
from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Buffer = bytes | memoryview

_PIECE_BYTES = 1 << 18
_MOST_BITS = 12
_FEW_CODES = 512
_NO_RUN = 128
_LINE_END, _PICTURE_END, _MOVE = 0, 1, 2


def deflate_is_exact(pieces: Iterable[Buffer], expected: int) -> bool:
    """Whether the pieces together are one zlib stream (RFC 1950) of ``expected`` bytes.

    Cost: inflates once; at most 256 KiB are alive.
    """
    total, inflater = 0, zlib.decompressobj()
    for piece in pieces:
        left = piece
        while True:
            try:
                got = len(inflater.decompress(left, _PIECE_BYTES))
            except zlib.error:
                return False
            total += got
            if total > expected or inflater.unused_data:
                return False
            left = inflater.unconsumed_tail
            if not left and got < _PIECE_BYTES:
                break
    return inflater.eof and total == expected


def packbits_is_exact(data: bytes, expected: int) -> bool:
    """Whether PackBits runs (TIFF 6.0, section 9) give ``expected`` bytes; the code without meaning is refused.

    Examples:
        >>> packbits_is_exact(bytes([254, 7, 1, 8, 9]), 5), packbits_is_exact(bytes([254, 7, 1, 8]), 5)
        (True, False)
    """
    at, total, size = 0, 0, len(data)
    while at < size:
        code = data[at]
        if code == _NO_RUN:
            return False
        run = code > _NO_RUN
        total += 257 - code if run else code + 1
        at += 2 if run else code + 2
    return at == size and total == expected


def runs_end(data: bytes, at: int, size_wh: tuple[int, int], bits: int) -> int | None:
    """Return where a bitmap's runs of 4 or 8 bits (BI_RLE4, BI_RLE8 of Windows bitmaps) end, with their end code.

    None if they have no end, leave the picture, or are padded with anything but zero.
    """
    (width, height), x, y = size_wh, 0, 0
    while at + 2 <= len(data):
        count, code = data[at], data[at + 1]
        at += 2
        if count:
            x += count
        elif code == _LINE_END:
            x, y = 0, y + 1
        elif code == _PICTURE_END:
            return at
        elif code == _MOVE:
            x, y, at = x + data[at], y + data[at + 1], at + 2
        else:
            x, used = x + code, (code * bits + 7) // 8
            if used % 2 and data[at + used]:
                return None
            at += used + used % 2
        if x > width or y > height or (x and y == height):
            return None
    return None


def lzw_is_exact(data: bytes, literal_bits: int, expected: int, *, tiff: bool) -> bool:
    """Whether LZW codes give ``expected`` bytes and end with the data.

    Widths of codes depend on nothing but how many came since the table was cleared, and a string's length on that of
    the string before it, so both are computed for all codes between two clears at once.

    Args:
        data: the codes.
        literal_bits: bits of a literal; codes start one bit wider.
        expected: bytes of the picture.
        tiff: high bits first and one code early (TIFF 6.0, section 13); else as in GIF 89a, appendix F.
    """
    clear, at, total, count = 1 << literal_bits, 0, 0, _FEW_CODES
    words, bits = _words(data, tiff=tiff), 8 * len(data)
    while True:
        codes, at, found = _codes(words, at, bits, count, literal_bits, tiff=tiff)
        length = _strings(codes, clear)
        if length is None or (total := total + length) > expected:
            return False
        if found != clear:
            return total == expected and bits - at < 8  # noqa: PLR2004 - what fills the last byte
        count = max(_FEW_CODES, len(codes) + 1)


def _words(data: bytes, *, tiff: bool) -> NDArray[np.int32]:
    """Return the three bytes that begin at each byte as one number: a code and where it begins in its first byte."""
    wide = np.frombuffer(bytes(data) + bytes(4), np.uint8).astype(np.int32)
    high, middle, low = wide[:-2], wide[1:-1], wide[2:]
    return high << 16 | middle << 8 | low if tiff else low << 16 | middle << 8 | high


@cache
def _widths(count: int, literal_bits: int, *, tiff: bool) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the bits of the first codes after a clear, and where each begins and the last ends."""
    # The table has clear, end, and an entry for each code but the first.
    entries = np.minimum((1 << literal_bits) + 2 + np.maximum(np.arange(count) - 1, 0), (1 << _MOST_BITS) - 1) + tiff
    widths = np.clip(np.frexp(entries)[1], literal_bits + 1, _MOST_BITS).astype(np.int32)
    return widths, np.append(0, np.cumsum(widths, dtype=np.int64))


def _codes(
    words: NDArray[np.int32], at: int, bits: int, count: int, literal_bits: int, *, tiff: bool
) -> tuple[NDArray[np.int32], int, int]:
    """Return the codes from bit ``at`` up to a clear or an end, the bit after that, and which it was.

    It is -1 if the data ended. ``count`` is how many codes are looked at first.
    """
    clear = 1 << literal_bits
    while True:
        count = 1 << (count - 1).bit_length()
        widths, offsets = _widths(count, literal_bits, tiff=tiff)
        whole = int(np.searchsorted(offsets, bits - at, "right")) - 1
        starts = offsets[:whole] + at
        inside = (starts & 7).astype(np.int32)
        shift = 24 - inside - widths[:whole] if tiff else inside
        codes = (words[starts >> 3] >> shift) & ((1 << widths[:whole]) - 1)
        stops = np.flatnonzero(codes >> 1 == clear >> 1)
        if len(stops):
            stop = int(stops[0])
            return codes[:stop], at + int(offsets[stop + 1]), int(codes[stop])
        if whole < count:
            return codes, at + int(offsets[whole]), -1
        count *= 2


def _strings(codes: NDArray[np.int32], clear: int) -> int | None:
    """Return how many bytes the codes after a clear give; None if one has no meaning."""
    count = len(codes)
    # Entry e is the string of code e with one byte more, and may be used from code e + 1 on.
    parents = np.full(count + 1, count)
    np.subtract(codes, clear + 2, out=parents[:-1], where=codes >= clear)
    if ((codes >= clear) & (parents[:-1] >= np.arange(count))).any():
        return None
    lengths = np.ones(count + 1, np.int64)
    lengths[-1] = 0
    while int(parents.min()) != count:
        lengths += lengths.take(parents)
        parents = parents.take(parents)
    return int(lengths.sum())
