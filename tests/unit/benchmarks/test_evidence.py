"""Intervals and tests against values worked out by hand or known from the literature."""

import math

import numpy as np
import pytest

from benchmarks.recalls.evidence import Rate, Share, holm, worse


def flags(ours_only: int, theirs_only: int, both: int = 3, none: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return what two finders found of as many faces."""
    ours = [True] * ours_only + [False] * theirs_only + [True] * both + [False] * none
    theirs = [False] * ours_only + [True] * theirs_only + [True] * both + [False] * none
    return np.array(ours, np.bool_), np.array(theirs, np.bool_)


def test_no_case_says_nothing() -> None:
    """Without a case the share is no number, and everything is possible."""
    assert math.isnan(Share(0, 0).value)
    assert Share(0, 0).wilson == (0.0, 1.0)
    assert Share(0, 0).lower == 0
    assert math.isnan(Rate(0, 0).value)
    assert Rate(0, 0).upper == math.inf


def test_wilson_is_its_formula() -> None:
    """(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) with z = 1.959964, for 81 of 263."""
    z, n, p = 1.959963984540054, 263, 81 / 263
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    expected = ((middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n))
    assert Share(81, 263).wilson == pytest.approx(expected, abs=1e-9)


def test_the_lower_bound_is_exact() -> None:
    """With all of n found the bound is 0.05^(1/n); with 1 of n it is the p at which any come up 5% of the time."""
    assert Share(3000, 3000).lower == pytest.approx(0.05 ** (1 / 3000), abs=1e-9)
    assert Share(1, 10).lower == pytest.approx(1 - 0.95**0.1, abs=1e-9)
    assert Share(9, 10).lower < 0.9


def test_a_rate_has_an_upper_bound() -> None:
    """No event in n pictures: -ln(0.05)/n, the rule of three."""
    assert Rate(0, 300).upper == pytest.approx(-math.log(0.05) / 300, abs=1e-9)
    assert Rate(6, 300).upper > Rate(6, 300).value == 0.02


@pytest.mark.parametrize(
    ("ours_only", "theirs_only", "p"),
    [
        (0, 0, 1.0),
        (0, 5, 1 / 32),
        (5, 0, 1.0),
        (1, 7, (1 + 8) / 256),
        (4, 4, (70 + 56 + 28 + 8 + 1) / 256),
    ],
    ids=str,
)
def test_mcnemar_is_exact_and_one_sided(ours_only: int, theirs_only: int, p: float) -> None:
    """The sum of binomial terms: of the faces that one alone found, so many or more are theirs."""
    assert worse(*flags(ours_only, theirs_only)) == pytest.approx(p, abs=1e-12)


def test_faces_that_both_found_or_missed_do_not_count() -> None:
    """Only faces that one alone found tell the two apart."""
    assert worse(*flags(1, 7, 0, 0)) == worse(*flags(1, 7, 1000, 500))


def test_pairs_have_to_be_pairs() -> None:
    """Flags about different faces are refused."""
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        worse(np.ones(2, np.bool_), np.ones(3, np.bool_))
    with pytest.raises(ValueError, match="hits"):
        Share(4, 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([0.2], [0.2]),
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),
        ([0.04, 0.001, 0.5], [0.08, 0.003, 0.5]),
        ([0.9, 0.8], [1.0, 1.0]),
    ],
    ids=str,
)
def test_holm(given: list[float], expected: list[float]) -> None:
    """The smallest p-value times m, the next times m - 1, ..., never falling, at most 1; in the order given."""
    assert holm(given) == pytest.approx(expected)
