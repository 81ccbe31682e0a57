"""The job with source, lake and vault in buckets of a local S3 server, against the same job on the local disk.

The same settings, one JVM, in turn. The server runs beside it on the same cores, so that what it takes is told.
"""

import os
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import command, throughput
from benchmarks.throughput import Work
from benchmarks.watch import Watch
from jobs import run
from jobs.figures import Figures
from tests.support import s3_server
from tests.support.s3_server import S3Server

RAW, OPEN, SAFE = "raw", "open", "safe"
WARM = 16


def measure(source: Path, scratch: Path, policy: str, rounds: int) -> dict[str, Any]:
    """Return the steady speeds of both, alternating, and the ratio's median.

    Args:
        source: a folder of photos.
        scratch: a folder for buckets and lakes, emptied.
        policy: the name or the file of a policy.
        rounds: how often each is measured.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    with s3_server.running(scratch / "server") as server:
        # Before the JVM starts: it and its workers take credentials from the environment.
        os.environ.update(server.environment())
        images = _upload(server, source)
        here, there = _Place(str(source), scratch, policy), _Place(f"s3a://{RAW}/in", scratch, policy, remote=True)
        for place in (here, there):
            place.run("warm", WARM)
        local, remote, server_cpu = [], [], []
        for number in range(rounds):
            local.append(here.run(f"lake{number}").values["images_per_second"])
            with Watch() as watch:
                remote.append(there.run(f"lake{number}").values["images_per_second"])
            server_cpu.append(watch.cpu().get("s3_server", 0.0))
    ratios = [b / a for a, b in zip(local, remote, strict=True)]
    return {
        "server": server.kind,
        "policy": Path(policy).stem,
        "images": images,
        "local_images_per_second": round(statistics.median(local), 2),
        "s3_images_per_second": round(statistics.median(remote), 2),
        "s3_to_local": round(statistics.median(ratios), 3),
        "s3_to_local_all": [round(one, 3) for one in ratios],
        "server_cpu_ms_an_image": round(1000 * statistics.median(server_cpu) / images, 2),
    }


class _Place:
    """Where a run reads and writes; the settings are the same in both places."""

    def __init__(self, source: str, scratch: Path, policy: str, *, remote: bool = False) -> None:
        self._source, self._scratch, self._policy, self._remote = source, scratch, policy, remote

    def run(self, name: str, limit: int | None = None) -> Figures:
        """Run into a new lake."""
        key = command.key_file(self._scratch)
        lake, vault = (f"s3a://{OPEN}/{name}", f"s3a://{SAFE}/{name}") if self._remote else (self._scratch / name, None)
        work = Work(command.common("local,s3", key, vault), self._policy)
        return run.run(throughput.request(self._source, lake, work, limit)).figures


def _upload(server: S3Server, source: Path) -> int:
    """Put the photos into a bucket and return how many there are."""
    client = server.client()
    for bucket in (RAW, OPEN, SAFE):
        server.bucket(bucket)
    files = sorted(source.rglob("*.jpg"))

    def put(file: Path) -> None:
        key = f"in/{file.relative_to(source).as_posix()}"
        client.put_object(Bucket=RAW, Key=key, Body=file.read_bytes())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, files))
    return len(files)
