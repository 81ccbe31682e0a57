"""Bounds: right as often as they say, and of people rather than of photos."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence import bounded, least_people, least_without_one, lower, upper


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.9, 0.95, 0.99]))
def test_they_are_those_of_clopper_and_pearson(hits: int, more: int, confidence: float) -> None:
    """SciPy's two-sided interval at twice the doubt has the same ends."""
    trials = hits + more
    if not trials:
        assert (lower(0, 0, confidence), upper(0, 0, confidence)) == (0.0, 1.0)
        return
    found = stats.binomtest(hits, trials).proportion_ci(2 * confidence - 1, method="exact")
    assert lower(hits, trials, confidence) == pytest.approx(found.low, abs=1e-9)
    assert upper(hits, trials, confidence) == pytest.approx(found.high, abs=1e-9)


@pytest.mark.parametrize("rate", [0.001, 0.006, 0.05, 0.5])
def test_the_upper_bound_holds_as_often_as_it_says(rate: float) -> None:
    """Over all numbers of hits, each as likely as it is: in 95% of cases at least."""
    trials = 1049
    hits = np.arange(trials + 1)
    holds = np.array([upper(int(k), trials) >= rate for k in hits])
    assert stats.binom.pmf(hits, trials, rate)[holds].sum() >= 0.95


@pytest.mark.parametrize(("limit", "confidence"), [(0.001, 0.95), (0.001, 0.99), (0.1, 0.95)])
def test_as_few_as_can_show_it_without_a_hit(limit: float, confidence: float) -> None:
    """One fewer could not."""
    trials = least_without_one(limit, confidence)
    assert upper(0, trials, confidence) <= limit < upper(0, trials - 1, confidence)


@pytest.mark.parametrize(
    ("chance", "margin", "confidence"), [(0.001, 0.005, 0.95), (0.001, 0.0025, 0.99), (0, 0.1, 0.9)]
)
def test_as_few_people_as_can_show_it(chance: float, margin: float, confidence: float) -> None:
    """With one hit more than chance gives."""
    people = least_people(chance, margin, confidence)
    hits = round(chance * people) + 1
    assert upper(hits, people, confidence) <= chance + margin < upper(hits, people - 1, confidence)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: upper(2, 1), id="more-hits-than-trials"),
        pytest.param(lambda: lower(-1, 1), id="negative"),
        pytest.param(lambda: upper(0, 1, 1.0), id="confidence"),
        pytest.param(lambda: least_without_one(0.0), id="limit"),
        pytest.param(lambda: least_people(0.5, 0.5), id="certain"),
        pytest.param(lambda: least_people(0.001, 1e-9), id="too-fine"),
        pytest.param(lambda: bounded(np.zeros(2, bool), ["a"], 0), id="lengths"),
    ],
)
def test_what_cannot_be_is_refused(call: object) -> None:
    """By the error of all specs."""
    with pytest.raises(SpecError):
        call()  # type: ignore[operator]


def test_nobody_shows_nothing() -> None:
    """No rate, and every rate is possible."""
    found = bounded(np.zeros(0, bool), [], 0)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.people, found.trials) == (0.0, 1.0, 0, 0)


def test_more_photos_of_the_same_people_show_no_more() -> None:
    """A hundred photos of each of ten people, of whom one is always found, bound no better than one photo each."""
    who = np.repeat([f"p{i}" for i in range(10)], 100)
    found = bounded(who == "p0", who, 0)
    assert (found.value, found.people, found.trials) == (pytest.approx(0.1), 10, 1000)
    assert found.high >= upper(1, 10)


def test_people_count_alike_however_many_photos_there_are() -> None:
    """The rate is that of a person, not of a photo."""
    hits, who = np.array([True] * 99 + [False]), np.array(["often"] * 99 + ["once"])
    assert bounded(hits, who, 0).value == 0.5


def test_a_rate_over_photos_is_within_its_bounds_as_often_as_they_say() -> None:
    """Of 200 archives whose people differ in how often they are found, nine in ten at least on each side."""
    draw = np.random.default_rng(1)
    inside = []
    for seed in range(200):
        rates = draw.beta(1, 9, 150)
        who = np.repeat(np.arange(150), draw.integers(1, 6, 150))
        found = bounded(draw.random(len(who)) < rates[who], who, seed)
        inside.append((found.low <= 0.1, found.high >= 0.1))
    below, above = np.mean(inside, 0)
    assert min(below, above) >= 0.93
    assert bounded(np.ones(4, bool), list("abcd"), 3) == bounded(np.ones(4, bool), list("abcd"), 3)
