"""All inputs of a run, in order: the corpus first, then flipped bits, then mutations."""

from collections.abc import Iterator
from functools import cache
from itertools import chain

from tests.hostile import bombs, files, mutating
from tests.hostile.base import Group, Hostile

FLIPS = 10
"""One in so many is a flipped bit: 10,000 of 100,000."""


@cache
def always() -> tuple[Hostile, ...]:
    """Return what every run has: all but the long rows of cut files and of markers; the cuts of the JPEG are in it."""
    makers = (bombs.bombs, files.polyglots, files.extensions, files.moving_in_still_names, files.texts)
    cut = (one for one in files.cuts() if one.end == "jpg")
    return (*chain.from_iterable(make() for make in makers), *cut)


@cache
def rows() -> tuple[Hostile, ...]:
    """Return the rest of the cut files, and the markers; a short run has some of them, evenly spread."""
    return (*(one for one in files.cuts() if one.end != "jpg"), *files.markers())


def inputs(count: int, seed: int, start: int = 0, stop: int | None = None) -> Iterator[Hostile]:
    """Yield inputs ``start`` to ``stop`` of a run of ``count``: each is the same whichever part it is asked for in.

    At most half of a run is corpus, unless what every run has is more.
    """
    first, rest = always(), rows()
    some = max(0, min(len(rest), count // 2 - len(first)))
    step = len(rest) / some if some else 1
    flips = count // FLIPS
    for number in range(start, count if stop is None else min(stop, count)):
        at = number - len(first)
        if at < 0:
            yield first[number]
        elif at < some:
            yield rest[int(at * step)]
        elif at < some + flips:
            yield mutating.flipped(seed, at - some)
        else:
            yield mutating.mutated(seed, at - some - flips)


def size_of(group: Group) -> int:
    """Return how many inputs of a group the whole corpus has."""
    return sum(one.group is group for one in (*always(), *rows()))
