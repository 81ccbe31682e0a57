"""Rates against a threshold: by definition, and as scikit-learn has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_curve

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence import verification
from anonymizer_udfs.evidence.verification import DET_POINTS, threshold

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=40)


@given(SCORES, st.sampled_from([0.001, 0.1, 0.5, 0.9]))
def test_no_lower_threshold_keeps_the_rate(impostor: list[float], rate: float) -> None:
    """At it at most the rate matches; at the next lower score more would."""
    scores = np.array(impostor)
    at = threshold(scores, rate)
    assert (scores >= at).mean() <= rate
    assert (scores >= scores[scores < at].max()).mean() > rate


@given(SCORES, SCORES)
def test_the_curve_is_scikit_learns(genuine: list[float], impostor: list[float]) -> None:
    """Each of our points lies on its curve, and the equal error rate between its neighbours."""
    found = verification(np.array(genuine), np.array(impostor))
    fpr, tpr, _ = roc_curve([1] * len(genuine) + [0] * len(impostor), genuine + impostor, drop_intermediate=False)
    theirs = {(round(float(a), 9), round(float(1 - b), 9)) for a, b in zip(fpr, tpr, strict=True)}
    assert {(round(a, 9), round(b, 9)) for a, b in found.det} == theirs
    gap = fpr - (1 - tpr)
    after = int(np.argmax(gap >= 0))
    low, high = sorted((fpr[after], fpr[max(after - 1, 0)]))
    assert low - 1e-9 <= found.eer <= high + 1e-9


def test_two_normal_laws_have_their_equal_error_rate() -> None:
    """Two deviations apart it is that of one deviation, 15.9%, and TAR follows from the law as well."""
    draw = np.random.default_rng(0)
    found = verification(draw.normal(2, 1, 200_000), draw.normal(0, 1, 200_000), (1e-3, 1e-2, 1e-9))
    assert found.eer == pytest.approx(stats.norm.sf(1), abs=0.002)
    assert found.tar == pytest.approx({r: stats.norm.sf(stats.norm.isf(r) - 2) for r in (1e-3, 1e-2)}, abs=0.01)
    assert len(found.det) <= DET_POINTS
    assert (found.genuine, found.impostor) == (200_000, 200_000)


def test_scores_that_are_none_are_the_least() -> None:
    """What could not be compared matches nobody."""
    assert verification(np.array([np.nan, 0.9]), np.array([0.1, 0.2]), (0.5,)).tar == {0.5: 0.5}


@pytest.mark.parametrize(("genuine", "impostor"), [([], [0.1]), ([0.1], [])])
def test_no_pairs_show_nothing(genuine: list[float], impostor: list[float]) -> None:
    """Both kinds are needed."""
    with pytest.raises(SpecError):
        verification(np.array(genuine), np.array(impostor))
