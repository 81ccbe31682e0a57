"""What decisions about one image amount to, by one pair of eyes and by two."""

from typing import Any

import pytest

from anonymizer_udfs.decided import NOTHING
from jobs.reviewing.deciding import standing, standings
from tests.support.decided import decision, numbered

OLD, NEW = (1.0, 2.0, 11.0, 12.0), (4.0, 4.0, 40.0, 40.0)


def decided(*some: Any, eyes: int = 1) -> Any:
    """Return what the next run follows."""
    return standing(numbered(*some), eyes).decided


def test_nobody_decided() -> None:
    """Nothing is followed, and nobody is done."""
    assert decided() == NOTHING
    assert not standing([], 1).settled


@pytest.mark.parametrize(
    ("actions", "accepted", "withheld"),
    [
        pytest.param(["accept"], True, False, id="accepted"),
        pytest.param(["withhold"], False, True, id="withheld"),
        pytest.param(["withhold", "accept"], True, False, id="thought-better-of-it"),
        pytest.param(["accept", "withhold"], False, True, id="stopped"),
        pytest.param(["accept", "harder"], False, False, id="changed-after"),
        pytest.param(["harder", "accept"], True, False, id="changed-before"),
        pytest.param(["keep"], False, False, id="only-a-word"),
    ],
)
def test_the_last_word_counts(actions: list[str], accepted: bool, withheld: bool) -> None:
    """Acceptance is of what was decided before it; a change after it asks for it anew."""
    found = decided(*(decision(action, least=1) for action in actions))
    assert (found.accepted, found.withheld) == (accepted, withheld)


def test_what_is_taken_back_never_was() -> None:
    """With its number gone from the rest: an image whose decisions are all undone is made as if nobody had decided."""
    first = decision("withhold")
    undo = decision("undo", undoes=first.decision_id)
    assert decided(first, undo) == NOTHING
    assert decided(first, undo, decision()).upto == 3


def test_regions_are_added_drawn_anew_and_restored() -> None:
    """The last drawing of a region counts; a drawn one that is restored is not there any more."""
    add = decision("add", box=OLD)
    assert decided(add).added == (OLD,)
    again = decided(add, decision("redraw", region=OLD, box=NEW))
    assert (again.added, again.restored) == ((NEW,), (OLD,))
    assert decided(add, decision("restore", region=OLD)).added == ()
    assert decided(decision("restore", region=OLD), decision("add", box=OLD)).added == (OLD,)
    assert decided(decision("harder", least=1), decision("harder", least=2)).least == 2


def test_two_have_to_agree_where_the_policy_asks() -> None:
    """One person twice is one person; what was changed after the first one's word needs two words again."""
    assert decided(decision(), decision(), eyes=2) == NOTHING
    assert decided(decision(), decision(reviewer="ben"), eyes=2).accepted
    later = (decision(), decision("harder", least=1), decision(reviewer="ben"))
    assert not decided(*later, eyes=2).accepted
    assert decided(*later, decision(), eyes=2).accepted
    found = standing(numbered(decision()), 2)
    assert (found.accepted_by, found.settled) == (("anna",), False)


def test_of_two_one_alone_uncovers_nothing_and_lets_nothing_go() -> None:
    """A restoration waits for both, a drawn region does not; a withheld image stays so until it is taken back."""
    both = (decision("restore", region=OLD), decision("add", box=NEW), decision())
    one = decided(*both, eyes=2)
    assert (one.added, one.restored) == ((NEW,), ())
    assert decided(*both, decision(reviewer="ben"), eyes=2).restored == (OLD,)
    stopped = (decision("withhold"), decision(reviewer="ben"), decision(reviewer="cleo"))
    assert decided(*stopped, eyes=2).withheld
    assert not decided(*stopped, eyes=2).accepted
    assert not decided(*stopped, eyes=1).withheld


def test_what_was_seen_under_another_policy_is_not_accepted() -> None:
    """Its word is void, its drawn region is not."""
    old = [
        decision("add", box=OLD),
        decision(policy_digest="old"),
        decision("restore", region=NEW, policy_digest="old"),
    ]
    found = decided(*old, decision("keep"))
    assert (found.accepted, found.restored, found.added) == (False, (), (OLD,))


def test_images_and_their_versions_are_apart() -> None:
    """A replaced source has none of the decisions about the one before."""
    some = [decision(), decision("withhold", content_version="other"), decision("withhold", image_id="b" * 32)]
    found = standings(numbered(*some), lambda _: 1)
    assert len(found) == 3
    assert found["a" * 32, some[0].content_version].decided.accepted
    assert found["a" * 32, "other"].decided.withheld
