"""Whatever is ended, however hard: the same command goes on, and the table is as if nothing had happened.

``FACEVEIL_TEST_KILL_IMAGES`` says over how many photos; it takes about a second for ten.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.anonymizing import (
    DONE,
    HELD_BACK,
    ONE_LOOK,
    QUIET,
    anonymize,
    comparable,
    events,
    key_file,
    names,
    rows,
)
from tests.support.killing import Moment
from tests.support.pictures import photos, portrait, write
from tests.support.processes import Process
from tests.support.victims import workers_of

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("FACEVEIL_TEST_KILL_IMAGES", "1000"))
SMALL = ("--set", "batches.task_images=4", "--set", "batches.images=8")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty portraits."""
    root = tmp_path_factory.mktemp("killed")
    key_file(root)
    return write(root / "photos", {f"{n}.png": portrait(n) for n in range(40)})


@pytest.fixture(scope="module")
def undisturbed(source: Path) -> Path:
    """Their lake, made in one go."""
    lake = source.parent / "undisturbed"
    assert anonymize(source, lake, *SMALL, "--key-file", key_file(source.parent)) == DONE
    return lake


def kill_driver_alone(process: Process) -> None:
    """End the driver's Python and leave its JVM, which may still commit what it works on."""
    os.kill(process.pid, signal.SIGKILL)


def kill_workers(process: Process) -> None:
    """End all Python workers in the middle of their images; the tasks are tried again, and the run goes on."""
    workers = workers_of(process.pid)
    assert workers
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    process.wait_until(lambda: process.ended, 240)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are found as Linux shows processes")
@pytest.mark.parametrize("kill", [kill_driver_alone, kill_workers], ids=["driver", "workers"])
def test_what_is_left_of_a_run_does_no_harm(
    kill: Callable[[Process], None], source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """Driver or workers are killed within a commit; the next run, started at once, makes the table whole."""
    lake, key = tmp_path / "lake", ("--key-file", key_file(source.parent))
    command = [sys.executable, "-m", "jobs.anonymize", str(source), str(lake), *SMALL, *key, *QUIET]
    process = Process("anonymize", command, tmp_path / "said", {"PYTHONPATH": str(ROOT)})
    try:
        process.wait_until(killing.when(Moment.WITHIN, lake), 180)
        kill(process)
        assert anonymize(source, lake, *SMALL, *key) == DONE
    finally:
        process.kill()
    assert comparable(lake) == comparable(undisturbed)
    assert events(lake)[-1]["event"] == "finished"
    assert "photos" not in process.tail()


@pytest.mark.photos
@pytest.mark.timeout(1800)
def test_a_large_lake_killed_twice_equals_one_made_in_one_go(tmp_path: Path) -> None:
    """Real photos, killed with ``kill -9`` between two commits and within one, then run again: the same table."""
    found = sorted(photos("lfw").rglob("*.jpg"))[:COUNT]
    assert len(found) == COUNT
    listing = tmp_path / "list.txt"
    listing.write_text("\n".join(map(str, found)) + "\n", encoding="utf-8")
    each = max(10, COUNT // 6)
    sizes = ("--set", f"batches.images={each}", "--set", f"batches.task_images={each // 2}")
    options = ("--key-file", key_file(tmp_path), "--policy", str(ONE_LOOK), *sizes)
    lake, whole = tmp_path / "lake", tmp_path / "whole"
    states = killing.killed(listing, lake, [*options, *QUIET], [Moment.COMMITTED, Moment.WITHIN], tmp_path)
    assert 0 < states[0].rows <= states[1].rows < COUNT
    assert states[1].orphans > 0
    assert anonymize(listing, whole, *options) in {DONE, HELD_BACK}
    assert anonymize(listing, lake, *options) in {DONE, HELD_BACK}
    assert len(rows(lake)) == COUNT
    assert comparable(lake) == comparable(whole)
    assert names(lake) == names(whole)
    told = events(lake)
    assert [event["event"] for event in told] == ["started", "resumed", "resumed", "finished"]
    assert len({event["run_id"] for event in told}) == 1
