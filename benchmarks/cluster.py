"""Standalone Spark clusters of one and of two workers of one core, which the driver shares: the same job on each.

Both clusters are up all the time, the runs alternate. Processor seconds are those of driver and executors together;
what their start costs is measured with a few images, and taken off.
"""

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import command, scenes
from benchmarks.command import ROOT, Done
from benchmarks.watch import Watch
from tests.support import cluster, wheel
from tests.support.cluster import Cluster

QUICK_JVM = "-XX:TieredStopAtLevel=1"
"""The first compiler alone, as the session of one machine has it: the second would not be done when a run is."""
OURS = ("driver_jvm", "driver_python", "executor_jvm", "worker")


@dataclass(frozen=True)
class Run:
    """One run: its steady speed, and the processor seconds of all that it had."""

    images_per_second: float
    cpu_seconds: float


@dataclass(frozen=True)
class Site:
    """A cluster, and what is submitted to it."""

    cluster: Cluster
    wheel: Path
    policy: str
    scratch: Path

    def run(self, source: Path, name: str) -> Run:
        """Run over a folder of photos into a new lake."""
        lake = self.scratch / f"{name}-{len(self.cluster.workers)}"
        options = ["--profile", "cluster", "--policy", self.policy, "--key-file", str(command.key_file(self.scratch))]
        sets = [word for one in command.QUIET for word in ("--set", one)]
        job = [str(ROOT / "jobs" / "anonymize.py"), str(source), str(lake), *options, *sets]
        quick = [f"spark.{who}.extraJavaOptions={QUICK_JVM}" for who in ("driver", "executor")]
        conf = [word for one in quick for word in ("--conf", one)]
        line = [*self.cluster.submit_command(), *conf, "--py-files", str(self.wheel), *job]
        with Watch() as watch:
            done: Done = command.run(line, self.cluster.env, self.scratch)
        return Run(done.images_per_second, sum(watch.cpu().get(kind, 0.0) for kind in OURS))


def measure(scratch: Path, policy: str, few: int, many: int, rounds: int) -> dict[str, Any]:
    """Return speeds and processor seconds an image of both clusters, and their ratios.

    Args:
        scratch: a folder for lakes, logs and the wheel, emptied.
        policy: the name or the file of a policy.
        few: scenes that tell what a start costs.
        many: scenes that are measured.
        rounds: how often each cluster is measured; the median counts.
    """
    problem = cluster.unavailable()
    if problem:
        raise SystemExit(problem)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    small = scenes.write(ROOT / "build" / "bench" / f"scenes-{few}", few)
    large = scenes.write(ROOT / "build" / "bench" / f"scenes-{many}", many)
    built = wheel.build(scratch / "wheel")
    with cluster.running(scratch / "one", 1) as first, cluster.running(scratch / "two", 2) as second:
        sites = [Site(one, built, policy, scratch) for one in (first, second)]
        starts = [site.run(small, "few").cpu_seconds for site in sites]
        pairs = [tuple(site.run(large, f"many-{number}") for site in sites) for number in range(rounds)]
    return {"policy": Path(policy).stem, "images": many} | figures(pairs, (starts[0], starts[1]), many - few)


def figures(pairs: Sequence[tuple[Run, ...]], starts: tuple[float, float], images: int) -> dict[str, Any]:
    """Return what the pairs of runs come to.

    Args:
        pairs: of one worker and of two.
        starts: processor seconds of a run with ``images`` fewer, on each.
        images: what the runs have more than those.
    """
    speeds = [statistics.median(pair[k].images_per_second for pair in pairs) for k in (0, 1)]
    ratio = statistics.median(two.images_per_second / one.images_per_second for one, two in pairs)
    each = [[(pair[k].cpu_seconds - starts[k]) / images for pair in pairs] for k in (0, 1)]
    return {
        "images_per_second": [round(one, 2) for one in speeds],
        "two_to_one": round(ratio, 2),
        "two_to_one_all": [round(two.images_per_second / one.images_per_second, 2) for one, two in pairs],
        "cpu_ms_an_image": [round(1000 * statistics.median(one), 1) for one in each],
        "cpu_two_to_one": round(statistics.median(each[1]) / statistics.median(each[0]), 3),
        "start_cpu_seconds": [round(one, 1) for one in starts],
    }
