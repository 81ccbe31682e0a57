"""What a sample says of the whole: intervals that hold as often as they say, and none where nothing can be said."""

import numpy as np
import pytest

from anonymizer_udfs.assessing.estimates import share, total
from anonymizer_udfs.errors import SpecError


def test_intervals_of_shares_hold() -> None:
    """Of 400 samples of 100 from a whole of which 7% hold, at least 95% of the intervals have the truth."""
    draw = np.random.default_rng(1)
    found = [share(int(draw.binomial(100, 0.07)), 100, 10**6) for _ in range(400)]
    assert np.mean([one.low <= 0.07 <= one.high for one in found]) >= 0.95


def test_intervals_of_sums_hold_about_as_often_as_they_say() -> None:
    """Of 200 samples of 100 images with a Poisson number of faces nine in ten intervals at least have the truth."""
    draw = np.random.default_rng(2)
    found = [total(draw.poisson(0.8, 100).astype(float).tolist(), 10**4) for _ in range(200)]
    assert np.mean([(one.low or 0) <= 8000 <= (one.high or 0) for one in found]) >= 0.9
    assert len({one.low for one in found}) > 1


@pytest.mark.parametrize("values", [[], [1.0] * 9, [0.0] * 50, [3.0] * 50], ids=["none", "few", "zeros", "all-alike"])
def test_a_sample_that_tells_no_interval_has_none(values: list[float]) -> None:
    """A sample without a face does not say that there is none in the whole."""
    found = total(values, 10**6)
    assert (found.low, found.high, found.exact) == (None, None, False)


def test_the_whole_is_counted_and_not_estimated() -> None:
    """Then the interval is the value, for sums and for shares."""
    assert total([0.0, 0.0], 2).high == 0
    assert share(1, 2, 2).low == share(1, 2, 2).high == 0.5


@pytest.mark.parametrize(
    ("values", "whole"), [([1.0], 0), ([float("nan")], 5), ([-1.0], 5)], ids=["more-than-all", "nan", "negative"]
)
def test_numbers_that_cannot_be_are_refused(values: list[float], whole: int) -> None:
    """A sample larger than the whole, and values that are none."""
    with pytest.raises(SpecError):
        total(values, whole)
