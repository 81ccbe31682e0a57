"""What a plan costs: seconds an image over those of one pass of CenterFace at 640, measured interleaved, one thread.

Reading the file is left out on both sides: with it every ratio would be nearer to 1.
"""

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.recalls.finders import Ours, seen

ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """Ratios to the yardstick, by finder.

    Attributes:
        ratios: ``median`` of the ratio of each picture; ``mean``, of all seconds; ``median_seconds``.
        groups: the median for each group of pictures.
        pictures: how many were looked at, in each group.
    """

    ratios: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, Mapping[str, float]]
    pictures: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many pictures were looked at."""
        return sum(self.pictures.values())


def measure(yardstick: Ours, finders: Sequence[Ours], files: Sequence[tuple[str, bytes]], rounds: int = ROUNDS) -> Cost:
    """Return the cost of each finder.

    Each picture is shown to all finders in turn, ``rounds`` times, and the least time of each counts: what else runs on
    the machine makes times longer, never shorter. A round before them is not counted, since it makes the sessions.

    Args:
        yardstick: one pass at 640.
        finders: the plans.
        files: the mix, each picture with the name of its group.
        rounds: at least 1.

    Raises:
        ValueError: there is no picture, or no round.
    """
    if not files or rounds < 1:
        raise ValueError(f"cost needs at least one picture and one round, got {len(files)} and {rounds}")
    everybody = {one.name: one for one in (yardstick, *finders)}
    spent: dict[str, list[float]] = {name: [] for name in everybody}
    first = seen(files[0][1])
    for one in everybody.values():
        one.look(first)
    for _, data in files:
        rgb = seen(data)
        best = dict.fromkeys(everybody, float("inf"))
        for _ in range(rounds):
            for name, one in everybody.items():
                start = time.perf_counter()
                one.look(rgb)
                best[name] = min(best[name], time.perf_counter() - start)
        for name, seconds in best.items():
            spent[name].append(seconds)
    return _told(spent, spent[yardstick.name], [group for group, _ in files])


def _told(spent: Mapping[str, Sequence[float]], base: Sequence[float], groups: Sequence[str]) -> Cost:
    ratios = {name: [ours / one for ours, one in zip(mine, base, strict=True)] for name, mine in spent.items()}
    whole = {
        name: {
            "median": statistics.median(ratios[name]),
            "mean": sum(mine) / sum(base),
            "median_seconds": statistics.median(mine),
        }
        for name, mine in spent.items()
    }
    by_group = {
        name: {one: statistics.median(v for v, g in zip(mine, groups, strict=True) if g == one) for one in set(groups)}
        for name, mine in ratios.items()
    }
    return Cost(whole, by_group, dict(Counter(groups)))
