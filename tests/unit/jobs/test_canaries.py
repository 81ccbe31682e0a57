"""What canaries say in figures, who is laid in next, and what is refused before anything is made."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from anonymizer_udfs.canaries.alike import UNLIKE
from anonymizer_udfs.canaries.judging import Verdict
from anonymizer_udfs.evidence.figure import Figure
from conf.settings import Settings
from jobs.canaries import Asked, Clear, Label, Planted, _single
from jobs.canaryfigures import Faces, figures, missed_of
from jobs.canaryhosts import _Queue
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.options import Common
from jobs.placed import Placed
from jobs.vault import KeySource


def verdict(height: float = 40.0, how: Verdict = Verdict.HIDDEN, person: int = 0) -> dict[str, Any]:
    """Return a row of verdicts."""
    sure = None if how is Verdict.UNCOVERED else 0.9
    return {"height_px": height, "verdict": how.value, "person": f"p{person}", "confidence": sure}


def truth(height: float = 40.0, drawn: float = 40.0) -> dict[str, Any]:
    """Return a row of truth, as far as figures need it."""
    return {"height_px": height, "drawn_px": drawn, "seam": 5.0}


def by_name(made: tuple[Figure, ...], name: str, size: str | None = None) -> Figure:
    """Return the one figure of a name and a size."""
    (one,) = [one for one in made if one.name == name and one.of("size") == size]
    return one


def test_without_a_canary_all_may_be_missed() -> None:
    """Missing evidence fails: the bound is 1, not 0."""
    made = figures([], [], Faces([], []), 0, 0.95)
    missed = by_name(made, "missed")
    assert (missed.value, missed.low, missed.high, missed.cases) == (None, 0.0, 1.0, 0)


def test_2995_without_one_certify_a_thousandth() -> None:
    """And one fewer does not."""
    rows = [verdict(person=i) for i in range(2995)]
    enough, few = missed_of(rows, 0.95), missed_of(rows[:-1], 0.95)
    assert (enough.value, enough.cases, enough.people, enough.of("kind")) == (0.0, 2995, 2995, "face")
    assert enough.high is not None
    assert few.high is not None
    assert enough.high <= 0.001 < few.high


def test_held_back_counts_as_caught_and_is_told() -> None:
    """What was not seen but lies in an image that no release takes is safe; how often that was so is a figure."""
    rows = [verdict(how=Verdict.HELD_BACK)] * 3 + [verdict()] * 6 + [verdict(how=Verdict.ABSENT)]
    made = figures(rows, [truth()] * 10, Faces([], []), 0, 0.95)
    assert by_name(made, "missed").value == 0.1
    assert by_name(made, "held_back").value == 0.3


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_share_of_leaks_is_within_its_interval(seed: int) -> None:
    """One in ten faces is left clear: value, low and high say so, for all and for each size."""
    rng = np.random.default_rng(seed)
    left = rng.random(2000) < 0.1
    rows = [
        verdict(float(rng.uniform(20, 200)), Verdict.UNCOVERED if one else Verdict.HIDDEN, i)
        for i, one in enumerate(left)
    ]
    made = figures(rows, [truth()] * 2000, Faces([], []), 0, 0.999)
    sizes = [one.of("size") for one in made if one.name == "missed"]
    assert sizes == [None, "20-31", "32-63", "64-127", "128+"]
    assert sum(one.cases for one in made if one.name == "missed") == 4000
    for size in sizes:
        one = by_name(made, "missed", size)
        assert one.low is not None
        assert one.high is not None
        assert one.low <= 0.1 <= one.high


def test_blindness_to_small_faces_shows_in_its_class() -> None:
    """A job that misses all below 32 pixels: the figure of that class says 1, the others 0."""
    rows = [verdict(25, Verdict.UNCOVERED)] * 20 + [verdict(50)] * 180
    made = figures(rows, [truth()] * 200, Faces([], []), 0, 0.95)
    assert [by_name(made, "missed", size).value for size in (None, "20-31", "32-63")] == [0.1, 1.0, 0.0]


def test_sizes_that_had_to_become_smaller_are_told() -> None:
    """Drawn at 100, laid in at 30: a statistic of 1; all as drawn: 0."""
    shrunk = figures([verdict()] * 50, [truth(30, 100)] * 50, Faces([], []), 0, 0.95)
    same = figures([verdict()] * 50, [truth()] * 50, Faces([], []), 0, 0.95)
    assert (by_name(shrunk, "size_ks").value, by_name(same, "size_ks").value) == (1.0, 0.0)


def heads(*counts: int) -> list[dict[str, Any]]:
    """Return heads of people who have so many each."""
    places = {"box": [0.0] * 4, "landmarks": None, "detector": None}
    return [
        {"person": f"p{i}", "photo_id": f"p{i}-{j}", **places} for i, count in enumerate(counts) for j in range(count)
    ]


def test_everybody_comes_before_anybody_comes_again() -> None:
    """People are laid in as often as each other, their photos in turn."""
    queue = _Queue(heads(1, 3, 2, 1), np.random.default_rng(0))
    taken = queue.take(12)
    times = Counter(one["person"] for one in taken)
    assert set(times.values()) == {3}
    assert {one["head_id"] for one in taken} == {"p0-0", "p1-0", "p1-1", "p1-2", "p2-0", "p2-1", "p3-0"}


def test_who_found_no_place_comes_first_in_the_next_round() -> None:
    """So that as many people as can be are attacked."""
    queue = _Queue(heads(1, 1, 1, 1), np.random.default_rng(0))
    queue.take(4)
    queue.placed(["p0", "p2"])
    assert {one["person"] for one in queue.take(2)} == {"p1", "p3"}


def test_a_face_in_the_place_of_two_canaries_has_no_label() -> None:
    """Nobody knows whose it is."""
    rows = [Label("f1", "i", "a"), Label("f2", "i", "b"), Label("f2", "i", "c")]
    assert _single(rows) == (rows[0],)


def test_numbers_that_cannot_be_are_refused() -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match="at least 1, got 0"):
        Asked("people", count=0)
    with pytest.raises(UsageError, match=r"confidence must be in \(0, 1\), got 1"):
        Asked("people", confidence=1)


def test_canaries_that_are_unlike_say_by_what() -> None:
    """From the mark on; what could not be compared is no likeness and no difference."""
    said = tuple(
        Figure("canary", name, value)
        for name, value in (("seam_ks", UNLIKE), ("confidence_ks", 0.1), ("size_ks", None), ("missed", 0.9))
    )
    lake = Placed(Lake("nowhere"), Common(Settings(), None, KeySource()))
    assert Planted(said, {}, lake, (), ()).unlike == ("seam_ks",)


def planted(labels: tuple[Label, ...], clear: tuple[str, ...]) -> Planted:
    """Return canaries of whom some have a face that the job found, and some a clear photo."""
    lake = Placed(Lake("nowhere"), Common(Settings(), None, KeySource()))
    photos = tuple(Clear(person, f"{person}.jpg", (0.0, 0.0, 9.0, 9.0), None, None) for person in clear)
    return Planted((), {}, lake, labels, photos)


def test_attackers_look_for_one_canary_of_each_person_who_has_a_clear_photo() -> None:
    """The one with the smallest id; a person without a canary is in the gallery, and one without a photo is nobody."""
    labels = (Label("i3-0000", "i3", "a"), Label("i1-0001", "i1", "a"), Label("i2-0000", "i2", "c"))
    faces, photos = planted(labels, ("a", "b")).chosen(10)
    assert [one.face_id for one in faces] == ["i1-0001"]
    assert [one.person for one in photos] == ["a", "b"]
    faces, photos = planted(labels, ("c", "b", "a")).chosen(1)
    assert ([one.person for one in faces], [one.person for one in photos]) == (["a"], ["a"])
    assert planted((), ()).chosen(10) == ((), ())


def test_scores_that_differ_from_the_archives_are_told() -> None:
    """By each recognizer that looked at either; of one that looked at canaries alone there is no statistic."""
    rng = np.random.default_rng(0)
    theirs = {"dlib_resnet": [(40.0, float(score)) for score in rng.normal(0.3, 0.05, 200)]}
    alike = {"dlib_resnet": [(40.0, float(score)) for score in rng.normal(0.3, 0.05, 200)], "arcface": [(40.0, 0.1)]}
    apart = {"dlib_resnet": [(height, score + 0.3) for height, score in alike["dlib_resnet"]]}
    for mine, least, most in ((alike, 0.0, 0.2), (apart, 0.9, 1.0)):
        made = figures([verdict()], [truth()], Faces([], [], theirs), 0, 0.95, mine)
        found = {one.of("recognizer"): one for one in made if one.name == "score_ks"}
        assert least <= (found["dlib_resnet"].value or 0) <= most
        assert set(found) == set(mine)
    assert "score_ks" in Planted(made, {}, planted((), ()).placed, (), ()).unlike
    other = figures([verdict()], [truth()], Faces([], []), 0, 0.95, alike)
    assert all(one.value is None for one in other if one.name == "score_ks")
