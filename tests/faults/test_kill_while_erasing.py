"""An erasure that is killed is finished by whoever comes next: nothing is half erased, and it is told once."""

import sys
from pathlib import Path

import pytest

from jobs import erase, erasures, export, options, release, verify
from jobs.lake import Lake
from jobs.releasing.members import Members
from tests.support.anonymizing import QUIET, anonymize, copied, events, key_file, rows
from tests.support.lakes import KEY, make, make_vault, row
from tests.support.pictures import place, write
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
    override = ("--override-by", "A", "--override-reason", "B")
    assert release.main([lake.uri, str(tmp_path / "v1"), "--name", "v1", *override]) == options.DONE
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
    nightly = copied(tmp_path / "lake", tmp_path / "nightly")
    assert erase.main([lake.uri, "--yes", *QUIET]) == options.DONE
    assert [one["image_id"] for one in rows(tmp_path / "lake")] == [KEY.image_id(OTHER)]
    assert holding([tmp_path / "lake", vault], words) == []
    told = [event for event in events(tmp_path / "lake") if event["job"] == erasures.JOB]
    assert [event["event"] for event in told] == ["started", "resumed", "erased"]
    assert len({event["run_id"] for event in told}) == 1
    assert dict(told[-1]["counts"])["released"] == 1
    assert list(Members(lake).counts().values()) == [(2, 1)]
    assert not [one for one in verify.run(lake).findings if "releas" in one.text]
    assert not any((vault / erasures.FOLDER).iterdir())
    _a_nightly_run_finishes_it_too(nightly, words)


def _a_nightly_run_finishes_it_too(lake: Path, words: list[bytes]) -> None:
    """`anonymize` does first what was asked for before it, and then its own work."""
    source, vault = write(lake.parent / "new", {"sea.png": place()}), Path(f"{lake}.vault")
    assert anonymize(source, lake, "--key-file", key_file(lake.parent)) == options.DONE
    assert {row["image_id"] for row in rows(lake)} == {KEY.image_id(OTHER), KEY.image_id(f"file://{source}/sea.png")}
    assert holding([lake, vault], words) == []
    assert not any((vault / erasures.FOLDER).iterdir())
