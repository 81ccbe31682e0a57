"""What it costs the driver to open a table of many files: a log is written as Delta writes it, with no file behind it.

The driver opens the table after each commit to see whether the commit is its own (``jobs.lake``); how far a lake can
grow with one driver hangs on this.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.command import ROOT
from jobs.tables import first_commit
from schemas import IMAGES

A_COMMIT = 500
_AT = "2026-01-01T00:00:00.000Z"
_OPEN = """
import json, sys, time
from jobs.tables import Tables
from schemas import IMAGES
def peak():
    words = open("/proc/self/status", encoding="utf-8").read().split()
    return int(words[words.index("VmHWM:") + 1])
before, start = peak(), time.process_time()
Tables(sys.argv[1], {"images": IMAGES}).transaction("images", "images")
print(json.dumps({"cpu_seconds": time.process_time() - start, "mib": (peak() - before) / 1024}))
"""


def write(table: Path, files: int) -> float:
    """Write the log of a table and its checkpoint; return the bytes of the checkpoint for each file."""
    from deltalake import DeltaTable  # noqa: PLC0415 - only the driver of the benchmark needs it

    log = table / "images" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020d}.json").write_bytes(first_commit(IMAGES))
    for version in range(1, files // A_COMMIT + 1):
        lines = [{"add": _added()} for _ in range(A_COMMIT)]
        lines += [{"txn": {"appId": "images", "version": version}}, {"commitInfo": {"operation": "WRITE"}}]
        (log / f"{version:020d}.json").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    DeltaTable(str(table / "images")).create_checkpoint()
    return sum(file.stat().st_size for file in log.glob("*.parquet")) / files


def _added() -> dict[str, Any]:
    """Return what a commit says of one file: with the statistics that ``schemas.images`` asks for."""
    low = {"status": "anonymized", "run_id": "20260101T000000-0123abcd", "processed_at": _AT}
    nulls = {"image_id": 0, "status": 0, "reason": 200, "run_id": 0, "processed_at": 0}
    first, last = sorted((uuid.uuid4().hex, uuid.uuid4().hex))
    ranges = {"minValues": {"image_id": first, **low}, "maxValues": {"image_id": last, **low}}
    return {
        "path": f"part-00000-{uuid.uuid4()}-c000.zstd.parquet",
        "partitionValues": {},
        "size": 40_000_000,
        "modificationTime": 0,
        "dataChange": True,
        "stats": json.dumps({"numRecords": 200, **ranges, "nullCount": nulls}),
    }


def measure(scratch: Path, sizes: Sequence[int]) -> dict[str, Any]:
    """Return seconds and MiB of opening a table of each number of files, and what each further file adds.

    Args:
        scratch: a folder for the logs.
        sizes: rising, at least two, multiples of :data:`A_COMMIT`.
    """
    stored, opened = [], []
    for files in sizes:
        table = scratch / f"log-{files}"
        stored.append(write(table, files))
        line = [sys.executable, "-c", _OPEN, str(table)]
        done = subprocess.run(line, capture_output=True, check=True, cwd=ROOT, text=True)
        opened.append(json.loads(done.stdout))
    more = sizes[-1] - sizes[0]
    return {
        "files": list(sizes),
        "open_cpu_seconds": [round(one["cpu_seconds"], 2) for one in opened],
        "open_mib": [round(one["mib"]) for one in opened],
        "log_bytes_a_file": round(stored[-1]),
        "open_us_a_file": round(1e6 * (opened[-1]["cpu_seconds"] - opened[0]["cpu_seconds"]) / more, 2),
        "memory_bytes_a_file": round((opened[-1]["mib"] - opened[0]["mib"]) * (1 << 20) / more),
    }
