"""D_sys: 0 for one law, what the laws say for two, and its bound as often right as it says."""

import numpy as np
import pytest
from scipy import stats

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence import linkability


def true_d_sys(shift: float) -> float:
    """Return D_sys of two normal laws that far apart, by integration."""
    at = np.linspace(-8, 8 + shift, 200_001)
    p, q = stats.norm.pdf(at, shift), stats.norm.pdf(at)
    return float(np.trapezoid(np.where(p > q, (p - q) / (p + q), 0) * p, at))


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0, 3.0])
def test_the_truth_is_between_the_excess_and_the_plain_estimate(shift: float) -> None:
    """For two laws of which it is known, in the mean over archives; bins lose a little of it."""
    found = []
    for seed in range(30):
        draw = np.random.default_rng((seed, 7))
        found.append(linkability(draw.normal(shift, 1, 3000), draw.normal(0, 1, 3000), seed))
    assert np.mean([one.excess for one in found]) - 0.003 <= true_d_sys(shift)
    assert true_d_sys(shift) <= np.mean([one.d_sys for one in found]) + 0.01
    assert all(one.high > one.excess and 0 < one.null < 0.04 for one in found)


def test_scores_apart_are_linked_and_one_score_for_all_is_not() -> None:
    """The two ends of the scale."""
    assert linkability(np.full(50, 0.9), np.full(50, 0.1), 0).d_sys == 1.0
    same = linkability(np.ones(50), np.ones(60), 0)
    assert (same.d_sys, same.null, same.excess, same.high) == (0.0, 0.0, 0.0, 0.0)


def test_nothing_to_link_has_no_excess() -> None:
    """Over many archives its mean is 0, and the bound holds in 95% of them."""
    draw = np.random.default_rng(1)
    found = [linkability(draw.normal(size=3000), draw.normal(size=3000), seed) for seed in range(300)]
    excess = np.array([one.excess for one in found])
    assert abs(excess.mean()) < 3 * excess.std() / np.sqrt(len(excess))
    assert np.mean([one.high >= 0 for one in found]) >= 0.92


@pytest.mark.parametrize(
    ("mated", "other"), [([], [0.1]), ([0.1], []), ([np.nan], [0.1])], ids=["none-mated", "none-other", "no-number"]
)
def test_what_cannot_be_compared_is_refused(mated: list[float], other: list[float]) -> None:
    """Rather than counted as not linked."""
    with pytest.raises(SpecError):
        linkability(np.array(mated), np.array(other), 0)
