"""What ``--explain`` says of a run, by what is known: a lake or none, an earlier run or a sample, a price or none."""

from dataclasses import replace

import pytest

from anonymizer_udfs.assessing.estimates import Share, Total
from jobs.explain import Estimate, Explained
from jobs.screen import plain

SAMPLED = Estimate(Total(7200.0, 3600.0, 10800.0), Share(3, 48, 0.0625, 0.01, 0.2), 48)
RUN = Explained(
    lake="lake",
    exists=True,
    images=100,
    size_bytes=5 << 20,
    todo={"new": 60, "replace": 10},
    todo_bytes=4 << 20,
    policies={"public": 70},
    batches=2,
    tasks=9,
    cores=2,
    estimate=SAMPLED,
    core_hour=0.5,
)


def said(one: Explained) -> str:
    """Return what a person reads."""
    return "\n".join(plain(one.sections()))


def test_a_sample_has_its_interval_and_what_it_held_back() -> None:
    """Work, time on the cores here, space, requests, what a person would have to look at, and the price."""
    for line in (
        "60 new, 10 replace",
        "2, of 9 tasks in all",
        "by 48 images of a random sample, tried here",
        "2 h 0 min of one core (1 h 0 min to 3 h 0 min)",
        "about 1 h 0 min on the 2 cores here",
        "6% of the images (1% to 20%)",
        "1.00, at 0.5 a core hour",
        "70 objects read",
    ):
        assert line in said(RUN), said(RUN)
    assert RUN.as_dict()["estimate"]["measured"] == 48


def test_an_earlier_run_has_neither() -> None:
    """It says which one it was."""
    told = said(replace(RUN, estimate=Estimate(Total(7200.0), None, 900, "r1"), core_hour=None))
    assert "by 900 images of run r1" in told
    assert "held back" not in told
    assert "core hour" not in told
    assert " to " not in told.split("work", 1)[1].splitlines()[0]


@pytest.mark.parametrize(("exists", "words"), [(True, "100"), (False, "0: the lake is not there yet")])
def test_where_nothing_is_to_do_nothing_is_estimated(exists: bool, words: str) -> None:
    """A lake that is whole, and a source without images."""
    told = said(replace(RUN, todo={}, estimate=None, exists=exists))
    assert f"done before    {words}" in told
    assert "to do          nothing" in told
    assert "commits" not in told
    assert "it would take" not in told
