"""What a plan costs: seconds an image over those of one pass of CenterFace at 640, measured interleaved, one thread.

Reading the file is left out on both sides: with it every ratio would be nearer to 1.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.recalls.finders import Ours, seen

ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """Ratios to the yardstick, by finder.

    Attributes:
        ratios: ``median``: of the ratio of each picture; ``mean``: of all seconds; ``median_seconds``.
        pictures: how many were looked at.
    """

    ratios: Mapping[str, Mapping[str, float]]
    pictures: int


def measure(yardstick: Ours, finders: Sequence[Ours], files: Sequence[bytes], rounds: int = ROUNDS) -> Cost:
    """Return the cost of each finder.

    Each picture is shown to all finders in turn, ``rounds`` times, and the least time of each counts: what else runs on
    the machine makes times longer, never shorter. A round before them is not counted, since it makes the sessions.

    Args:
        yardstick: one pass at 640.
        finders: the plans.
        files: the mix.
        rounds: at least 1.

    Raises:
        ValueError: there is no picture, or no round.
    """
    if not files or rounds < 1:
        raise ValueError(f"cost needs at least one picture and one round, got {len(files)} and {rounds}")
    everybody = {one.name: one for one in (yardstick, *finders)}
    spent: dict[str, list[float]] = {name: [] for name in everybody}
    first = seen(files[0])
    for one in everybody.values():
        one.look(first)
    for data in files:
        rgb = seen(data)
        best = dict.fromkeys(everybody, float("inf"))
        for _ in range(rounds):
            for name, one in everybody.items():
                start = time.perf_counter()
                one.look(rgb)
                best[name] = min(best[name], time.perf_counter() - start)
        for name, seconds in best.items():
            spent[name].append(seconds)
    base = spent[yardstick.name]
    return Cost({name: _ratios(spent[name], base) for name in everybody}, len(files))


def _ratios(spent: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    return {
        "median": statistics.median(ours / one for ours, one in zip(spent, base, strict=True)),
        "mean": sum(spent) / sum(base),
        "median_seconds": statistics.median(spent),
    }
