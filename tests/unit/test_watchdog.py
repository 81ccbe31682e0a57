"""Images in the worker itself: what takes too long or too much ends the worker at once; all else is as ever."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from anonymizer_udfs import pipeline
from anonymizer_udfs.errors import WorkerError
from anonymizer_udfs.isolation import bounds, watchdog
from tests.support import crashing, specs
from tests.support.pictures import write
from tests.unit.test_isolation import GOOD, LIMITS, ROOT, comparable, linux

WORKER = """
import sys, time
from dataclasses import replace
from pathlib import Path
from anonymizer_udfs import pipeline
from anonymizer_udfs.isolation.watchdog import watched
from tests.support import crashing, specs
from tests.unit.test_isolation import LIMITS
models, folder, seconds, pause = sys.argv[1:]
spec = crashing.planted_spec(specs.red_dots(Path(models), limits=replace(LIMITS, image_seconds=int(seconds))))
plan = specs.planned(folder)
list(pipeline.anonymize_partition(plan.slice(0, 1).to_batches(), spec))
for batch in watched(plan.to_batches(), spec):
    for row in batch.to_pylist():
        print(row["status"], flush=True)
    time.sleep(float(pause))
"""
"""The first try of a partition over a folder, as a worker process whose models are loaded already."""


def worker(
    tmp_path: Path, files: dict[str, bytes], seconds: int = 3, pause: float = 0
) -> "subprocess.CompletedProcess[str]":
    """Return how a worker ended with these files, and what it said."""
    (tmp_path / "models").mkdir()
    folder = write(tmp_path / "Jane Doe", files)
    command = [sys.executable, "-c", WORKER, str(tmp_path / "models"), str(folder), str(seconds), str(pause)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, check=False, text=True, cwd=ROOT, env=environment, timeout=120)


@linux
@pytest.mark.parametrize(
    ("deed", "status", "says"),
    [
        pytest.param("loop", 1, "in loop", id="loop"),
        pytest.param("grow", watchdog.OVER_MEMORY, "limits.worker_bytes", id="grow"),
        pytest.param("huge", 1, "MemoryError at ", id="huge"),
        pytest.param("segfault", -11, "", id="segfault"),
    ],
)
def test_a_worker_is_ended_rather_than_waited_for(deed: str, status: int, says: str, tmp_path: Path) -> None:
    """What Spark recovers from is a worker that is gone; it says where in the code it was, and no name."""
    files = {"a.png": GOOD["a.png"], "b.png": crashing.marked(deed), "c.png": GOOD["a.png"]}
    done = worker(tmp_path, files, seconds=3 if deed == "loop" else 60)
    assert done.returncode == status
    assert done.stdout.split() == ["anonymized"]
    assert says in done.stderr
    assert "Jane" not in done.stderr


def test_rows_are_those_of_the_pipeline(tmp_path: Path) -> None:
    """The watch changes nothing, and is gone afterwards."""
    (tmp_path / "models").mkdir()
    # The process under watch is that of all these tests, and what it holds by now is their business.
    roomy = replace(LIMITS, image_seconds=600, worker_bytes=1 << 40)
    spec = specs.red_dots(tmp_path / "models", limits=roomy)
    table = specs.planned(write(tmp_path / "photos", GOOD))
    rows = comparable(watchdog.watched(table.to_batches(), spec))
    assert rows == comparable(pipeline.anonymize_partition(table.to_batches(), spec))
    assert len(rows) == len(GOOD)
    assert list(watchdog.watched([], spec)) == []


def test_what_nobody_foresaw_is_told_without_its_text(tmp_path: Path) -> None:
    """A library's message may quote the picture; the error says what kind it was and where in the code."""
    (tmp_path / "models").mkdir()
    roomy = replace(LIMITS, image_seconds=600, worker_bytes=1 << 40)
    spec = crashing.planted_spec(specs.red_dots(tmp_path / "models", limits=roomy))
    table = specs.planned(write(tmp_path / "photos", {"a.png": crashing.marked("raise")}))
    with pytest.raises(WorkerError, match=r"LookupError at crashing\.py") as caught:
        list(watchdog.watched(table.to_batches(), spec))
    assert crashing.SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_only_work_on_an_image_counts(tmp_path: Path) -> None:
    """Whoever takes the rows may be slow, and images that are each in time may together take longer."""
    files = {f"{n}.png": crashing.marked("slow") + bytes(n) for n in range(3)}
    done = worker(tmp_path, files, seconds=1, pause=1.2)
    assert (done.returncode, done.stdout.split()) == (0, ["clean"] * 3), done.stderr


@pytest.mark.parametrize(
    ("pixels", "seconds"),
    [(0, 3), (10_000_000, 3), (10_000_001, 6), (10**12, 30)],
    ids=["no-header", "ordinary", "larger", "a-lie"],
)
def test_a_larger_picture_has_more_time(pixels: int, seconds: int) -> None:
    """As much again for each 10 megapixels more, up to the most that are decoded."""
    assert LIMITS.seconds(pixels) == seconds


@linux
def test_resident_memory_is_that_of_the_process() -> None:
    """It follows what a process holds, and a process that is gone has none."""
    before = bounds.resident_bytes(os.getpid())
    held = b"x" * (64 << 20)
    assert len(held) == 64 << 20
    assert bounds.resident_bytes(os.getpid()) - before > 48 << 20
    assert bounds.resident_bytes(1 << 30) == 0


def test_a_spec_without_time_is_refused() -> None:
    """A bound of nothing lets nothing through."""
    with pytest.raises(ValueError, match=r"image_seconds must be at least 1, got 0"):
        replace(LIMITS, image_seconds=0)
