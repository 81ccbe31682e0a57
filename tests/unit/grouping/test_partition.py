"""Groups of k to 2k - 1 people, those who are alike together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.grouping.partition import partition
from tests.unit.grouping.drawn import templates


@given(people=st.integers(0, 300), k=st.integers(2, 40), seed=st.integers(0, 9))
def test_everybody_is_in_one_group_of_k_to_2k_less_one(people: int, k: int, seed: int) -> None:
    """Or nobody is in any, where there are fewer than k."""
    groups = partition(templates(people, 1, seed), k)
    if people < k:
        assert groups.tolist() == [-1] * people
        return
    sizes = np.bincount(groups)
    assert sizes.sum() == people
    assert sizes.min() >= k
    assert sizes.max() <= 2 * k - 1


def test_people_who_are_all_alike_are_grouped_too() -> None:
    """No direction tells them apart; sizes hold all the same."""
    assert np.bincount(partition(np.ones((100, 8), np.float32), 20)).tolist() == [25] * 4


def test_those_who_are_alike_go_together() -> None:
    """Within a group people differ far less than people do; in groups by lot as much as all do."""
    centres = np.random.default_rng(1).standard_normal((8, 16)) * 5
    people = (np.repeat(centres, 25, 0) + np.random.default_rng(2).standard_normal((200, 16))).astype(np.float32)
    mixed = np.random.default_rng(3).permutation(200)

    def spread(groups: np.ndarray) -> float:
        return float(np.mean([people[groups == g].var(0).sum() for g in np.unique(groups)]))

    found = np.empty(200, np.intp)
    found[mixed] = partition(people[mixed], 20)
    by_lot = np.empty(200, np.intp)
    by_lot[mixed] = np.arange(200) // 25
    assert spread(found) < 0.35 * spread(by_lot)


def test_the_same_people_give_the_same_groups() -> None:
    """No lot is drawn."""
    people = templates(150, 1)
    assert np.array_equal(partition(people, 20), partition(people.copy(), 20))


@pytest.mark.parametrize("k", [1, 0, True, 2.5])
def test_a_k_that_is_none_is_refused(k: int) -> None:
    """A group of one is no group."""
    with pytest.raises(SpecError, match="k must be"):
        partition(templates(9, 1), k)
