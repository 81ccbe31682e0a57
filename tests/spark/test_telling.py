"""What a run tells those who watch machines: the log for programs and Prometheus, with no name in either."""

import json
from pathlib import Path

import pytest

from tests.support.anonymizing import HELD_BACK, SMALL, anonymize, events, rows
from tests.support.pictures import portrait, write
from tests.unit.jobs.test_meters import read

pytestmark = pytest.mark.usefixtures("spark")


def test_a_run_tells_what_the_ledger_and_the_table_say(tmp_path: Path) -> None:
    """Each commit once; the sums are the table's; no name and no path is in it."""
    files = {"Smith family/1.png": portrait(1), "Smith family/2.png": portrait(2), "Smith family/cut.jpg": b"no"}
    source, log, prom = write(tmp_path / "photos", files), tmp_path / "faceveil.log", tmp_path / "faceveil.prom"
    watched = (f"logs.file={log}", "logs.format=json", f"prometheus.file={prom}")
    options = [word for one in watched for word in ("--set", one)]
    assert anonymize(source, tmp_path / "lake", *SMALL, *options) == HELD_BACK
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    mine = events(tmp_path / "lake")
    assert [one["event"] for one in told if one["event"] != "committed"] == [
        "command",
        "started",
        "planned",
        "finished",
        "done",
    ]
    run_id = mine[0]["run_id"]
    assert {one["run_id"] for one in told if "run_id" in one} == {run_id}
    commits = [one for one in told if one["event"] == "committed"]
    assert sum(one["images"] for one in commits) == len(rows(tmp_path / "lake")) == 3
    finished = dict(mine[-1]["figures"])
    for step in ("detect", "decode"):
        spent = sum(one[f"seconds_{step}"] for one in commits)
        assert spent == pytest.approx(finished[f"seconds.{step}"], abs=0.01)
    found = read(prom.read_text(encoding="utf-8"))
    assert found[("faceveil_images_total", "quarantined")] == 1
    assert found[("faceveil_commits_total",)] == len(commits)
    assert found[("faceveil_faces_total",)] == sum(len(row["faces"]) for row in rows(tmp_path / "lake"))
    said = log.read_text(encoding="utf-8") + prom.read_text(encoding="utf-8")
    assert not any(word in said for word in ("Smith", "cut.jpg", str(tmp_path)))
