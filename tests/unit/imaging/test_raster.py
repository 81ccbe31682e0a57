"""Helpers on samples: which pixels of two pictures differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.imaging import raster


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 4)),
    kind=st.sampled_from([np.uint8, np.uint16]),
    seed=st.integers(0, 99),
    share=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
)
def test_pixels_that_differ_in_any_sample(
    shape: tuple[int, int, int], kind: type[np.unsignedinteger], seed: int, share: float
) -> None:
    """As one by one, whatever the sizes: rows of no whole number of words, and what is left behind the last word."""
    draw = np.random.default_rng(seed)
    one = draw.integers(0, np.iinfo(kind).max, shape, kind)
    other = one + (draw.random(shape) < share).astype(kind)
    assert np.array_equal(raster.differing(one, other), (one != other).any(axis=2))


@pytest.mark.parametrize("at", [(0, 0), (2, 4), (4, 6)])
def test_one_pixel_is_seen_wherever_it_is(at: tuple[int, int]) -> None:
    """In the first and the last row too, of a picture that is turned in memory."""
    one = np.zeros((7, 5, 3), np.uint8).swapaxes(0, 1)
    other = one.copy()
    other[at] = 1
    assert np.argwhere(raster.differing(one, other)).tolist() == [list(at)]


def test_bands_of_changed_rows_are_compared_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several runs of rows, each longer than a band."""
    monkeypatch.setattr(raster, "_BAND_BYTES", 100)
    one = np.zeros((60, 10, 3), np.uint8)
    other = one.copy()
    other[5:20, 3], other[40:60, 9] = 1, 7
    assert np.array_equal(raster.differing(one, other), (one != other).any(axis=2))
