"""Two hours or 200,000 images, with random kills of workers and of the driver: nothing lost, memory flat.

``python -m tests.soak.steady`` anonymizes small drawn pictures under ``benchmarks/growth.yaml``. Every 20 to 90 seconds
a Python worker is killed, sometimes all of them, and in the first third of the time now and then the whole run, which
is then started again; after it the run stays, so that a JVM lives long enough to be judged. What is resident is read
every two seconds for each process, as long as images are committed (what a run's end takes is told apart); of those
that lived long enough a line is fitted through the minutes after they warmed up. Flat is: the 95% interval of its slope
holds zero, or what it adds in an hour is less than 2% of what the process has. An interval that holds zero and a tenth
an hour as well tells nothing, and is said to.

A JVM fills the heap that it is allowed before it gives anything back, which says nothing of leaks. Here it takes all of
it at the start, so that what grows is beside the heap; and every two minutes it is told to collect: what is then left
in the heap has a line of its own.
"""

import argparse
import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks import scenes
from benchmarks.watch import kind_of
from jobs.lake import Lake
from tests.support.anonymizing import HELD_BACK, QUIET, key_file
from tests.support.processes import Process
from tests.support.victims import below, command_line, daemons_of, resident_mib

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "benchmarks" / "growth.yaml"
WARM_SECONDS, LEAST_SECONDS, LOOK_SECONDS = 120.0, 480.0, 2.0
FLAT_SHARE_AN_HOUR, UNTOLD_SHARE_AN_HOUR = 0.02, 0.1
_GAVE_UP = "failed 4 times; aborting job"
"""What Spark says where the workers of one task were killed as often as it tries one; the next run goes on."""
DRIVER_SHARE = 0.1
"""Of all kills, while there are any of the whole run; each costs a start of Spark."""
RESTARTS_UNTIL = 1 / 3
"""Of the time; a run is not killed as a whole after it."""
JVM, HEAP = "driver_jvm", "driver_jvm heap"
JVM_WARM_SECONDS, COLLECT_SECONDS = 900.0, 120.0
"""Classes and compiled code grow for the first quarter of an hour."""
JVM_OPTIONS = "-XX:InitialRAMPercentage=100 -XX:MaxHeapFreeRatio=100 -XX:+AlwaysPreTouch"
"""All of the heap from the start (never more than its maximum), and none of it given back."""


@dataclass
class Life:
    """What one process had, as often as it was looked at: seconds, and MiB resident."""

    kind: str
    seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)

    def until(self, end: float) -> "Life":
        """Return what it was before a moment."""
        kept = sum(one <= end for one in self.seconds)
        return Life(self.kind, self.seconds[:kept], self.mib[:kept])

    def by_minute(self) -> list[int]:
        """Return the mean of each minute, in MiB."""
        minutes = ((np.array(self.seconds) - self.seconds[0]) // 60).astype(int)
        return [round(float(np.array(self.mib)[minutes == one].mean())) for one in np.unique(minutes)]

    def slope(self) -> tuple[float, float, float] | None:
        """Return MiB an hour with its 95% interval, by minutes after the warm-up; nothing for a short life."""
        warm = JVM_WARM_SECONDS if self.kind in {JVM, HEAP} else WARM_SECONDS
        if not self.seconds or self.seconds[-1] - self.seconds[0] < warm + LEAST_SECONDS - WARM_SECONDS:
            return None
        since = np.array(self.seconds) - self.seconds[0]
        minutes = (since // 60).astype(int)
        wanted = [minute for minute in range(int(warm // 60), minutes[-1]) if (minutes == minute).any()]
        hours = np.array(wanted) / 60
        means = np.array([np.array(self.mib)[minutes == minute].mean() for minute in wanted])
        if means.std() == 0:  # no line has an error then, and it is as flat as can be
            return 0.0, 0.0, 0.0
        line = stats.linregress(hours, means)
        # Minutes that follow each other are alike: fewer of them are independent (first-order autocorrelation).
        rest = means - (line.intercept + line.slope * hours)
        alike = max(0.0, float(np.corrcoef(rest[1:], rest[:-1])[0, 1])) if rest.std() > 0 else 0.0
        error = float(line.stderr) * math.sqrt((1 + alike) / max(1e-3, 1 - alike))
        reach = float(stats.t.ppf(0.975, max(1, len(wanted) - 2))) * error
        return float(line.slope), float(line.slope) - reach, float(line.slope) + reach

    def flat(self) -> bool | None:
        """Return whether it does not grow; nothing where its life was too short, or too uneven, to tell."""
        found = self.slope()
        if found is None:
            return None
        slope, low, high = found
        if low <= 0 and high > UNTOLD_SHARE_AN_HOUR * float(np.mean(self.mib)):
            return None
        return low <= 0 or slope < FLAT_SHARE_AN_HOUR * float(np.mean(self.mib))


@dataclass
class Soak:
    """One soak.

    Attributes:
        folder: for pictures, lake and log.
        images: in all.
        restarts_until: on the monotonic clock; the whole run is not killed after it.
        deadline: the same; nothing is killed after it, and the run goes on to its end.
        options: further ones of the command.
        seed: of moments and victims.
    """

    folder: Path
    images: int
    restarts_until: float
    deadline: float
    options: Sequence[str]
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    lives: dict[tuple[int, str], Life] = field(default_factory=dict)
    runs: int = 0
    committed: float = 0.0

    def __post_init__(self) -> None:
        """Make the pictures."""
        self._draw = random.Random(self.seed)  # noqa: S311 - moments are to be told again, not to be secret
        self.source = scenes.write_tiny(self.folder / "in", self.images)
        self.lake = self.folder / "lake"
        self._key = key_file(self.folder)
        self._env = {"PYTHONPATH": str(ROOT), "JDK_JAVA_OPTIONS": JVM_OPTIONS}

    def run(self) -> None:
        """Run until all images are done.

        Raises:
            RuntimeError: a run ended with an error.
        """
        while not self._one():
            pass

    def _one(self) -> bool:
        """Run once; return whether it came to its end."""
        places = (str(self.source), str(self.lake), "--policy", str(POLICY), "--key-file", self._key)
        command = [sys.executable, "-m", "jobs.anonymize", *places, *QUIET, *self.options]
        process = Process("anonymize", command, self.folder / f"said-{self.runs}.log", self._env)
        self.runs += 1
        try:
            return self._watched(process)
        finally:
            process.kill()

    def _watched(self, process: Process) -> bool:
        next_kill = time.monotonic() + self._draw.uniform(20, 90)
        next_collection = time.monotonic() + COLLECT_SECONDS
        commits = 0
        while not process.ended:
            self._look(process.pid)
            if (now := len(list((self.lake / "images" / "_delta_log").glob("*.json")))) > commits:
                commits, self.committed = now, time.monotonic()
            if time.monotonic() >= next_collection:
                next_collection += COLLECT_SECONDS
                self._collect(process.pid)
            with contextlib.suppress(TimeoutError):
                process.wait(LOOK_SECONDS)
            now = time.monotonic()
            if next_kill <= now < self.deadline:
                next_kill = now + self._draw.uniform(20, 90)
                if self._kill(process):
                    return False
        if process.code not in {0, HELD_BACK}:
            if _GAVE_UP in process.tail():
                self.kills["a task's last try"] += 1
                return False
            raise RuntimeError(f"a run ended with {process.code}; its log ends with:\n{process.tail()}")
        return True

    def _kill(self, process: Process) -> bool:
        """Kill something of a run; return whether it was all of it."""
        if self._draw.random() < DRIVER_SHARE and time.monotonic() < self.restarts_until:
            self.kills["driver"] += 1
            process.kill()
            return True
        daemons = daemons_of(process.pid)
        children = [one for daemon in daemons for one in below(daemon)]
        every = self._draw.random() < DRIVER_SHARE
        victims = [*daemons, *children] if every else self._draw.sample(children, min(1, len(children)))
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        if victims:
            self.kills["all workers" if every else "worker"] += 1
        return False

    def _look(self, pid: int) -> None:
        """Note what each process of a run has now."""
        now = time.monotonic()
        for one in (pid, *below(pid)):
            mib = resident_mib(one)
            if mib is not None:
                # What begins as a shell script may be a JVM soon: two lives.
                self._note(one, kind_of(tuple(command_line(one).split())), now, mib)

    def _collect(self, pid: int) -> None:
        """Note what is left in the heap of a run's JVM once it has collected what is not."""
        for one in below(pid):
            if kind_of(tuple(command_line(one).split())) == JVM:
                used = heap_mib(one)
                if used is not None:
                    self._note(one, HEAP, time.monotonic(), used)

    def _note(self, pid: int, kind: str, now: float, mib: float) -> None:
        life = self.lives.setdefault((pid, kind), Life(kind))
        life.seconds.append(now)
        life.mib.append(mib)

    def told(self, seconds: float) -> dict[str, object]:
        """Return the figures, when all is done."""
        rows = Lake(str(self.lake)).tables.query(
            "SELECT status, reason, COUNT(*) AS n, COUNT(DISTINCT image_id) AS ids FROM images GROUP BY status, reason"
        )
        found = rows.to_pylist()
        total, ids = sum(row["n"] for row in found), sum(row["ids"] for row in found)
        steady = [life.until(self.committed) for life in self.lives.values()]
        lives = [(life, life.slope()) for life in steady]
        long = [(life, slope) for life, slope in lives if slope is not None]
        told = [life.flat() for life, _ in long]
        return {
            "images": self.images,
            "rows": total,
            "lost": self.images - ids,
            "twice": total - ids,
            "quarantined": sum(row["n"] for row in found if row["status"] == "quarantined"),
            "seconds": round(seconds),
            "kills": dict(self.kills),
            "runs": self.runs,
            "ledger_events": Lake(str(self.lake)).ledger.verify(),
            "memory": [
                {
                    "process": life.kind,
                    "minutes": round((life.seconds[-1] - life.seconds[0]) / 60, 1),
                    "mean_mib": round(float(np.mean(life.mib))),
                    "mib_an_hour": [round(one, 1) for one in slope],
                    "flat": life.flat(),
                    "by_minute": life.by_minute(),
                }
                for life, slope in long
            ],
            "flat": False if False in told else None if None in told or not told else True,
            "most_mib_at_the_end": self._most_after(),
            "seed": self.seed,
        }

    def _most_after(self) -> dict[str, int]:
        """Return the most that a process of each kind had after the last commit, when a run seals what it did."""
        found: dict[str, int] = {}
        for life in self.lives.values():
            after = [mib for at, mib in zip(life.seconds, life.mib, strict=True) if at > self.committed]
            found[life.kind] = max(found.get(life.kind, 0), round(max(after, default=0)))
        return {kind: most for kind, most in found.items() if most}


def heap_mib(pid: int) -> float | None:
    """Return what is left in a JVM's heap after a full collection, in MiB; nothing once it is gone."""
    try:
        subprocess.run(["jcmd", str(pid), "GC.run"], capture_output=True, check=True, timeout=60)
        said = subprocess.run(["jstat", "-gc", str(pid)], capture_output=True, check=True, text=True, timeout=60).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    names, values = (line.split() for line in said.splitlines()[:2])
    used = dict(zip(names, values, strict=True))
    return sum(float(used[name]) for name in ("S0U", "S1U", "EU", "OU")) / 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Soak, print; return 0 if nothing was lost, nothing is there twice, and memory is flat."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.steady", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120, metavar="N", help="of kills (default: %(default)s)")
    parser.add_argument("--images", type=int, default=200_000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    args, more = parser.parse_known_args(argv)
    clock = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faceveil-soak-") as folder:
        ends = [clock + 60 * args.minutes * share for share in (RESTARTS_UNTIL, 1)]
        soak = Soak(Path(folder), args.images, *ends, more, args.seed)
        soak.run()
        told = soak.told(time.monotonic() - clock)
        text = json.dumps(told, indent=1) + "\n"
        sys.stdout.write(text)  # before the folder goes, which takes minutes
        if args.out is not None:
            args.out.write_text(text, encoding="utf-8")
    return int(bool(told["lost"] or told["twice"] or told["quarantined"] or told["flat"] is False))


if __name__ == "__main__":
    sys.exit(main())
