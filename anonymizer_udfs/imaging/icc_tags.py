"""The tag types of colour profiles whose size follows from their own numbers (ICC.1:2022, clause 10).

Each function gets a tag's bytes and returns exactly those that mean something, with reserved bytes zeroed. Too short a
tag raises ``ValueError`` or ``struct.error``.
"""

import math
import struct

_PARA = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
_MOST_CHANNELS = 15
_POINTS = ("wtpt", "bkpt", "rXYZ", "gXYZ", "bXYZ", "lumi")
_CURVES = ("rTRC", "gTRC", "bTRC", "kTRC")
_MAPS = ("A2B0", "A2B1", "A2B2", "B2A0", "B2A1", "B2A2", "gamt")
# For types of one size: the tags that have them, and the size in bytes with 8 of head.
_FIXED: dict[bytes, tuple[tuple[str, ...], int]] = {
    b"XYZ ": (_POINTS, 20),
    b"sf32": (("chad",), 44),
    b"cicp": (("cicp",), 12),
    b"chrm": (("chrm",), 36),
}
KNOWN = (*_POINTS, *_CURVES, *_MAPS, "chad", "cicp", "chrm")


def clean_tag(name: str, tag: bytes) -> bytes:
    """Return the tag without slack and reserved bytes.

    Raises:
        ValueError: the type is not one of numbers or not that of this tag, or the tag is shorter than it says.
    """
    kind = tag[:4]
    names, size = _FIXED.get(kind, ((), 0))
    if name in names:
        return _cut(tag, 8, size)
    if name in _CURVES:
        return _curve(tag)
    if name in _MAPS and kind in {b"mft1", b"mft2"}:
        return _table(tag)
    if name in _MAPS and kind in {b"mAB ", b"mBA "}:
        return _stages(tag)
    raise ValueError("no tag of numbers")


def _cut(tag: bytes, head: int, size: int) -> bytes:
    """Return ``size`` bytes, those from 4 to ``head`` zeroed."""
    if len(tag) < size:
        raise ValueError
    return tag[:4] + b"\0" * (head - 4) + tag[head:size]


def _curve(tag: bytes) -> bytes:
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        return _cut(tag, 8, 12 + 2 * count)
    if tag[:4] != b"para":
        raise ValueError
    (form,) = struct.unpack_from(">H", tag, 8)
    if form not in _PARA:
        raise ValueError
    cut = _cut(tag, 8, 12 + 4 * _PARA[form])
    return cut[:10] + b"\0\0" + cut[12:]


def _table(tag: bytes) -> bytes:
    """``lut8Type`` and ``lut16Type``: matrix, input curves, grid, output curves."""
    inputs, outputs, grid = tag[8], tag[9], tag[10]
    if not 0 < inputs <= _MOST_CHANNELS or not 0 < outputs <= _MOST_CHANNELS:
        raise ValueError
    if tag[:4] == b"mft1":
        head, n_in, n_out, width = 48, 256, 256, 1
    else:
        n_in, n_out = struct.unpack_from(">HH", tag, 48)
        head, width = 52, 2
    cut = _cut(tag, 8, head + width * (n_in * inputs + grid**inputs * outputs + n_out * outputs))
    return cut[:11] + b"\0" + cut[12:]


def _stages(tag: bytes) -> bytes:
    """``lutAToBType`` and ``lutBToAType``: up to five elements at offsets of their own; what is between them goes."""
    inputs, outputs = tag[8], tag[9]
    if not 0 < inputs <= _MOST_CHANNELS or not 0 < outputs <= _MOST_CHANNELS:
        raise ValueError
    b_at, matrix_at, m_at, grid_at, a_at = struct.unpack_from(">5I", tag, 12)
    b_count, a_count = (outputs, inputs) if tag[:4] == b"mAB " else (inputs, outputs)
    parts = (
        _curves(tag, b_at, b_count),
        _piece(tag, matrix_at, 48),
        _curves(tag, m_at, b_count),
        _grid(tag, grid_at, inputs, outputs),
        _curves(tag, a_at, a_count),
    )
    offsets, body = [], b""
    for part in parts:
        offsets.append(32 + len(body) if part else 0)
        body += part
    return tag[:4] + b"\0\0\0\0" + bytes([inputs, outputs, 0, 0]) + struct.pack(">5I", *offsets) + body


def _piece(tag: bytes, at: int, size: int) -> bytes:
    if not at:
        return b""
    if at + size > len(tag):
        raise ValueError
    return tag[at : at + size] + b"\0" * (-size % 4)


def _curves(tag: bytes, at: int, count: int) -> bytes:
    if not at:
        return b""
    out = b""
    for _ in range(count):
        curve = _curve(tag[at:])
        step = len(curve) + -len(curve) % 4
        at += step
        out += curve.ljust(step, b"\0")
    return out


def _grid(tag: bytes, at: int, inputs: int, outputs: int) -> bytes:
    if not at:
        return b""
    sides, width = tag[at : at + inputs], tag[at + 16]
    if width not in {1, 2}:
        raise ValueError
    head = sides.ljust(16, b"\0") + bytes([width, 0, 0, 0])
    return head + _piece(tag, at + 20, math.prod(sides) * outputs * width)
