"""Named arrays in one file: there and back, and whatever else a file may be."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.tensors import pack, unpack

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([7, 65535], np.uint16)}
CONTENT = pack(ARRAYS)


def named(header: object, data: bytes = b"\0" * 8) -> bytes:
    """Return a file with that header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_no_arrays_come_back() -> None:
    """A file of nothing has nothing in it."""
    assert unpack(pack({})) == {}


def test_arrays_come_back_as_they_were() -> None:
    """Names, order, types, shapes and values are kept, whatever way the array lay in memory; views are read only."""
    back = unpack(pack({**ARRAYS, "c": ARRAYS["a"].T}))
    assert list(back) == ["a", "b", "c"]
    for name, array in {**ARRAYS, "c": ARRAYS["a"].T}.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
        assert not back[name].flags.writeable


def test_the_bytes_are_known() -> None:
    """The layout is that of ``safetensors``: length, JSON padded to eight bytes, little-endian data."""
    assert pack({"x": np.array([1.0], np.float32)}) == (
        b'\x38\0\0\0\0\0\0\0{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  \0\0\x80\x3f'
    )


@given(keep=st.integers(0, len(CONTENT) - 1))
@settings(max_examples=50, deadline=None)
def test_a_cut_file_is_refused(keep: int) -> None:
    """A file that ends too early is a format error wherever it ends."""
    with pytest.raises(ModelFormatError):
        unpack(CONTENT[:keep])


@pytest.mark.parametrize(
    "content",
    [
        CONTENT + b"\0",
        b"\xff" * 8 + CONTENT[8:],
        named([1]),
        named({"a": 1}),
        named({"a": {"dtype": "F32", "shape": [2]}}),
        named({"a": {"dtype": "O", "shape": [2], "data_offsets": [0, 8]}}),
        named({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}),
        named({"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}),
        named({"a": {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]}}),
        named({"a": {"dtype": "F32", "shape": [2**70], "data_offsets": [0, 2**72]}}),
        named({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}),
        (9).to_bytes(8, "little") + b"[" * 9,
    ],
    ids=[
        "more behind it", "endless header", "a list", "no entry", "no offsets", "objects", "negative", "a real side",
        "a truth as side", "huge", "a gap", "no JSON",
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(content: bytes) -> None:
    """Sizes that contradict the file, types that are not known and other JSON are format errors."""
    with pytest.raises(ModelFormatError):
        unpack(content)
