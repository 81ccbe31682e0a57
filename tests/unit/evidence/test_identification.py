"""Ranks, galleries and open sets: against what they are by definition, and by chance where nothing is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence import Standing, chances, identified, open_set

SMALL = st.integers(1, 6)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return scores with many equal ones, and who is the same."""
    shape = draw(st.tuples(SMALL, SMALL))
    scores = draw(arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.5, 1.0, np.nan])))
    return scores, draw(arrays.arrays(bool, shape))


def test_of_equal_scores_each_place_is_as_likely() -> None:
    """A mask that is the same for all gives an attacker chance, whatever the order of his gallery."""
    scores, same = np.zeros((3, 4)), np.eye(3, 4, dtype=bool)
    found = chances(Standing.of(scores, same), 4)
    assert found[:, :4] == pytest.approx(np.tile([0.25, 0.5, 0.75, 1.0], (3, 1)))


def test_scores_and_people_must_fit() -> None:
    """A row too many is told."""
    with pytest.raises(SpecError):
        Standing.of(np.zeros((2, 3)), np.zeros((3, 3), bool))


def test_who_is_known_is_named_in_every_gallery() -> None:
    """And who scores at random is named as often as chance has it, within its bounds."""
    n = 600
    same, people = np.eye(n, dtype=bool), [str(i) for i in range(n)]
    perfect = identified(Standing.of(np.eye(n), same), people, size=100, seed=0)
    assert (perfect.size, perfect.rank1.value, perfect.cmc) == (100, 1.0, (1.0,) * 20)
    assert perfect.rank1.low > 0.99
    blind = identified(Standing.of(np.random.default_rng(0).random((n, n)), same), people, size=20, seed=0)
    assert blind.rank1.low <= 1 / 20 <= blind.rank1.high
    assert blind.cmc == pytest.approx(np.arange(1, 21) / 20, abs=0.06)
    assert (blind.rank5.value, blind.rank10.value) == pytest.approx((blind.cmc[4], blind.cmc[9]))


def test_a_gallery_larger_than_all_is_all() -> None:
    """And a person who is not in it is not asked for."""
    same = np.array([[True, False], [False, False]])
    found = identified(Standing.of(np.array([[0.9, 0.1], [0.1, 0.9]]), same), ["a", "b"], size=1000, seed=0)
    assert (found.size, found.rank1.people, found.rank1.value) == (2, 1, 1.0)


def test_a_larger_gallery_hides_better() -> None:
    """A weak signal names fewer among more."""
    n = 500
    draw = np.random.default_rng(2)
    scores = draw.normal(size=(n, n)) + 2 * np.eye(n)
    found = [
        identified(
            Standing.of(scores, np.eye(n, dtype=bool)), [str(i) for i in range(n)], size=size, seed=0
        ).rank1.value
        for size in (10, 100, 500)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[2] + 0.2


def test_chances_are_those_of_galleries_that_are_drawn() -> None:
    """With equal scores among them: against two hundred thousand galleries, each with its right one."""
    draw = np.random.default_rng(4)
    scores = np.array([0.9, 0.9, 0.5, 0.5, 0.5, 0.7, 0.1, 0.2])
    right, size, rounds = 3, 5, 200_000
    standing = Standing.of(scores[None], (np.arange(8) == right)[None])
    others = np.delete(scores, right)[np.argsort(draw.random((rounds, 7)), 1)[:, : size - 1]]
    before = (others > 0.5).sum(1) + (draw.random(rounds) * ((others == 0.5).sum(1) + 1)).astype(int)
    drawn = [(before < k).mean() for k in range(1, size + 1)]
    assert chances(standing, size)[0, :size] == pytest.approx(drawn, abs=0.005)


def test_a_gallery_in_blocks_is_the_whole() -> None:
    """However it is cut: counts add up, and the most alike other one is that of all blocks."""
    draw = np.random.default_rng(5)
    scores, same = draw.integers(0, 9, (40, 50)) / 9, np.eye(40, 50, dtype=bool)
    whole = Standing.of(scores, same)
    parts = [Standing.against(whole.right, scores[:, a:b], same[:, a:b]) for a, b in ((0, 7), (7, 31), (31, 50))]
    joined = parts[0].joined(parts[1]).joined(parts[2])
    assert all(np.array_equal(getattr(joined, name), getattr(whole, name)) for name in ("above", "level", "other"))
    assert joined.size == whole.size


def test_a_person_is_in_a_gallery_once() -> None:
    """Two photos of one would be two chances."""
    with pytest.raises(SpecError, match="one photo a person"):
        Standing.of(np.zeros((1, 2)), np.ones((1, 2), bool))


@st.composite
def with_one_photo(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, and who is the same: at most one photo a person."""
    scores, same = draw(cases())
    return scores, same & (np.cumsum(same, 1) == 1)


@given(with_one_photo())
def test_a_place_lies_between_what_equal_scores_allow(case: tuple[np.ndarray, np.ndarray]) -> None:
    """Behind all others that are more alike, and before all that are less; each place between is as likely."""
    scores, same = case
    known = np.where(np.isnan(scores), -np.inf, scores)
    standing = Standing.of(scores, same)
    found = chances(standing, scores.shape[1])
    assert np.array_equal(standing.mated, same.any(1))
    for row in np.flatnonzero(same.any(1)):
        right, others = known[row][same[row]].max(), known[row][~same[row]]
        places = range((others > right).sum() + 1, (others >= right).sum() + 2)
        wanted = [np.mean([place <= k for place in places]) for k in range(1, found.shape[1] + 1)]
        assert found[row] == pytest.approx(wanted, abs=1e-9)


@given(with_one_photo(), st.sampled_from([0.1, 0.3, 0.5]))
def test_an_open_set_names_no_more_strangers_than_it_may(case: tuple[np.ndarray, np.ndarray], rate: float) -> None:
    """By definition: at the threshold the rate holds, and TPIR is the share that is named rightly."""
    scores, same = case
    tpir, threshold = open_set(Standing.of(scores, same), rate)
    known = np.where(np.isnan(scores), float(np.finfo(np.float32).min), scores)
    other = np.where(same, -np.inf, known).max(1)
    if not same.any():
        assert np.isnan(tpir)
        return
    assert (other >= threshold).mean() <= rate
    right = np.where(same, known, -np.inf).max(1)
    assert tpir == pytest.approx(((right >= threshold) & (right > other))[same.any(1)].mean())


def test_a_rate_that_is_none_is_refused() -> None:
    """0 and 1 ask for no threshold."""
    with pytest.raises(SpecError):
        open_set(Standing.of(np.eye(2), np.eye(2, dtype=bool)), 0.0)
