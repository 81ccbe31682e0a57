"""The advice: one line an audience, which numbers make stronger and never milder."""

import itertools

import pytest

from anonymizer_udfs.assessing.estimates import share
from conf import policies
from jobs.advice import advised

TIERS = {name: policies.load(name)["tier"] for name in policies.names()}
WHOLE = 100_000


@pytest.mark.parametrize(
    ("hits", "cases", "whole", "chosen"),
    [
        pytest.param(0, 0, WHOLE, ["public"] * 3, id="nothing-seen"),
        pytest.param(0, 29, WHOLE, ["public"] * 3, id="too-few"),
        pytest.param(0, 29, 29, ["public", "partner", "internal"], id="few-and-all-of-them"),
        pytest.param(0, 200, WHOLE, ["public", "partner", "internal"], id="little-at-stake"),
        pytest.param(30, 200, WHOLE, ["public", "partner", "partner"], id="some-at-stake"),
        pytest.param(120, 200, WHOLE, ["public", "public", "public"], id="most-at-stake"),
    ],
)
def test_policies_follow_the_numbers(hits: int, cases: int, whole: int, chosen: list[str]) -> None:
    """For anybody always the strongest; for others as mild as the upper bound allows."""
    found = advised(share(hits, cases, whole), 0.7)
    assert [one.policy for one in found] == chosen
    assert all(one.policy in TIERS and one.why for one in found)


def test_more_at_stake_never_makes_a_policy_milder() -> None:
    """Over all numbers of hits the tier of each audience only rises."""
    rows = [[TIERS[one.policy] for one in advised(share(hits, 200, WHOLE), 0.7)] for hits in range(201)]
    assert all(a <= b for one in zip(*rows, strict=True) for a, b in itertools.pairwise(one))


def test_the_reason_has_the_numbers() -> None:
    """The bound, the score and the limit that decided."""
    why = advised(share(30, 200, WHOLE), 0.7)[2].why
    assert "20.7%" in why
    assert "0.7" in why
    assert "10%" in why
