"""Run the groups of ``make test``, a few at a time: most of their time one core waits for the other, or for a JVM."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.support import summary

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """A group that ran.

    Attributes:
        group: its name.
        code: how ``make`` ended.
        said: all it printed.
        seconds: how long it took.
    """

    group: str
    code: int
    said: str
    seconds: float


def run(group: str, make: Sequence[str]) -> Ended:
    """Run one group to its end."""
    start = time.monotonic()
    done = subprocess.run(
        [*make, group],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(group, done.returncode, done.stdout.decode(errors="replace"), time.monotonic() - start)


def tell(line: str) -> None:
    """Print at once: the next one may be minutes away."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None, make: Sequence[str] = ("make", "--no-print-directory")) -> int:
    """Run groups and sum up their reports; return 0 where all passed, else 1."""
    parser = argparse.ArgumentParser(description="Run groups of tests, some at a time, each one's output in one piece.")
    parser.add_argument("groups", nargs="+", help="targets of the Makefile; the longest first is the shortest in all")
    parser.add_argument("--lanes", type=int, default=2, help="so many at a time (default: %(default)s)")
    parser.add_argument("--reports", type=Path, default=ROOT / "build" / "reports")
    chosen = parser.parse_args(argv)
    failed = []
    tell(f"--- {', '.join(chosen.groups)}: {chosen.lanes} at a time, each tells when it is done")
    with ThreadPoolExecutor(max(1, chosen.lanes)) as pool:
        for future in as_completed([pool.submit(run, group, make) for group in chosen.groups]):
            ended = future.result()
            tell(f"--- make {ended.group}: {ended.seconds / 60:.1f} minutes\n{ended.said.rstrip()}")
            if ended.code:
                failed.append(ended.group)
    return summary.tell(chosen.reports, failed)


if __name__ == "__main__":
    sys.exit(main())
