"""Intervals that hold as often as they say, and a test that is as likely to be wrong as it says."""

import numpy as np
import pytest
from scipy import stats

from anonymizer_udfs.downstream.differing import mcnemar, resampled, score
from anonymizer_udfs.errors import SpecError


def test_intervals_of_paired_differences_hold_over_groups() -> None:
    """Of 200 draws of 60 people with four alike photos each at least nine in ten intervals have the truth."""
    draw, right = np.random.default_rng(7), 0
    for _ in range(200):
        people = np.repeat(draw.random(60) < 0.3, 4).astype(float)
        ((low, high),) = resampled(-people[:, None], np.repeat(np.arange(60), 4), 1, 0.975)
        right += low <= -0.3 <= high
    assert right >= 180


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.01, 0.02), (0.2, 0.05)], ids=["never", "rarely", "often"])
def test_score_intervals_hold_even_where_models_hardly_differ(first: float, second: float) -> None:
    """Of 1,000 draws of 100 images 93% at least have the truth, where 95% is nominal."""
    draw = np.random.default_rng(8)
    drawn = draw.multinomial(100, [first, second, 1 - first - second], 1000)
    ends = np.array([score(int(a), int(b), 100, 0.975) for a, b, _ in drawn])
    assert ((ends[:, 0] <= second - first) & (second - first <= ends[:, 1])).mean() >= 0.93


def test_a_score_interval_has_the_difference_in_it_and_its_mirror_image() -> None:
    """Who is called first changes the sign alone."""
    low, high = score(12, 2, 50, 0.975)
    assert low < -0.2 < high < 0
    assert score(2, 12, 50, 0.975) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize(("first", "second", "cases"), [(0, 0, 0), (3, 3, 5), (-1, 0, 5)])
def test_numbers_that_cannot_be_are_refused(first: int, second: int, cases: int) -> None:
    """More differing cases than cases, fewer than none."""
    with pytest.raises(SpecError, match="only one was right"):
        score(first, second, cases, 0.975)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (3, 9), (40, 20), (0, 30)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    """As SciPy computes it."""
    assert mcnemar(first, second) == pytest.approx(stats.binomtest(first, first + second).pvalue)
