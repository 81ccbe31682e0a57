"""What a table of about 500 MB costs to read: bytes for questions about it, and for one image of it.

The job makes the table in several nights, so that its files' ranges of ids overlap, as those of a lake in use do. Read
by the two readers of this project: ``deltalake`` (``status``, ``lookup``, ``export``) and Spark. Bytes are those that
the reading process asked its kernel for, logs and footers included (``rchar`` of Linux's ``/proc/PID/io``).
"""

import os
import shutil
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks import command, growth, scenes, throughput
from benchmarks.command import ROOT
from benchmarks.throughput import Work
from benchmarks.watch import descendants, kind_of
from jobs import layout as layouts
from jobs import maintain, run, session
from jobs.lake import Lake, SparkLake

MEGABYTE = 1e6
QUESTIONS = {
    "status": "SELECT status, reason, COUNT(*) AS n FROM images GROUP BY status, reason",
    "sizes": "SELECT format, AVG(width) AS w, MAX(height) AS h, AVG(duration_ms) AS ms FROM images GROUP BY format",
    "faces": "SELECT method, COUNT(*) AS n FROM faces GROUP BY method",
    "provenance": "SELECT run_id, policy_digest, COUNT(*) AS n FROM images GROUP BY run_id, policy_digest",
}
READERS = ("deltalake", "spark")
KEEPING = {"spark.databricks.delta.optimize.minFileSize": str(48 << 20)}
"""What conf/spark/cpu-cluster.conf has for OPTIMIZE; the Parquet settings are those of the session."""


def read_bytes(pid: int, work: Callable[[], object]) -> float:
    """Return the megabytes (10^6) that a process read while something was done."""
    before = _rchar(pid)
    work()
    return (_rchar(pid) - before) / MEGABYTE


def _rchar(pid: int) -> int:
    words = Path(f"/proc/{pid}/io").read_text(encoding="utf-8").split()
    return int(words[words.index("rchar:") + 1])


def layout(lake: Path) -> dict[str, Any]:
    """Return how the table lies: files, row groups, pages' index, and how many files may hold one id."""
    files = [Path(file.removeprefix("file://")) for file in Lake(str(lake)).tables.open("images").file_uris()]
    groups = []
    for file in files:
        found = pq.ParquetFile(file).metadata
        column = next(i for i in range(found.num_columns) if found.schema.column(i).path == "image_id")
        groups += [found.row_group(i) for i in range(found.num_row_groups)]
    ranges = [(one.column(column).statistics.min, one.column(column).statistics.max) for one in groups]
    return {
        "files": len(files),
        "row_groups": len(groups),
        "largest_row_group_mb": round(max(one.total_byte_size for one in groups) / MEGABYTE, 1),
        "row_groups_an_id_may_lie_in": round(statistics.fmean(covering(ranges)), 1),
        "offset_index": all(one.column(column).has_offset_index for one in groups),
    }


def covering(ranges: list[tuple[str, str]]) -> list[int]:
    """Return, for the start of each range, how many ranges hold it.

    Examples:
        >>> covering([("a", "c"), ("b", "d"), ("x", "z")])
        [1, 2, 1]
    """
    return [sum(low <= start <= high for low, high in ranges) for start, _ in ranges]


def cost(lake: Path, session: SparkSession, ids: list[str]) -> dict[str, Any]:
    """Return the megabytes that each question and one image (the median of some) take of both readers."""
    readers = {"deltalake": (Lake(str(lake)), os.getpid()), "spark": (SparkLake(str(lake), session), _jvm())}
    out: dict[str, Any] = {}
    for name, (reader, pid) in readers.items():
        for sql in QUESTIONS.values():
            reader.query(sql)  # classes and code are read once
        asked = {what: read_bytes(pid, partial(reader.query, sql)) for what, sql in QUESTIONS.items()}
        one = [read_bytes(pid, partial(_fetch, reader, wish)) for wish in ids]
        out[name] = {
            "questions_mb": {what: round(size, 2) for what, size in asked.items()},
            "one_image_mb": round(statistics.median(one[1:]), 2),
            "one_image_most_mb": round(max(one[1:]), 2),
        }
    return out


def _fetch(lake: Lake, image_id: str) -> None:
    found: pa.Table = lake.query(f"SELECT content FROM images WHERE image_id = '{image_id}'")  # noqa: S608 - ours
    assert found.num_rows == 1


def _jvm() -> int:
    return next(one.pid for one in descendants(os.getpid()) if kind_of(one.argv) == "driver_jvm")


def measure(scratch: Path, nights: int, images: int) -> dict[str, Any]:
    """Return what is read of the table as the job leaves it, and after its files were put together.

    Args:
        scratch: a folder for the lakes, emptied.
        nights: runs, each with as many new pictures.
        images: pictures of a quarter of a megabyte of each night.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    lake, source = scratch / "lake", ROOT / "build" / "bench" / f"noise-{images}-{nights}"
    shutil.rmtree(source, ignore_errors=True)
    work = Work(command.common("local", command.key_file(scratch)), str(growth.POLICY))
    out: dict[str, Any] = {"nights": nights}
    for night in range(nights):
        scenes.write_noise(source, night * images, images)
        run.run(throughput.request(source, lake, work))
        if not night:
            out["first_night"] = _state(lake)
    out |= {"images": nights * images, "table_mb": round(growth.files_of(lake)[1] * (1 << 20) / MEGABYTE)}
    out["as_written"] = _state(lake)
    for name, change in CHANGES.items():
        copy = scratch / name
        shutil.copytree(lake, copy)
        change(copy, _session())
        out[name] = _state(copy)
    return out | {"dearest": {name: dearest(out[name]) for name in ("first_night", "as_written", *CHANGES)}}


def _session() -> SparkSession:
    session = SparkSession.getActiveSession()
    if session is None:
        raise SystemExit("a run leaves its session open")
    return session


def _state(lake: Path) -> dict[str, Any]:
    """Return how a table lies, and what it costs to read."""
    rows = Lake(str(lake)).query("SELECT image_id FROM images ORDER BY image_id").to_pylist()
    ids = [row["image_id"] for row in rows[:: max(1, len(rows) // 8)]]
    return layout(lake) | cost(lake, _session(), ids)


def dearest(found: dict[str, Any]) -> dict[str, float]:
    """Return the most megabytes that a question and an image took of either reader."""
    return {
        "question": max(size for one in READERS for size in found[one]["questions_mb"].values()),
        "one_image": max(found[one]["one_image_mb"] for one in READERS),
    }


_DEFAULTS = {
    "parquet.block.size": str(128 << 20),
    "parquet.block.size.row.check.min": "100",
    "parquet.block.size.row.check.max": "10000",
    "parquet.page.size.row.check.min": "100",
    "parquet.page.size.row.check.max": "10000",
    "parquet.page.row.count.limit": "20000",
}
"""Parquet's own, as in a session that knows nothing of this project."""


def _maintain(lake: Path, spark: SparkSession) -> None:
    """Do what ``faceveil maintain`` does."""
    found = layouts.of(Lake(str(lake)).tables.open("images"), "image_id")
    maintain.together(Lake(str(lake)), spark, found.size_bytes / found.rows)


def _optimize(lake: Path, spark: SparkSession, settings: dict[str, str]) -> None:
    """Put a table's files together, as Delta does it, under some settings."""
    with session.having(spark, settings):
        spark.sql(f"OPTIMIZE delta.`{lake}/images`").collect()


CHANGES: dict[str, Callable[[Path, SparkSession], None]] = {
    "optimized": partial(_optimize, settings=KEEPING),
    "optimized_by_default": partial(_optimize, settings=_DEFAULTS),
    "maintained": _maintain,
}
"""What is done to copies of the table: the command, and what it is not."""
