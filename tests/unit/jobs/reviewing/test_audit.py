"""The audit's arithmetic: what it certifies is so, whenever people stop to look at the count."""

import math

import numpy as np
import pytest

from jobs.reviewing.audit import RATE, RISK, Audit, drawn, needed, order, ratio


def test_nothing_was_looked_at() -> None:
    """All is still to be done, never more than there is; of no images nothing is certified."""
    assert Audit(100_000, 0, 0).remaining == needed(0, 0) == 3269
    assert Audit(40, 0, 0).remaining == 40
    assert (Audit(0, 0, 0).remaining, Audit(0, 0, 0).certified) == (0, False)


def test_the_count_falls_by_one_with_each_image_and_rises_with_a_miss() -> None:
    """What people see on the page."""
    left = [Audit(100_000, n, 0).remaining for n in (0, 1, 2, 3268, 3269)]
    assert left == [3269, 3268, 3267, 1, 0]
    assert Audit(100_000, 3269, 0).certified
    assert not Audit(100_000, 3268, 0).certified
    assert Audit(100_000, 101, 1).remaining > Audit(100_000, 100, 0).remaining + 3000


def test_it_is_dearer_than_a_fixed_number_and_not_by_much() -> None:
    """2,995 without a miss is what the exact binomial bound asks of somebody who looks at the count once."""
    fixed = math.ceil(math.log(RISK) / math.log1p(-RATE))
    assert fixed == 2995
    assert fixed < needed(0, 0) < 1.1 * fixed


@pytest.mark.parametrize("rate", [RATE, 2 * RATE])
def test_who_looks_after_every_image_is_misled_no_more_often_than_said(rate: float) -> None:
    """2,000 archives as bad as that or worse, each looked at until 20,000 images: the false certificates are counted.

    The ratio is at its highest just before each miss, so it is enough to look there.
    """
    draw, archives = np.random.default_rng(11), 2000
    misled = 0
    for _ in range(archives):
        misses = draw.geometric(rate, 60).cumsum()
        ends = [*misses[misses <= 20_000], 20_001]
        misled += any(ratio(int(end) - 1, before) >= 1 / RISK for before, end in enumerate(ends))
    chance = 3 * math.sqrt(RISK * (1 - RISK) / archives)
    assert misled / archives <= RISK + (chance if rate == RATE else -chance)


def test_an_archive_without_misses_is_certified_in_full() -> None:
    """Whoever looked at all of a small one needs no bound."""
    assert Audit(50, 50, 0).certified
    assert not Audit(50, 50, 1).certified
    assert Audit(50, 50, 1).remaining == 0


def test_the_draw_is_everybodys_and_nobodys_choice() -> None:
    """The same for two reviewers, another for another lake, and as even as chance: ids next to each other part."""
    ids = [f"{n:032x}" for n in range(4000)]
    mine = order(ids, "lake")
    assert mine == order(reversed(ids), "lake") != order(ids, "other")
    low = sum(one < ids[2000] for one in mine[:1000])
    assert abs(low - 500) < 80
    assert drawn(mine, frozenset(mine[:3]), 2) == mine[3:5]
    assert drawn([], frozenset(), 2) == []
