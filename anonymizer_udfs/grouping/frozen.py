"""Groups are frozen: who is in one stays, new people form new ones, and nobody is ever in two."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settled:
    """What the groups that there are mean for the faces of today.

    Attributes:
        kept: face to its group, for everybody who was in one before.
        new: the people, by their number, who are in none yet.
        torn: people whose faces lie in two groups or more: none of their faces gets a surrogate, for with either one
            the person would be in two groups.
    """

    kept: dict[str, str]
    new: frozenset[int]
    torn: frozenset[int]


def settle(people: Mapping[str, int], groups: Mapping[str, str]) -> Settled:
    """Return who keeps his group, who is new, and who is torn.

    Args:
        people: face to the number of its person, over all faces of today.
        groups: face to its group, for all faces of earlier days; those that are not there any more count for nobody.

    Examples:
        >>> settle({"a": 1, "b": 1, "c": 2}, {"a": "old"})
        Settled(kept={'a': 'old', 'b': 'old'}, new=frozenset({2}), torn=frozenset())
        >>> settle({"a": 1, "b": 1}, {"a": "old", "b": "other"}).torn
        frozenset({1})
    """
    lie_in: dict[int, set[str]] = {number: set() for number in people.values()}
    for face, number in people.items():
        if face in groups:
            lie_in[number].add(groups[face])
    torn = {number for number, where in lie_in.items() if len(where) > 1}
    kept = {
        face: next(iter(lie_in[number])) for face, number in people.items() if lie_in[number] and number not in torn
    }
    new = {number for number, where in lie_in.items() if not where and number not in torn}
    return Settled(kept, frozenset(new), frozenset(torn))
