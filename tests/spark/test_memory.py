"""A worker's memory is bounded, whatever the images: measured on one process that does what a worker does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import session
from tests.support.pictures import PORTRAIT, place, portrait, saved, write

GIBIBYTE = 1 << 30
WORKER_BYTES = 4 * GIBIBYTE
LARGE_WH = (10_000, 6_000)
ROOT = Path(__file__).resolve().parents[2]

WORKER = """
import json, resource, sys
from anonymizer_udfs import pipeline, udfs
from tests.support import specs
plan = specs.planned(sys.argv[1])
batches = pipeline.anonymize_partition(plan.to_batches(), udfs.default_spec())
ends = [(row["width"], row["status"], row["reason"]) for batch in batches for row in batch.to_pylist()]
print(json.dumps({"ends": ends, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""
"""The partition function over a folder, and the most memory that the process ever held (Linux: in KiB)."""


def measured(folder: Path) -> tuple[list[list[object]], int]:
    """Return how a worker's images ended and its peak of resident memory in bytes."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WORKER, str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=environment, timeout=300)
    told = json.loads(done.stdout)
    return told["ends"], told["peak"]


def large() -> bytes:
    """Return a JPEG of 60 megapixels with one face of ordinary size in it."""
    w, h = LARGE_WH
    y, x = np.ogrid[:h, :w]
    pixels = np.empty((h, w, 3), np.uint8)
    for channel, step in enumerate((37, 53, 71)):
        pixels[..., channel] = (x // step + y // (step + 6)) % 200
    face = np.kron(PORTRAIT, np.ones((8, 8, 1), np.uint8))
    pixels[2000 : 2000 + face.shape[0], 4000 : 4000 + face.shape[1]] = face
    return saved(pixels, "JPEG", quality=85)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux tells it")
def test_a_large_image_among_small_ones_fits_into_a_worker(tmp_path: Path) -> None:
    """60 megapixels among small pictures stay below 4 GB, in one process with detector and recogniser's runtime."""
    small = {f"{n}.png": portrait(n) if n % 2 else place(n) for n in range(12)}
    folder = write(tmp_path / "photos", {**small, "large.jpg": large()})
    ends, peak = measured(folder)
    sys.stdout.write(f"peak of a worker with one image of 60 megapixels: {peak / GIBIBYTE:.2f} GiB\n")
    assert [LARGE_WH[0], "anonymized", None] in ends
    assert len(ends) == len(small) + 1
    assert peak < WORKER_BYTES


def test_many_images_take_no_more_than_few(tmp_path: Path) -> None:
    """Four times the images need hardly more memory: nothing is kept once it is given on."""
    peaks = []
    for count in (4, 16):
        files = {
            f"{n}.bmp": saved(np.roll(np.kron(PORTRAIT, np.ones((4, 4, 1), np.uint8)), n, 1), "BMP")
            for n in range(count)
        }
        ends, peak = measured(write(tmp_path / str(count), files))
        assert len(ends) == count
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 250 * (1 << 20)


def test_batches_between_jvm_and_python_are_bounded_by_bytes() -> None:
    """Spark is told the bound of an Arrow batch in bytes, and the setting is what it is told."""
    spark = session.create(load(), Storage())
    assert int(spark.conf.get("spark.sql.execution.arrow.maxBytesPerBatch") or 0) == load().limits.arrow_batch_bytes
