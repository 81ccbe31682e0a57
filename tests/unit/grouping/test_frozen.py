"""Groups are frozen: nobody changes his group, and nobody is in two."""

from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.grouping.frozen import settle

FACES = [f"f{i}" for i in range(12)]


def test_nobody_is_new_to_nobody() -> None:
    """No faces, no people."""
    assert settle({}, {"f0": "g"}).new == frozenset()


def test_a_new_face_of_a_known_person_joins_the_person() -> None:
    """It gets the surrogate that the person's other faces have."""
    assert settle({"f0": 1, "f1": 1}, {"f0": "g"}).kept == {"f0": "g", "f1": "g"}


def test_a_person_between_two_groups_gets_none() -> None:
    """Faces that were put into two groups earlier are found to be of one person now: neither group is kept."""
    found = settle({"f0": 1, "f1": 1, "f2": 1, "f3": 2}, {"f0": "g", "f1": "h"})
    assert (found.kept, found.torn, found.new) == ({}, frozenset({1}), frozenset({2}))


@given(
    people=st.dictionaries(st.sampled_from(FACES), st.integers(0, 5)),
    groups=st.dictionaries(st.sampled_from(FACES), st.sampled_from(["g", "h", "i"])),
)
def test_nobody_ends_in_two_groups(people: dict[str, int], groups: dict[str, str]) -> None:
    """Everybody is kept, new or torn; who is kept has one group, that of a face from before."""
    found = settle(people, groups)
    numbers = set(people.values())
    kept = {people[face] for face in found.kept}
    assert kept | found.new | found.torn == numbers
    assert len(kept) + len(found.new) + len(found.torn) == len(numbers)
    for number in kept:
        mine = {found.kept[face] for face in people if people[face] == number}
        assert len(mine) == 1
        assert mine == {groups[face] for face in people if people[face] == number and face in groups}
    assert all(face not in groups for face, number in people.items() if number in found.new)
