"""A run with nothing new over the lake of ``growth``, against listing its source alone; start-up apart.

All in one process with one JVM that is warm. What any run costs (the ledger's events, opening tables) is measured with
a lake of eight images, and taken off; the listing is the job's own: names hashed, made by Spark, kept and counted.
"""

import statistics
import time
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.sources.base import SourceSpec
from benchmarks import command, growth, throughput
from benchmarks.throughput import Work
from jobs import plan, run


def measure(images: int, rounds: int) -> dict[str, Any]:
    """Return the medians of some rounds, each of a run over few, a run over all, and two ways to list, in turn."""
    for size in (growth.FEW, images):
        if not growth.place(size)[1].exists():
            growth.grown(size)
    work = Work(command.common("local", command.key_file(growth.KEPT)), str(growth.POLICY))
    taken: dict[str, list[float]] = {"fixed": [], "incremental": [], "listing": [], "bare_listing": []}
    _nothing_new(growth.FEW, work)
    session = SparkSession.getActiveSession()
    if session is None:
        raise SystemExit("a run leaves its session open")
    _nothing_new(images, work)
    for _ in range(rounds):
        taken["fixed"].append(_nothing_new(growth.FEW, work))
        taken["incremental"].append(_nothing_new(images, work))
        taken["listing"].append(_listed(session, images, work))
        taken["bare_listing"].append(_bare(images, work))
    return {"images": images} | ratios(taken)


def ratios(taken: dict[str, list[float]]) -> dict[str, Any]:
    """Return the medians of what was taken, and of the ratio within each round."""
    rounds = list(zip(taken["incremental"], taken["fixed"], taken["listing"], strict=True))
    return {
        **{f"{name}_seconds": round(statistics.median(values), 2) for name, values in taken.items()},
        "incremental_to_listing": round(statistics.median((all_ - fixed) / alone for all_, fixed, alone in rounds), 2),
        "with_fixed_to_listing": round(statistics.median(all_ / alone for all_, _, alone in rounds), 2),
    }


def _nothing_new(images: int, work: Work) -> float:
    """Return the seconds of a run that finds all done."""
    source, lake = growth.place(images)
    report = run.run(throughput.request(source, lake, work))
    if report.processed or report.listed != images:
        raise SystemExit(f"expected {images} images that are done, got {report.listed}, {report.processed} of them not")
    return report.seconds


def _lister(images: int, work: Work) -> ListPartition:
    key = work.common.key.read()
    if key is None:
        raise SystemExit("the benchmark gives a key file")
    return ListPartition(SourceSpec(str(growth.place(images)[0])), key)


def _listed(session: SparkSession, images: int, work: Work) -> float:
    start = time.perf_counter()
    found = plan.list_images(session, _lister(images, work)).count()
    assert found == images
    return time.perf_counter() - start


def _bare(images: int, work: Work) -> float:
    one = pa.RecordBatch.from_pydict({"id": [0]})
    start = time.perf_counter()
    found = sum(batch.num_rows for batch in _lister(images, work)([one]))
    assert found == images
    return time.perf_counter() - start
