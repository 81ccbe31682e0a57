"""An erasure that is killed is finished by whoever comes next: nothing is half erased, and it is told once."""

import sys
from pathlib import Path

import pytest

from jobs import erasures, export, options
from jobs.lake import Lake
from tests.support.anonymizing import DONE, QUIET, anonymize, by_name, ends, events, key_file
from tests.support.pictures import place, write
from tests.support.processes import Process
from tests.support.searching_bytes import holding

ROOT = Path(__file__).resolve().parents[2]


def test_a_killed_erasure_is_finished_by_the_next_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed when it is decided, and again when the row is gone and its bytes are not: then a run finishes it."""
    key = ("--key-file", key_file(tmp_path))
    photos, lake = write(tmp_path / "photos", {f"{n}.png": place(n) for n in range(3)}), tmp_path / "lake"
    assert anonymize(photos, lake, *key) == DONE
    row = by_name(lake)["1.png"]
    words = [row["image_id"].encode(), row["source_digest"].encode(), b"1.png"]
    order, log = Path(f"{lake}.vault", erasures.FOLDER), lake / "images" / "_delta_log"
    erase = [sys.executable, "-m", "jobs.erase", str(lake), *key, *QUIET, "--yes"]
    fresh = len(list(log.glob("*.json"))) + 2
    for number, (more, moment) in enumerate(
        (
            (["--source", str(photos / "1.png")], lambda: any(order.glob("*.json"))),
            ([], lambda: len(list(log.glob("*.json"))) >= fresh),
        )
    ):
        process = Process(f"erase {number}", [*erase, *more], tmp_path / f"said-{number}", {"PYTHONPATH": str(ROOT)})
        try:
            process.wait_until(moment, 300)
        finally:
            process.kill()
        assert any(order.glob("*.json"))
    assert holding([lake], words)
    assert erasures.unfinished(Lake(str(lake)))
    assert export.main([str(lake), str(tmp_path / "out")]) == options.FAILED
    assert "faceveil erase" in capsys.readouterr().err
    assert anonymize(photos, lake, *key) == DONE
    assert "finished the erasure" in capsys.readouterr().err
    assert set(ends(lake)) == {"0.png", "2.png"}
    assert holding([lake, Path(f"{lake}.vault")], words) == []
    told = [event for event in events(lake) if event["job"] == "erase"]
    assert [event["event"] for event in told].count("erased") == 1
    assert len({event["run_id"] for event in told}) == 1
    assert not any(order.iterdir())
