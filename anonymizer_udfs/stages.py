"""Stages of a pipeline that overlap: each in a thread of its own, with room for one piece of work between two of them.

Worth it where one stage waits for a device and others for the processor; libraries that decode, infer and encode let
go of Python's lock. Runs on an executor; needs no Spark.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Stage = Callable[[T], object]


@dataclass(frozen=True)
class _Ended:
    """Nothing more comes: all was made, or what went wrong."""

    error: BaseException | None = None


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """Yield items in order; while one is worked on, a thread makes the next one, and waits until that is taken.

    What goes wrong in making an item is raised where the item would have come. When the generator is closed, the thread
    finishes the item at hand and ends, and ``items`` is closed if it can be.
    """
    made: queue.SimpleQueue[T | _Ended] = queue.SimpleQueue()
    room, stopped = threading.Semaphore(1), threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, room, stopped), daemon=True, name="stage")
    thread.start()
    try:
        while not isinstance(one := made.get(), _Ended):
            room.release()
            yield one
        if one.error is not None:
            raise one.error
    finally:
        stopped.set()
        room.release()
        thread.join()


def _make(
    items: Iterable[T], made: "queue.SimpleQueue[T | _Ended]", room: threading.Semaphore, stopped: threading.Event
) -> None:
    """Put items until there is no more, something goes wrong, or nobody wants them: one only after another is taken."""
    source, end = iter(items), _Ended()
    try:
        while room.acquire() and not stopped.is_set():
            try:
                made.put(next(source))
            except StopIteration:
                return
    except BaseException as error:  # noqa: BLE001 - whoever takes the items has to see it, whatever it is
        end = _Ended(error)
    finally:
        if isinstance(source, Generator):
            source.close()
        made.put(end)


@contextmanager
def staged(items: Iterable[T], stages: Iterable[Stage[T]], *, overlapping: bool) -> Iterator[Iterator[T]]:
    """Give the items after all stages were done on each, in order.

    Args:
        items: what is worked on; making one is a stage as well.
        stages: what is done on an item, in order.
        overlapping: whether every stage but the last has a thread: then there are as many items at work as stages,
            that of making them counted. Else one item is at work at a time, in the caller's thread.
    """
    with ExitStack() as threads:
        done = iter(items)
        for stage in stages:
            if overlapping:
                done = threads.enter_context(closing(ahead(done)))
            done = _after(stage, done)
        yield done


def _after(stage: Stage[T], items: Iterator[T]) -> Iterator[T]:
    for item in items:
        stage(item)
        yield item
