"""One worker at a time, with a watch over it from outside: what it says, how long it is silent, how large it grows."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Self

from anonymizer_udfs.spec import WorkerSpec
from tests.hostile.worker import Answer, Done, Failed, Order
from tests.support import specs

ROOT = Path(__file__).resolve().parents[2]
_WORKER = (
    "import sys; from multiprocessing.connection import Connection; from tests.hostile.worker import serve; "
    "serve(Connection(int(sys.argv[1])))"
)
START_SECONDS = 300.0
"""For imports and models on a busy machine."""


@dataclass
class Seen:
    """What came of one folder of inputs.

    Attributes:
        rows: by file name.
        faults: what may never happen.
        ended: how workers ended on their first try, for inputs that took too much.
        peak_bytes: the most resident memory of a worker that lived.
        children_bytes: the most of a child process that isolates images.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    peak_bytes: int = 0
    children_bytes: int = 0


class Worker:
    """A process of ``tests.hostile.worker``; its standard output and error are in ``said``."""

    def __init__(self, spec: WorkerSpec, said: Path) -> None:
        self._pipe, theirs = Pipe()
        with theirs, said.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=ROOT,
            )
        self._pipe.send(spec)

    def answers(self, order: Order, seconds: float) -> Iterator[Answer]:
        """Yield what it says of a plan.

        Raises:
            EOFError: it is gone.
            TimeoutError: it said nothing for so long.
        """
        try:
            self._pipe.send(order)
            while True:
                if not self._pipe.poll(seconds):
                    raise TimeoutError
                answer: Answer = self._pipe.recv()
                yield answer
                if isinstance(answer, Done | Failed):
                    return
        except (ConnectionError, BrokenPipeError):
            raise EOFError from None

    def peak_bytes(self) -> int:
        """Return the most resident memory that it ever had; 0 where it is gone."""
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{self._process.pid}/status").read_text("utf-8").splitlines()
            return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        return 0

    def end(self) -> int:
        """End it, and return its exit status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._pipe.close()
            self._process.wait(5)
        self._process.kill()
        return self._process.wait()


class Lane:
    """Runs folders of inputs, one after the other, in a worker that is replaced when it is gone."""

    def __init__(self, spec: WorkerSpec, said: Path) -> None:
        self._spec, self._said = spec, said
        self._worker: Worker | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the worker."""
        self._end()

    def run(self, folder: Path) -> Seen:
        """Return what came of the files of a folder: as a task with one further try."""
        plan, seen = specs.planned(folder, self._spec.key), Seen()
        names = [uri.rpartition("/")[2] for uri in plan["uri"].to_pylist()]
        ids = plan["image_id"].to_pylist()
        for again in (False, True):
            rows = self._tried(Order(plan.to_batches(), again=again), seen)
            if rows is not None:
                if [row["image_id"] for row in rows] != ids:
                    seen.faults.append(f"{len(ids)} images in, {len(rows)} rows out, or in another order")
                by_id = {row["image_id"]: row for row in rows}
                seen.rows = {name: by_id[i] for name, i in zip(names, ids, strict=True) if i in by_id}
                return seen
        seen.faults.append("the further try failed as well: " + "; ".join(seen.ended))
        return seen

    def _tried(self, order: Order, seen: Seen) -> list[dict[str, Any]] | None:
        """Return the rows, or none where the try failed."""
        self._worker = worker = self._worker or Worker(self._spec, self._said)
        limits, rows = self._spec.limits, list[dict[str, Any]]()
        # A child is given as long, twice, and has to start first.
        longest = limits.seconds(limits.max_pixels) * (2 if order.again else 1) + START_SECONDS
        try:
            for answer in worker.answers(order, longest):
                seen.peak_bytes = max(seen.peak_bytes, worker.peak_bytes())
                if isinstance(answer, Done):
                    seen.children_bytes = max(seen.children_bytes, answer.children_bytes)
                elif isinstance(answer, Failed):
                    seen.ended.append(answer.text)
                    return None
                else:
                    rows.append(answer)
        except EOFError:
            seen.ended.append(f"exit status {self._end()}")
            return None
        except TimeoutError:
            seen.faults.append(f"silent for {longest:.0f} s")
            self._end()
            return None
        if seen.peak_bytes > limits.worker_bytes:
            seen.faults.append(f"a worker that lived had {seen.peak_bytes >> 20} MiB")
        return rows

    def _end(self) -> int:
        worker, self._worker = self._worker, None
        return worker.end() if worker else 0
