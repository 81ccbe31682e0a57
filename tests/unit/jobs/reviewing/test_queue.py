"""The order and the filters of the queue."""

import time
from typing import Any

import pytest

from jobs.reviewing import queue
from jobs.reviewing.deciding import standing
from jobs.reviewing.queue import Filter, Item, item, leak, listing
from tests.support import lakes
from tests.support.decided import decision, numbered


def face(**said: Any) -> dict[str, Any]:
    """Return a region of which nobody knows how much is left."""
    return lakes.face("pixelate") | {"attacks": []} | said


def attack(after: float, step: int = 1) -> dict[str, Any]:
    """Return what a recognizer said."""
    return {"recognizer": "r", "before": 1.0, "after": after, "threshold": 0.5, "matched": False, "step": step}


def test_an_image_without_regions_leaks_nothing() -> None:
    """Nothing was found, nothing was missed that is known."""
    assert leak([]) == 0.0


@pytest.mark.parametrize(
    ("less", "more"),
    [
        pytest.param(face(method="mask"), face(), id="masked-and-unjudged"),
        pytest.param(face(attacks=[attack(0.1)]), face(attacks=[attack(0.4)]), id="unlike-and-like"),
        pytest.param(face(attacks=[attack(0.4)]), face(), id="judged-and-unjudged"),
        pytest.param(
            face(attacks=[attack(0.5), attack(0.1, 2)], steps=2), face(attacks=[attack(0.5)]), id="the-last-step-counts"
        ),
        pytest.param(face(confidence=0.3), face(confidence=0.9), id="hardly-and-surely-a-face"),
        pytest.param(face(method="mask", confidence=0.9), face(method="mask", confidence=0.3), id="nearly-missed"),
        pytest.param(face(method="mask"), face(method="mask", look="second"), id="found-late"),
    ],
)
def test_what_leaks_more_comes_first(less: dict[str, Any], more: dict[str, Any]) -> None:
    """Each part of the order, alone."""
    assert 0 <= leak([less]) < leak([more])


def test_ten_thousand_are_listed_at_once_in_no_time() -> None:
    """The rest is counted; equals are in the order of their ids, so that two pages are alike."""
    items = [Item(f"{n:032x}", float(n % 7), "unsure", "public", "run", 0.5, 1) for n in range(12_000)]
    begun = time.monotonic()
    found = listing(items, Filter())
    assert time.monotonic() - begun < 2
    assert (len(found.items), found.total) == (queue.MOST, 12_000)
    assert [one.image_id for one in found.items[:2]] == [f"{6:032x}", f"{13:032x}"]
    assert listing([], Filter()).items == ()


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], "open"),
        (["keep"], "changed"),
        (["harder"], "changed"),
        (["accept"], "second"),
        (["withhold"], "withheld"),
    ],
)
def test_where_an_image_stands_is_one_word(actions: list[str], expected: str) -> None:
    """By two pairs of eyes."""
    row = lakes.row("a", status="review", reason="unsure", policy="public", faces=[face()])
    said = numbered(*(decision(one, least=1) for one in actions))
    assert item(row, standing(said, 2) if said else None).state == expected
    assert set(queue.STATES) >= {expected}
