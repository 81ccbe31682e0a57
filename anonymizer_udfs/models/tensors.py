"""Named arrays as the bytes of one file: the layout of ``safetensors``, whose reading runs nothing.

Eight bytes say how long the header is; the header is JSON, with a type, a shape and the ends of its data for each name;
the data follow, little-endian, without gaps. Unlike with NumPy's ``.npz``, whose headers changed with NumPy's version,
the same arrays give the same bytes everywhere, so that a digest can name them.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError

_TYPES = {"F32": "<f4", "U16": "<u2", "U8": "|u1"}
_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 1 << 16
_ALIGNED_BYTES = 8


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of arrays of float32, uint16 and uint8, in the order given."""
    names = {np.dtype(kind): name for name, kind in _TYPES.items()}
    header, at = {}, 0
    for name, array in arrays.items():
        ends = [at, at + array.nbytes]
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": ends}
        at = ends[1]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED_BYTES)
    data = (np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *data])


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name; they are views of it and cannot be written to.

    Raises:
        ModelFormatError: if it is no such file, or its data do not follow each other up to its end.
    """
    size = int.from_bytes(content[:_LENGTH_BYTES], "little")
    at = _LENGTH_BYTES + size
    if not 0 < size <= _MOST_HEADER_BYTES or at > len(content):
        raise ModelFormatError("expected a file of named arrays, got one without their list")
    begin, arrays = at, {}
    try:
        for name, entry in json.loads(content[_LENGTH_BYTES:at]).items():
            arrays[name] = _view(content, begin, at - begin, entry)
            at += arrays[name].nbytes
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelFormatError("expected a file of named arrays, got one whose list cannot be") from error
    if at != len(content):
        raise ModelFormatError(f"expected a file of named arrays of {at} bytes, got {len(content)}")
    return arrays


def _view(content: bytes, begin: int, at: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    """Return the array of one entry of the header; it begins ``at`` bytes behind where all data begin."""
    kind, shape = np.dtype(_TYPES[entry["dtype"]]), tuple(entry["shape"])
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a shape is whole numbers")
    count = math.prod(shape)
    if entry["data_offsets"] != [at, at + count * kind.itemsize]:
        raise ValueError("data follow each other without gaps")
    return np.frombuffer(content, kind, count, begin + at).reshape(shape)
