"""The job against the same work in a bare loop with as many processes as cores, and the memory that it takes.

Both read the same files through the same partition function with the same spec; the loop writes nothing, the job
writes its Delta table. Models are loaded and workers are warm in both.
"""

import multiprocessing
import os
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.pipeline import anonymize_partition
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.spec import WorkerSpec
from jobs import run
from jobs.context import treatment
from jobs.options import Common

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Work:
    """What is measured: settings, and the name or the file of a policy."""

    common: Common
    policy: str = "public"


def request(source: Path, lake: Path, work: Work, limit: int | None = None) -> run.Request:
    """Return what ``faceveil anonymize SOURCE LAKE --policy POLICY`` asks for."""
    spec = SourceSpec(str(source), storage=work.common.storage)
    return run.Request(work.common, spec, str(lake), treatment(work.policy, work.common.settings), limit)


def bare(plan: pa.Table, spec: WorkerSpec, processes: int) -> float:
    """Return the images per second of a bare loop, each process on its share, from a common start when all are warm."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(processes + 1), context.Barrier(processes + 1)
    shares = [plan.slice(i * plan.num_rows // processes, plan.num_rows // processes) for i in range(processes)]
    workers = [context.Process(target=_work, args=(share, spec, ready, done)) for share in shares]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    done.wait()
    spent = time.perf_counter() - start
    for worker in workers:
        worker.join()
    return sum(share.num_rows for share in shares) / spent


def _work(share: pa.Table, spec: WorkerSpec, ready: Any, done: Any) -> None:
    for _ in anonymize_partition(share.slice(0, 4).to_batches(), spec):
        pass
    ready.wait()
    for _ in anonymize_partition(share.to_batches(), spec):
        pass
    done.wait()


@contextmanager
def peaks(out: dict[str, float]) -> Iterator[None]:
    """Fill ``out`` with the peak memory, in MiB, of this process, its JVM and its largest Python worker."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.25):
            for kind, peak in _children().items():
                out[kind] = max(out.get(kind, 0.0), peak)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _children() -> dict[str, float]:
    found: dict[str, float] = {}
    for pid in _descendants(os.getpid()):
        try:
            words = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").split()
            name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if "VmHWM:" not in words:
            continue
        kind = "driver_jvm" if b"java" in name[0] else "worker" if b"pyspark.daemon" in name else "driver_python"
        found[kind] = max(found.get(kind, 0.0), int(words[words.index("VmHWM:") + 1]) / 1024)
    return found


def _descendants(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def measure(source: Path, scratch: Path, work: Work, rounds: int) -> dict[str, Any]:
    """Return the steady-state speeds of job and loop, alternating, their ratio, and the peaks of memory.

    Args:
        source: folder of photos.
        scratch: folder for lakes, emptied.
        work: settings, with tracking off, and the policy.
        rounds: how often each is measured; the median counts.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    processes = len(os.sched_getaffinity(0))
    memory: dict[str, float] = {}
    jobs, loops, ratios = [], [], []
    with peaks(memory):
        warm = run.run(request(source, scratch / "warm", work, limit=8 * processes))
        plan, spec = _plan(source, work)
        for i in range(rounds):
            report = run.run(request(source, scratch / f"lake{i}", work))
            jobs.append(report.figures.values["images_per_second"])
            loops.append(bare(plan, spec, processes))
            ratios.append(jobs[-1] / loops[-1])
    return {
        "policy": Path(work.policy).stem,
        "images": report.listed,
        "faces": report.figures.counts["faces"],
        "processes": processes,
        "job_images_per_second": round(statistics.median(jobs), 2),
        "loop_images_per_second": round(statistics.median(loops), 2),
        "job_to_loop": round(statistics.median(ratios), 3),
        "job_to_loop_all": [round(r, 3) for r in ratios],
        "first_run_seconds": round(warm.seconds, 1),
        "peak_mib": {kind: round(peak) for kind, peak in sorted(memory.items())},
    }


def _plan(source: Path, work: Work) -> tuple[pa.Table, WorkerSpec]:
    """Return the same plan and spec as the job's, under a key of their own."""
    key = work.common.key.read()
    if key is None:
        raise SystemExit("the benchmark gives a key file")
    spec = run.worker_spec(request(source, source, work), key, "bench", 0)
    one = pa.RecordBatch.from_pydict({"id": [0]})
    rows = pa.Table.from_batches(list(ListPartition(SourceSpec(str(source)), key)([one])))
    return rows.sort_by("image_id"), spec


__all__ = ["Common", "Work", "measure", "peaks", "request"]
