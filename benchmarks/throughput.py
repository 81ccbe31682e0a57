"""The job against the same work in a bare loop with as many processes as cores, and the memory that it takes.

Both read the same files through the same partition function with the same spec; the loop writes nothing, the job
writes its Delta table. Models are loaded and workers are warm in both.
"""

import multiprocessing
import os
import shutil
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.pipeline import anonymize_partition
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.spec import WorkerSpec
from benchmarks.watch import Watch
from jobs import run
from jobs.context import treatment
from jobs.lake import Lake
from jobs.options import Common

OURS = ("driver_jvm", "driver_python", "worker")
LONG_SECONDS, FEWER = 120.0, 3


@dataclass(frozen=True)
class Work:
    """What is measured: settings, and the name or the file of a policy."""

    common: Common
    policy: str = "public"


def request(source: Path | str, lake: Path | str, work: Work, limit: int | None = None) -> run.Request:
    """Return what ``faceveil anonymize SOURCE LAKE --policy POLICY`` asks for."""
    spec = SourceSpec(str(source), storage=work.common.storage)
    return run.Request(work.common, spec, str(lake), treatment(work.policy, work.common.settings), limit)


@dataclass(frozen=True)
class Loop:
    """What a bare loop reached: images a second, and processor seconds an image of all processes."""

    images_per_second: float
    cpu_seconds: float


def bare(plan: pa.Table, spec: WorkerSpec, processes: int) -> Loop:
    """Return the speed of a bare loop, each process on its share, from a common start when all are warm."""
    context = multiprocessing.get_context("spawn")
    ready, done, cpu = context.Barrier(processes + 1), context.Barrier(processes + 1), context.Value("d", 0.0)
    shares = [plan.slice(i * plan.num_rows // processes, plan.num_rows // processes) for i in range(processes)]
    workers = [context.Process(target=_work, args=(share, spec, ready, done, cpu)) for share in shares]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    done.wait()
    spent = time.perf_counter() - start
    for worker in workers:
        worker.join()
    images = sum(int(share.num_rows) for share in shares)
    return Loop(images / spent, cpu.value / images)


def _work(share: pa.Table, spec: WorkerSpec, ready: Any, done: Any, cpu: Any) -> None:
    for _ in anonymize_partition(share.slice(0, 4).to_batches(), spec):
        pass
    ready.wait()
    start = time.process_time()
    for _ in anonymize_partition(share.to_batches(), spec):
        pass
    with cpu.get_lock():
        cpu.value += time.process_time() - start
    done.wait()


def measure(source: Path, scratch: Path, work: Work, rounds: int) -> dict[str, Any]:
    """Return the steady-state speeds of job and loop, alternating, their ratio, the peaks of memory, and what costs.

    Args:
        source: folder of photos.
        scratch: folder for lakes, emptied.
        work: settings, with tracking off, and the policy.
        rounds: how often each is measured, three times at most where a run is over two minutes; the median counts.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    processes = len(os.sched_getaffinity(0))
    jobs: list[float] = []
    loops: list[float] = []
    ratios: list[float] = []
    cpu: list[float] = []
    with Watch() as memory:
        warm = run.run(request(source, scratch / "warm", work, limit=8 * processes))
        plan, spec = planned(source, work)
        while len(ratios) < rounds:
            with Watch() as one:
                report = run.run(request(source, scratch / f"lake{len(ratios)}", work))
            cpu.append(sum(one.cpu().get(kind, 0.0) for kind in OURS))
            jobs.append(report.figures.values["images_per_second"])
            loops.append(bare(plan, spec, processes).images_per_second)
            ratios.append(jobs[-1] / loops[-1])
            if report.seconds > LONG_SECONDS:
                rounds = min(rounds, FEWER)
    return {
        "policy": Path(work.policy).stem,
        "images": report.listed,
        "faces": report.figures.counts["faces"],
        "mean_source_bytes": round(sum(file.stat().st_size for file in source.rglob("*.jpg")) / report.listed),
        "mean_megapixels": round(_megapixels(report.lake), 3),
        "job_images_per_second": round(statistics.median(jobs), 2),
        "loop_images_per_second": round(statistics.median(loops), 2),
        "job_to_loop": round(statistics.median(ratios), 3),
        "job_to_loop_all": [round(r, 3) for r in ratios],
        "cpu_ms_an_image": round(1000 * statistics.median(cpu) / report.listed, 2),
        "stage_ms_an_image": _stages(report),
        "first_run_seconds": round(warm.seconds, 1),
        "peak_mib": memory.peaks(),
    }


def _stages(report: run.Report) -> dict[str, float]:
    """Return the milliseconds that each step takes of an image, on the average: what the last run's row holds."""
    found = Lake(report.lake).query("SELECT AVG(duration_ms) AS mean FROM images").to_pylist()
    shares = {name.removeprefix("share."): one for name, one in report.figures.values.items() if "share." in name}
    return {name: round(found[0]["mean"] * share, 2) for name, share in shares.items() if name != "measure"}


def _megapixels(lake: str) -> float:
    rows = Lake(lake).query("SELECT AVG(CAST(width AS DOUBLE) * height) AS pixels FROM images").to_pylist()
    return float(rows[0]["pixels"]) / 1e6


def planned(source: Path, work: Work) -> tuple[pa.Table, WorkerSpec]:
    """Return the same plan and spec as the job's, under a key of their own."""
    key = work.common.key.read()
    if key is None:
        raise SystemExit("the benchmark gives a key file")
    spec = run.worker_spec(request(source, source, work), key, "bench", 0)
    one = pa.RecordBatch.from_pydict({"id": [0]})
    rows = pa.Table.from_batches(list(ListPartition(SourceSpec(str(source)), key)([one])))
    return rows.sort_by("image_id"), spec
