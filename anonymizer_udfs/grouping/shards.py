"""What is grouped together at one time: people of one stratum whose cells are neighbours. Runs on the driver."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from anonymizer_udfs.grouping.strata import Stratum, joined

SHARD_PEOPLE = 2000
"""A shard is closed when it has so many people; fewer would put people apart who are alike, more would take longer."""


def shards(counts: Mapping[tuple[Stratum, int], int], line: Sequence[int], k: int) -> dict[tuple[Stratum, int], int]:
    """Return the shard of each stratum and cell, numbered from 0; each has at least k people if there are so many.

    Args:
        counts: people by stratum and cell.
        line: the cells, in an order in which neighbours are alike.
        k: least people of a group.

    Examples:
        >>> shards({(("front", "plain"), 0): 30, (("front", "plain"), 1): 3, (("left", "all"), 1): 40}, [1, 0], 20)
        {(('front', 'plain'), 1): 0, (('front', 'plain'), 0): 0, (('left', 'all'), 1): 1}
    """
    people: Counter[Stratum] = Counter()
    for (stratum, _), count in counts.items():
        people[stratum] += count
    into = joined(people, k)
    place = {cell: i for i, cell in enumerate(line)}
    members: dict[Stratum, list[tuple[Stratum, int]]] = defaultdict(list)
    for one in sorted(counts, key=lambda key: (place[key[1]], key[0])):
        members[into[one[0]]].append(one)
    out: dict[tuple[Stratum, int], int] = {}
    number = 0
    for name in sorted(members):
        for run in _runs(members[name], counts, max(k, SHARD_PEOPLE)):
            out |= dict.fromkeys(run, number)
            number += 1
    return out


def _runs(
    keys: Sequence[tuple[Stratum, int]], counts: Mapping[tuple[Stratum, int], int], least: int
) -> list[list[tuple[Stratum, int]]]:
    """Return the keys in runs of at least ``least`` people each; a rest that is smaller belongs to the last run."""
    out: list[list[tuple[Stratum, int]]] = [[]]
    size = 0
    for key in keys:
        if size >= least:
            out.append([])
            size = 0
        out[-1].append(key)
        size += counts[key]
    if size < least and len(out) > 1:
        rest = out.pop()
        out[-1] += rest
    return out
