"""``anonymize --stream`` as its own process: what arrives or is replaced is seen, and a signal ends it cleanly."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs.lake import Lake
from jobs.lease import NAME, Holder
from jobs.record import open_record
from tests.support.anonymizing import DONE, ONE_LOOK, QUIET, anonymize, by_name, events, key_file
from tests.support.pictures import portrait, write
from tests.support.processes import Process

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
PAIRS = ("--set", "batches.task_images=2", "--set", "batches.images=2")


def kinds(lake: Path) -> list[str]:
    """Return what the ledger says happened."""
    return [event["event"] for event in events(lake)]


def state(lake: Path) -> tuple[dict[str, int], int]:
    """Return the versions of all tables, and how many files the vault's logs have."""
    logs = Path(f"{lake}.vault").rglob("_delta_log/*.json")
    return Lake(str(lake)).tables.versions(), len(list(logs))


def test_arrivals_and_replacements_until_a_signal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing new writes nothing; a stop between two batches is taken up by the next start."""
    source, lake = write(tmp_path / "photos", {"one.png": portrait(1)}), tmp_path / "lake"
    options = ("--policy", str(ONE_LOOK), "--key-file", key_file(tmp_path), "--stream")
    command = [
        sys.executable,
        "-m",
        "jobs.anonymize",
        str(source),
        str(lake),
        *options,
        *QUIET,
        *PAIRS,
        "--every",
        "1s",
    ]
    process = Process("stream", command, tmp_path / "said", {"PYTHONPATH": str(ROOT)})

    def until(come: Callable[[], bool]) -> None:
        process.wait_until(lambda: (lake / "runs").is_dir() and come(), SECONDS)

    try:
        until(lambda: kinds(lake) == ["started", "finished"])
        first, idle = by_name(lake), state(lake)
        time.sleep(4)
        assert state(lake) == idle
        write(source, {"two.png": portrait(2)})
        until(lambda: len(by_name(lake)) == 2 and kinds(lake)[-1] == "finished")
        write(source, {"one.png": portrait(3)})
        os.utime(source / "one.png", (2_000_000_000, 2_000_000_000))
        until(lambda: by_name(lake)["one.png"]["output_sha256"] != first["one.png"]["output_sha256"])
        until(lambda: kinds(lake) == ["started", "finished"] * 3)
        write(source, {f"more-{n}.png": portrait(10 + n) for n in range(8)})
        until(lambda: len(by_name(lake)) > 2)
        os.kill(process.pid, signal.SIGTERM)
        process.wait_until(lambda: process.ended, SECONDS)
    finally:
        process.kill()
    assert process.code == DONE, (tmp_path / "said").read_text("utf-8")
    assert "stopping after the batch" in (tmp_path / "said").read_text("utf-8")
    assert 2 < len(by_name(lake)) < 10
    assert kinds(lake)[6:] == ["started"]
    lease = open_record(str(lake), NAME, Storage(), 5).read()
    assert lease is not None
    assert Holder.read(lease.content).free
    assert anonymize(source, lake, *options, "--once") == DONE
    assert kinds(lake)[6:] == ["started", "resumed", "finished"]
    assert len(by_name(lake)) == 10
    assert len({event["run_id"] for event in events(lake)[6:]}) == 1
    done = state(lake)
    capfd.readouterr()
    assert anonymize(source, lake, *options, "--once") == DONE
    assert state(lake) == done
    told = capfd.readouterr()
    assert (told.out, "nothing is new" in told.err) == ("", True)
