"""Strata and shards: whatever is put together has at least k people."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.grouping import shards as sharding
from anonymizer_udfs.grouping.shards import shards
from anonymizer_udfs.grouping.strata import ALL, Stratum, joined, stratum, usual

FRONT = ((26.0, 51.0), (74.0, 51.0), (50.0, 77.0), (30.0, 98.0), (70.0, 98.0))
BOX = (0.0, 0.0, 100.0, 134.0)
strata = st.tuples(st.sampled_from(["front", "left", "right", ALL]), st.sampled_from(["plain", "wide", ALL]))


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        pytest.param(None, (ALL, ALL), id="no-points"),
        pytest.param(FRONT, ("front", "plain"), id="frontal"),
        pytest.param((*FRONT[:3], (29.0, 98.0), (71.0, 98.0)), ("front", "wide"), id="wide-mouth"),
        pytest.param((*FRONT[:2], (64.0, 77.0), *FRONT[3:]), ("right", ALL), id="to-the-right"),
        pytest.param((*FRONT[:2], (36.0, 77.0), *FRONT[3:]), ("left", ALL), id="to-the-left"),
        pytest.param(((5.0, 5.0),) * 5, ("front", "plain"), id="all-in-one-place"),
    ],
)
def test_a_stratum_is_pose_and_mouth(points: tuple[tuple[float, float], ...] | None, wanted: Stratum) -> None:
    """Of a face to the side the mouth says nothing."""
    assert stratum(BOX, points) == wanted


def test_a_person_is_where_most_of_the_faces_are() -> None:
    """A tie is broken by name, never by the order of the faces."""
    assert usual([("b", "x"), ("a", "x"), ("b", "x")]) == ("b", "x")
    assert usual([("b", "x"), ("a", "x")]) == usual([("a", "x"), ("b", "x")]) == ("a", "x")


@given(counts=st.dictionaries(strata, st.integers(1, 60)), k=st.integers(2, 50))
def test_every_stratum_that_is_used_has_k_people(counts: dict[Stratum, int], k: int) -> None:
    """If there are so many at all; and those with k keep to themselves unless one of their pose needs them."""
    into = joined(counts, k)
    assert into.keys() == counts.keys()
    sizes: Counter[Stratum] = Counter()
    for one, count in counts.items():
        sizes[into[one]] += count
    if sum(counts.values()) >= k:
        assert min(sizes.values()) >= k
    else:
        assert len(sizes) <= 1
    if all(count >= k for count in counts.values()):
        assert all(one == other for one, other in into.items())


@given(
    counts=st.dictionaries(st.tuples(strata, st.integers(0, 5)), st.integers(1, 40)),
    k=st.integers(2, 60),
    least=st.integers(1, 100),
)
def test_every_shard_has_k_people(counts: dict[tuple[Stratum, int], int], k: int, least: int) -> None:
    """Each stratum and cell is in one shard; where there are too few people all are in one, which forms no group."""
    before, sharding.SHARD_PEOPLE = sharding.SHARD_PEOPLE, least
    try:
        found = shards(counts, [3, 0, 5, 1, 2, 4], k)
    finally:
        sharding.SHARD_PEOPLE = before
    assert found.keys() == counts.keys()
    sizes: Counter[int] = Counter()
    for key, count in counts.items():
        sizes[found[key]] += count
    if sum(counts.values()) >= k:
        assert min(sizes.values()) >= k
    else:
        assert len(sizes) <= 1


def test_a_shard_holds_neighbours() -> None:
    """Cells go together in the order of the line, so that people of a shard are alike."""
    plain = ("front", "plain")
    found = shards({(plain, cell): 1500 for cell in range(4)}, [2, 0, 3, 1], 20)
    assert [found[plain, cell] for cell in (2, 0, 3, 1)] == [0, 0, 1, 1]
