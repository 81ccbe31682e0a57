"""An erasure that is killed is finished by whoever comes next: nothing is half erased, and it is told once."""

import sys
from pathlib import Path

import pytest

from jobs import erase, erasures, export, options
from jobs.lake import Lake
from tests.support.anonymizing import QUIET, events, rows
from tests.support.lakes import KEY, make, make_vault, row
from tests.support.processes import Process
from tests.support.searching_bytes import holding

ROOT = Path(__file__).resolve().parents[2]
OURS, OTHER = "file:///photos/ours.jpg", "file:///photos/other.jpg"


@pytest.mark.timeout(1800)
def test_a_killed_erasure_is_finished_by_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed when its row is hidden and its bytes are still there; readers refuse until it is finished."""
    digest, content = KEY.source_digest(b"ours"), bytes(range(32, 127)) * 20
    lake = make(tmp_path / "lake", [row(OURS, content, source_digest=digest), row(OTHER)])
    make_vault(tmp_path / "lake.vault", [OURS, OTHER])
    vault, log = tmp_path / "lake.vault", tmp_path / "lake" / "images" / "_delta_log"
    words = [KEY.image_id(OURS).encode(), digest.encode(), b"ours.jpg", content[:64]]
    before = len(list(log.glob("*.json")))
    command = [sys.executable, "-m", "jobs.erase", lake.uri, "--source", "/photos/ours.jpg", "--yes", *QUIET]
    process = Process("erase", command, tmp_path / "said", {"PYTHONPATH": str(ROOT)})
    try:
        process.wait_until(lambda: len(list(log.glob("*.json"))) >= before + 2, 900)
    finally:
        process.kill()
    assert len(list((vault / erasures.FOLDER).glob("*.json"))) == 1
    assert holding([tmp_path / "lake"], words)
    assert erasures.unfinished(Lake(lake.uri))
    assert export.main([lake.uri, str(tmp_path / "out")]) == options.FAILED
    assert f"faceveil erase {lake.uri}" in capsys.readouterr().err
    assert erase.main([lake.uri, "--yes", *QUIET]) == options.DONE
    assert [one["image_id"] for one in rows(tmp_path / "lake")] == [KEY.image_id(OTHER)]
    assert holding([tmp_path / "lake", vault], words) == []
    told = [event for event in events(tmp_path / "lake") if event["job"] == erasures.JOB]
    assert [event["event"] for event in told] == ["started", "resumed", "erased"]
    assert len({event["run_id"] for event in told}) == 1
    assert not any((vault / erasures.FOLDER).iterdir())
