"""Stages that overlap: the same items in the same order, one made ahead, errors in their place, no thread left."""

import threading
from collections.abc import Iterator

import pytest

from anonymizer_udfs import stages

WAIT_SECONDS = 20.0


def threads() -> list[threading.Thread]:
    """Return the threads of stages that run."""
    return [one for one in threading.enumerate() if one.name == "stage"]


def test_items_come_in_order() -> None:
    """All of them; an item that is false or none is one too."""
    assert list(stages.ahead([3, 0, None, 2])) == [3, 0, None, 2]
    assert list(stages.ahead(())) == []


def test_the_next_item_is_made_while_one_is_worked_on() -> None:
    """The second is begun before the first is given back, and the third is not begun before the second is taken."""
    begun = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for i, event in enumerate(begun):
            event.set()
            yield i

    coming = stages.ahead(items())
    assert next(coming) == 0
    assert begun[1].wait(WAIT_SECONDS)
    assert not begun[2].wait(0.2)
    assert list(coming) == [1, 2]


def test_an_error_comes_in_its_place() -> None:
    """After the items before it, as itself."""

    def items() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    coming = stages.ahead(items())
    assert next(coming) == 1
    with pytest.raises(KeyError, match="two"):
        next(coming)
    assert not threads()


def test_whoever_stops_early_leaves_no_thread() -> None:
    """The source is closed, in the thread that made its items, before ``close`` is back."""
    closed: list[str] = []

    def items() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(threading.current_thread().name)

    coming = stages.ahead(items())
    assert next(coming) == 0
    coming.close()
    assert closed == ["stage"]
    assert not threads()


@pytest.mark.parametrize("overlapping", [False, True])
def test_stages_are_done_in_order_on_each(overlapping: bool) -> None:
    """Each item has gone through all of them; with threads no two stages are in one thread."""
    where: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}

    def stage(name: str, item: list[str]) -> None:
        item.append(name)
        where[name].add(threading.get_ident())

    work = [lambda item, name=name: stage(name, item) for name in where]
    with stages.staged(([str(i)] for i in range(5)), work, overlapping=overlapping) as done:
        assert list(done) == [[str(i), "a", "b", "c"] for i in range(5)]
    assert len(set.union(*where.values())) == (3 if overlapping else 1)
    assert not threads()


def test_stages_overlap() -> None:
    """One stage waits for what another does on a later item: without threads that would never come."""
    later = threading.Event()

    def first(item: int) -> None:
        if item == 1:
            later.set()

    def second(item: int) -> None:
        if item == 0:
            assert later.wait(WAIT_SECONDS)

    with stages.staged(range(2), [first, second], overlapping=True) as done:
        assert list(done) == [0, 1]


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_stage_that_fails_stops_all(broken: int) -> None:
    """The items before it are given, the error is raised, and every thread is gone."""

    def fail(item: int) -> None:
        if item == 3:
            raise ValueError("three")

    work = [fail if i == broken else id for i in range(3)]
    given: list[int] = []
    with pytest.raises(ValueError, match="three"), stages.staged(range(100), work, overlapping=True) as done:
        given.extend(done)
    assert given == [0, 1, 2]
    assert not threads()
