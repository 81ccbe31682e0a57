"""Kill runs at random moments, go on each time, and compare the table with one that was made in one go.

``python -m tests.soak.kills`` ends a run 30 times: the whole of it, its driver alone, or its workers, each after a
time drawn between nothing and what an undisturbed run takes. Whenever a lake is whole it is compared, and the next
kills fall on a new one.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.anonymizing import HELD_BACK, ONE_LOOK, QUIET, comparable, key_file
from tests.support.pictures import place, portrait, write
from tests.support.processes import Process
from tests.support.victims import workers_of

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 900
SMALL = ("--set", "batches.task_images=4", "--set", "batches.images=10")
WHOLE, DRIVER, WORKERS = "whole run", "driver alone", "workers"


@dataclass
class Told:
    """What was done.

    Attributes:
        kills: by what was ended.
        after: where in a run it was ended, in shares of an undisturbed one.
        lakes: how many were made whole and compared.
        differ: how many of them were not what an undisturbed run makes.
    """

    kills: Counter[str] = field(default_factory=Counter)
    after: list[float] = field(default_factory=list)
    lakes: int = 0
    differ: int = 0


class Runs:
    """The same run over and over.

    Args:
        folder: for photos, lakes and logs.
        images: half of them portraits.
        options: further ones of the command.
    """

    def __init__(self, folder: Path, images: int, options: Sequence[str]) -> None:
        made = {f"{n}.png": portrait(n) if n % 2 else place(n) for n in range(images)}
        self.folder, self.source = folder, write(folder / "photos", made)
        self.options = (*SMALL, *QUIET, "--policy", str(ONE_LOOK), "--key-file", key_file(folder), *options)

    def start(self, lake: Path) -> Process:
        """Start the command on a lake."""
        command = [sys.executable, "-m", "jobs.anonymize", str(self.source), str(lake), *self.options]
        return Process("anonymize", command, self.folder / "said.log", {"PYTHONPATH": str(ROOT)})

    def finish(self, process: Process) -> float:
        """Wait for a run's end; return the seconds.

        Raises:
            RuntimeError: it ended with an error.
        """
        clock = time.monotonic()
        process.wait(RUN_SECONDS)
        if process.code not in {0, HELD_BACK}:
            raise RuntimeError(f"a run ended with {process.code}; its log ends with:\n{process.tail()}")
        return time.monotonic() - clock


def end(process: Process, what: str) -> None:
    """End a run, or a part of it, at once."""
    if what == WHOLE:
        process.kill()
    elif what == DRIVER:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(RUN_SECONDS)
    else:
        for worker in workers_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


class Soak:
    """Kills runs until it has killed enough.

    Args:
        runs: what is run.
        kills: how often.
        seed: of moments and victims.
    """

    def __init__(self, runs: Runs, kills: int, seed: int) -> None:
        self._runs, self._kills, self.told = runs, kills, Told()
        self._draw = random.Random(seed)  # noqa: S311 - moments are to be told again, not to be secret

    def run(self) -> Told:
        """Kill, go on, compare; return what was done."""
        whole = self._runs.folder / "undisturbed"
        seconds = self._runs.finish(self._runs.start(whole))
        wanted = comparable(whole)
        while self._left():
            lake = self._runs.folder / f"lake-{self.told.lakes}"
            while not self._one(lake, seconds):
                pass
            self.told.lakes += 1
            if comparable(lake) != wanted:
                self.told.differ += 1
                sys.stderr.write(f"{lake} is not what an undisturbed run makes\n")
        return self.told

    def _left(self) -> bool:
        return sum(self.told.kills.values()) < self._kills

    def _one(self, lake: Path, seconds: float) -> bool:
        """Run once, and kill it on the way; return whether it came to its end."""
        process = self._runs.start(lake)
        try:
            wait = self._draw.uniform(0, seconds)
            with contextlib.suppress(TimeoutError):
                process.wait(wait)
            what = self._draw.choice((WHOLE, WHOLE, DRIVER, WORKERS))
            nobody = what == WORKERS and not workers_of(process.pid)
            if not (process.ended or nobody) and self._left():
                end(process, what)
                self.told.kills[what] += 1
                self.told.after.append(wait / seconds)
                sys.stderr.write(f"kill {sum(self.told.kills.values())}: {what} after {wait:.1f} s\n")
                if what != WORKERS:
                    return False
            self._runs.finish(process)
            return True
        finally:
            # A JVM whose driver was killed may commit what it works on while the next run begins: give it the chance.
            if process.ended and self._draw.random() < 1 / 2:
                process.kill()


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, compare, print; return 0 if every lake was what it had to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--images", type=int, default=60, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    args, more = parser.parse_known_args(argv)
    with tempfile.TemporaryDirectory(prefix="faceveil-kills-") as folder:
        told = Soak(Runs(Path(folder), args.images, more), args.kills, args.seed).run()
    thirds = Counter(min(2, int(3 * one)) for one in told.after)
    said = {
        "kills": dict(told.kills),
        "in_first_middle_last_third": [thirds[n] for n in range(3)],
        "lakes": told.lakes,
        "lakes_that_differ": told.differ,
        "images": args.images,
        "seed": args.seed,
    }
    sys.stdout.write(json.dumps(said, indent=1) + "\n")
    if args.out is not None:
        args.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return int(told.differ > 0)


if __name__ == "__main__":
    sys.exit(main())
