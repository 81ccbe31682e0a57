"""What the panel costs: the same photos through the same partition function, with recognizers at work and without.

A bare loop over all cores, models loaded and workers warm: what the job adds to both is left out, so the share that is
told is rather too high. Without a panel no face gets more than the first method of its chain, so what it costs to treat
a face again because somebody still recognised it counts for the panel.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.throughput import Loop, Work, bare, planned
from jobs.options import Common

POLICIES = ("public", "partner", "internal", "research")
"""Those that ship. Under ``public`` all is masked, and there is nothing that a recognizer could judge."""


def measure(source: Path, common: Common, policies: Sequence[str], rounds: int) -> dict[str, Any]:
    """Return by how much more processor time photos take with each policy's panel: 1.25 is a quarter more.

    Processor time is asked, since it does not depend on what else the machine does; what the clock said is told beside.

    Args:
        source: folder of photos.
        common: settings, with tracking off.
        policies: names or files.
        rounds: how often each is measured, with and without in turn; the median ratio counts.
    """
    found = {Path(one).stem: _measured(source, Work(common, one), rounds) for one in policies}
    return {"dearest": max(one["cpu_with_to_without"] for one in found.values()), "policies": found}


def _measured(source: Path, work: Work, rounds: int) -> dict[str, Any]:
    plan, spec = planned(source, work)
    processes = min(len(os.sched_getaffinity(0)), plan.num_rows)
    loops: dict[str, list[Loop]] = {"with": [], "without": []}
    for number in range(rounds):
        # In turn, and the other way round in the next round: what else the machine does falls on both.
        for name in ("with", "without") if number % 2 == 0 else ("without", "with"):
            loops[name].append(bare(plan, spec if name == "with" else replace(spec, panel=None), processes))
    return {"images": plan.num_rows, "processes": processes, **figures(loops["with"], loops["without"])}


def figures(there: Sequence[Loop], without: Sequence[Loop]) -> dict[str, Any]:
    """Return what loops with a panel and without come to: medians over rounds, of the rounds' own ratios."""
    both = list(zip(there, without, strict=True))
    cpu = [one.cpu_seconds / other.cpu_seconds for one, other in both]
    clock = [other.images_per_second / one.images_per_second for one, other in both]
    return {
        "cpu_ms_an_image_with": round(1000 * median(one.cpu_seconds for one in there), 1),
        "cpu_ms_an_image_without": round(1000 * median(one.cpu_seconds for one in without), 1),
        "cpu_with_to_without": round(median(cpu), 3),
        "cpu_with_to_without_all": [round(one, 3) for one in cpu],
        "clock_with_to_without": round(median(clock), 3),
    }
