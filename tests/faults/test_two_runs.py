"""Two runs on one lake: the second is told or waits; one that was paused while another took over does no harm."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs.lease import NAME, Holder
from jobs.record import open_record
from tests.support.anonymizing import DONE, FAILED, ONE_LOOK, QUIET, anonymize, comparable, events, key_file
from tests.support.pictures import portrait, write
from tests.support.processes import Process

ROOT = Path(__file__).resolve().parents[2]
SOAK = os.environ.get("FACEVEIL_SOAK") == "1"
RENEW_S, EXPIRE_S, PAUSE_S = (10.0, 60.0, 90.0) if SOAK else (0.5, 3.0, 6.0)
TERMS = ("--set", f"lease.renew_seconds={RENEW_S}", "--set", f"lease.expire_seconds={EXPIRE_S}")
SMALL = ("--set", "batches.task_images=2", "--set", "batches.images=4", *TERMS)


def rows(lake: Path) -> int:
    """Return how many rows a lake has; none where there is no table yet."""
    return len(comparable(lake)) if (lake / "images" / "_delta_log").is_dir() else 0


@pytest.mark.skipif(sys.platform != "linux", reason="a second run takes over by what Linux shows of processes")
def test_a_paused_run_loses_nothing_and_doubles_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused while it lives; taken over while it is stopped, JVM, workers and all; woken up, it ends and says why."""
    source, lake, whole = tmp_path / "in", tmp_path / "lake", tmp_path / "whole"
    write(source, {f"{number}.png": portrait(number) for number in range(16)})
    options = (*SMALL, "--key-file", key_file(tmp_path))
    command = [sys.executable, "-m", "jobs.anonymize", str(source), str(lake), "--policy", str(ONE_LOOK)]
    first = Process("first", [*command, *options, *QUIET], tmp_path / "said", {"PYTHONPATH": str(ROOT)})
    try:
        first.wait_until(lambda: rows(lake) > 0, 180)
        assert anonymize(source, lake, *options) == FAILED
        assert f"another run has this lake: anonymize {holder(lake).run_id}, since " in capsys.readouterr().err
        os.killpg(first.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert rows(lake) < 16, "the first run was over before it was paused: give it more to do"
        assert anonymize(source, lake, *options) == DONE
        time.sleep(max(0.0, PAUSE_S - (time.monotonic() - began)))
        os.killpg(first.pid, signal.SIGCONT)
        first.wait_until(lambda: first.ended, 180)
    finally:
        first.kill()
    assert "nothing is lost: run the command again" in first.tail()
    assert anonymize(source, whole, *options) == DONE
    assert comparable(lake) == comparable(whole)
    assert [event["event"] for event in events(lake)].count("finished") == 1


def holder(lake: Path) -> Holder:
    """Return who has a lake."""
    found = open_record(str(lake), NAME, Storage(), 5).read()
    assert found is not None
    return Holder.read(found.content)
