"""Run hostile inputs and tell how they ended; see the package."""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from anonymizer_udfs.spec import MEBIBYTE, Limits, WorkerSpec
from tests.hostile.base import Hostile
from tests.hostile.corpus import inputs
from tests.hostile.judging import end_of, judged, quoted
from tests.hostile.lane import Lane
from tests.support import specs

LIMITS = Limits(max_pixels=4_000_000, max_bytes=16 * MEBIBYTE, batch_bytes=1, worker_bytes=768 * MEBIBYTE)
"""Small, so that what passes them is seen soon; a batch of one row, so that each is seen as it comes.

The time is the one that ships: a busy machine is no endless loop.
"""
CHUNK = 100
SHARE = 5
"""So many chunks of inputs are a lane's work at a time."""


@dataclass
class Told:
    """What a run, or a part of one, came to.

    Attributes:
        tried: inputs by group.
        ended: how they ended, by group and end.
        faults: what may never happen, each with the name of its input.
        restarts: how workers ended that were replaced.
        peak_bytes: the most resident memory of a worker that lived.
        children_bytes: the most of a child that isolates images.
    """

    tried: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    restarts: Counter[str] = field(default_factory=Counter)
    peak_bytes: int = 0
    children_bytes: int = 0

    def add(self, other: "Told") -> None:
        """Take in what another part came to."""
        self.tried += other.tried
        self.ended += other.ended
        self.faults += other.faults
        self.restarts += other.restarts
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)
        self.children_bytes = max(self.children_bytes, other.children_bytes)


def part(count: int, seed: int, start: int, stop: int, keep: Path | None) -> Told:
    """Run some of the inputs, in a process of its own: what damages it, its parent sees."""
    told = Told()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "models").mkdir()
        spec = specs.red_dots(root / "models", limits=LIMITS)
        with Lane(spec, root / "said") as lane:
            for first in range(start, stop, CHUNK):
                mine = list(inputs(count, seed, first, min(first + CHUNK, stop)))
                told.add(chunk(mine, lane, spec, root, keep))
    return told


def chunk(mine: Sequence[Hostile], lane: Lane, spec: WorkerSpec, root: Path, keep: Path | None) -> Told:
    """Run one folder of inputs and judge what came of each."""
    folder, said = root / "inputs", root / "said"
    folder.mkdir()
    names = {f"{number:04}.{one.end}": one for number, one in enumerate(mine)}
    for name, one in names.items():
        (folder / name).write_bytes(one.data)
    seen = lane.run(folder)
    told = Told(peak_bytes=seen.peak_bytes, children_bytes=seen.children_bytes, restarts=Counter(seen.ended))
    where = f"{mine[0].name} to {mine[-1].name}"
    told.faults += [f"{where}: {fault}" for fault in seen.faults]
    for name, one in names.items():
        told.tried[one.group] += 1
        (folder / name).unlink()
        if name in seen.rows:
            row = seen.rows[name]
            told.ended[one.group, end_of(row)] += 1
            faults = [f"{one.name}: {fault}" for fault in judged(one, row, spec.limits.max_pixels)]
            _kept(keep, one, row["content"], faults)
            told.faults += faults
        else:
            told.faults.append(f"{one.name}: no row")
            _kept(keep, one, None, ["no row"])
    folder.rmdir()
    spoken = said.read_bytes() + "\n".join(seen.ended).encode()
    told.faults += [
        f"{where}: source bytes in a log: {run!r}" for run in quoted(spoken, [one.data for one in mine])[:3]
    ]
    said.write_bytes(b"")
    return told


def _kept(keep: Path | None, one: Hostile, content: bytes | None, faults: Sequence[str]) -> None:
    if keep is not None and faults:
        name = "".join(letter if letter.isalnum() else "_" for letter in one.name)[:120]
        (keep / name).write_bytes(one.data)
        if content is not None:
            (keep / f"{name}.out").write_bytes(content)


def _say_nothing() -> None:
    """What decoders print while results are judged is no log of faceveil's."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)


def run(count: int, seed: int, lanes: int, keep: Path | None = None, seconds: float = math.inf) -> Told:
    """Run so many inputs, or what is begun by then; the parent reads none of them."""
    told, size, begun = Told(), CHUNK * SHARE, time.monotonic()
    if count <= size * lanes:
        size = max(1, -(-count // lanes))
    with ProcessPoolExecutor(lanes, initializer=_say_nothing) as pool:
        asked = {pool.submit(part, count, seed, at, min(at + size, count), keep): at for at in range(0, count, size)}
        for future in as_completed(asked):
            if time.monotonic() - begun > seconds:
                pool.shutdown(wait=False, cancel_futures=True)
            if future.cancelled():
                continue
            try:
                one = future.result()
            except BrokenProcessPool:
                one = Told(faults=[f"inputs from {asked[future]}: the process that judges them is gone"])
            except Exception as error:  # noqa: BLE001 - the other parts go on
                one = Told(faults=[f"inputs from {asked[future]}: judging raised {type(error).__name__}: {error}"])
            told.add(one)
            for line in (*one.faults, f"{told.tried.total()} of {count}, {len(told.faults)} faults"):
                sys.stderr.write(line + "\n")
    return told


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 where nothing happened that may not, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="inputs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is random (default: %(default)s)")
    parser.add_argument("--lanes", type=int, default=2, help="workers at a time (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing after so many of them")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that did what none may do")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    chosen = parser.parse_args(argv)
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    told = run(chosen.count, chosen.seed, chosen.lanes, chosen.keep, chosen.minutes * 60)
    seconds = time.monotonic() - begun
    sys.stdout.write(as_json(told, seconds) if chosen.json else as_text(told, seconds))
    return 1 if told.faults else 0


def as_json(told: Told, seconds: float) -> str:
    """Return the figures of a run."""
    ends = {f"{group}: {end}": number for (group, end), number in sorted(told.ended.items())}
    return json.dumps({
        "tried": told.tried.total(), "by_group": dict(told.tried), "ends": ends, "faults": told.faults,
        "restarts": dict(told.restarts), "peak_mib": told.peak_bytes >> 20, "child_mib": told.children_bytes >> 20,
        "cap_mib": LIMITS.worker_bytes >> 20, "seconds": round(seconds, 1),
    }, indent=1) + "\n"  # fmt: skip


def as_text(told: Told, seconds: float) -> str:
    """Return the figures of a run for a person."""
    lines = [f"{told.tried.total()} inputs in {seconds:.0f} s"]
    for group, number in sorted(told.tried.items()):
        ends = ", ".join(
            f"{end} {n}" for (of, end), n in sorted(told.ended.items(), key=lambda x: -x[1]) if of == group
        )
        lines.append(f"  {group} {number}: {ends}")
    lines.append(
        f"workers: {told.restarts.total()} replaced, the largest that lived {told.peak_bytes >> 20} MiB, the largest "
        f"child {told.children_bytes >> 20} MiB, of {LIMITS.worker_bytes >> 20} allowed"
    )
    lines += [f"  replaced {number} times: {how}" for how, number in told.restarts.items()]
    lines += [f"FAULT {fault}" for fault in told.faults] or ["no faults"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
