"""The tag types of colour profiles whose size follows from their own numbers (ICC.1:2022, clause 10).

Each function gets a tag's bytes and returns exactly those that mean something, with reserved bytes zeroed. Too short a
tag raises ``ValueError`` or ``struct.error``.
"""

import math
import struct

_PARA = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
_MOST_CHANNELS = 15
_ONE = {b"wtpt", b"bkpt", b"rXYZ", b"gXYZ", b"bXYZ", b"lumi"}


def clean_tag(name: bytes, tag: bytes) -> bytes:
    """Return the tag without slack and reserved bytes.

    Raises:
        ValueError: the type is not one of numbers, or the tag is shorter than it says.
    """
    kind = tag[:4]
    if kind == b"XYZ " and name in _ONE:
        return _cut(tag, 8, 20)
    if kind == b"sf32" and name == b"chad":
        return _cut(tag, 8, 44)
    if kind in {b"curv", b"para"} and name.endswith(b"TRC"):
        return _curve(tag)
    if kind == b"cicp" and name == b"cicp":
        return _cut(tag, 8, 12)
    if kind == b"chrm" and name == b"chrm":
        return _cut(tag, 8, 36)
    if kind in {b"mft1", b"mft2"} and name[:3] in {b"A2B", b"B2A", b"gam"}:
        return _table(tag)
    if kind in {b"mAB ", b"mBA "} and name[:3] in {b"A2B", b"B2A", b"gam"}:
        return _stages(tag)
    raise ValueError


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
    """``lutAToBType`` and ``lutBToAType``: up to five elements at offsets of their own; gaps between them are dropped."""
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
