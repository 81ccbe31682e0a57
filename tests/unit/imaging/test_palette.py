"""Colour tables: what is untouched keeps its colour, what is changed gets the nearest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.raster import pack_bits
from anonymizer_udfs.outcome import BadImageError


def test_empty_palette_is_refused() -> None:
    """No colours, half a colour, or more opacities than colours are no palette."""
    for rgb, alpha in ((b"", b""), (b"\0\0", b""), (b"\0\0\0", b"\0\0"), (bytes(771), b"")):
        with pytest.raises(ValueError, match="1 to 256"):
            Palette(rgb, alpha)


def test_index_without_colour_is_corrupt() -> None:
    """An index past the table is not guessed."""
    with pytest.raises(BadImageError, match="corrupt"):
        Palette(bytes(6)).expand(np.array([[2]], np.uint8))


@given(
    rgb=st.binary(min_size=3, max_size=60).map(lambda text: text[: len(text) // 3 * 3]),
    alpha=st.binary(max_size=20),
    indices=hnp.arrays(np.uint8, (3, 7), elements=st.integers(0, 19)),
)
def test_untouched_pixels_keep_their_colours(rgb: bytes, alpha: bytes, indices: np.ndarray) -> None:
    """Expanding, finding and expanding again is exact, also with repeated colours and opacities."""
    palette = Palette(rgb, alpha[: len(rgb) // 3])
    pixels = palette.expand(indices % np.uint8(len(palette)))
    found, stored = palette.indices(pixels)
    assert np.array_equal(stored.expand(found), pixels)
    assert (len(stored), len(stored.alpha)) == (len(palette), len(palette.alpha))


def test_nearest_is_nearest() -> None:
    """A new colour gets the nearest of the table, the first of equals."""
    palette = Palette(bytes([0, 0, 0, 10, 10, 10, 200, 0, 0, 10, 10, 10]))
    found, _ = palette.indices(np.array([[[9, 9, 11], [255, 9, 9], [3, 3, 3]]], np.uint8))
    assert found.tolist() == [[1, 2, 0]]


def test_colours_that_nothing_uses_are_zeroed() -> None:
    """What no pixel shows does not stay in the file, except in a grey ramp, which says nothing."""
    _, stored = Palette(b"abcdef", b"xy").indices(np.array([[[97, 98, 99, 120]]], np.uint8))
    assert (stored.rgb, stored.alpha) == (b"abc\0\0\0", b"x\xff")
    ramp = Palette(bytes(level for level in range(4) for _ in range(3)))
    assert ramp.indices(np.zeros((1, 1, 3), np.uint8))[1] == ramp


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_bits_are_packed_high_first(depth: int) -> None:
    """Packed rows agree with NumPy's own unpacking, padded with zeros."""
    samples = np.arange(15, dtype=np.uint8).reshape(3, 5) % (1 << depth)
    bits = np.unpackbits(pack_bits(samples, depth), axis=1)[:, : 5 * depth].reshape(3, 5, depth)
    assert np.array_equal((bits << np.arange(depth - 1, -1, -1)).sum(axis=2), samples)
