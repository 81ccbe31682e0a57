"""The dashboard: runs, backlog, drift and verdicts as one page, made of tables alone."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from anonymizer_udfs.evidence.figure import Figure
from conf.settings import Settings
from jobs import monitor
from jobs.lake import Lake
from jobs.metrics import MONITOR_APP, Metrics
from jobs.monitoring import watching
from jobs.reporting import dashboard
from tests.support import evaluated_lakes, lakes
from tests.unit.jobs.cases import Asked, Told
from tests.unit.jobs.monitoring import cases
from tests.unit.jobs.monitoring.cases import usual

OFF = ("--set", "tracking.enabled=false", "--vault", "none")


def page(lake: Lake) -> str:
    """Return the page of a lake."""
    return dashboard.html(dashboard.state(lake, Settings()))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of three runs, each looked at, the last of which drifted; and a verdict."""
    place = tmp_path_factory.mktemp("watched") / "lake"
    lower = {"faces": lambda row, _: [one | {"confidence": 0.3} for one in row["faces"]]}
    lake = cases.make(place, usual("run-1", 320, 1))
    watching.watch(lake, watching.Asked())
    for number, changes in ((2, {}), (3, lower)):
        cases.add(lake, f"run-{number}", usual(f"run-{number}", 320, number, **changes))
        watching.watch(lake, watching.Asked())
    evaluated_lakes.evaluate(lake, evaluated_lakes.refused())
    return lake


def test_an_empty_lake_has_a_page(tmp_path: Path) -> None:
    """It says what to do, and draws nothing."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create()
    made = html.unescape(page(lake))
    for words in ("<title>faceveil dashboard: obfuscated</title>", "faceveil monitor LAKE", "faceveil evaluate LAKE"):
        assert words in made
    assert "<svg" not in made


def test_a_first_run_is_told_as_what_it_is(tmp_path: Path) -> None:
    """With nothing to compare with, nobody can say; each figure has the name that people know it by."""
    lake = cases.make(tmp_path / "lake", usual("run-1", 40, 1))
    watching.watch(lake, watching.Asked())
    made = html.unescape(page(lake))
    assert "there was no run to compare with, or too few cases" in made
    assert "<span>images in quarantine</span>" in made
    assert "unsaid" not in made


def test_the_page_has_runs_backlog_drift_and_verdicts(watched: Lake) -> None:
    """Each with what the tables have: drawn over time, and in words."""
    made = html.unescape(page(watched))
    assert re.findall(r'<h2 id="(\w+)">', made) == ["runs", "backlog", "drift", "verdicts"]
    assert re.findall(r'aria-labelledby="(\w+)-t', made) == ["held", "psi"]
    for words in ("run-3", "detectors' confidence", "from here on it has drifted", "run-e", ">obfuscated<"):
        assert words in made
    rows = re.findall(r'data-name="evaluation due"[^>]*><span>(\w+)', made)
    assert rows == ["yes", "no", "no"]


def test_a_drift_is_an_alarm_until_an_evaluation(tmp_path: Path) -> None:
    """It is said first."""
    lake = cases.make(tmp_path / "lake", usual("run-1", 3, 1))
    said = json.dumps({"run": "run-1"})
    lake.ledger.append(lakes.event("finished", "w", job="monitor", counts={"evaluation_due": 1}, settings=said))
    assert '<p class="alarm">An evaluation is due: run run-1' in page(lake)
    evaluated_lakes.evaluate(lake, [])
    assert "An evaluation is due" not in page(lake)


def test_the_page_is_a_function_of_tables(watched: Lake) -> None:
    """The same tables give the same page, but for when it was made; it asks for nothing, and runs nothing."""
    tables = dashboard.state(watched, Settings())
    stamp = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
    assert stamp.sub("", dashboard.html(tables)) == stamp.sub("", dashboard.html(tables))
    made = dashboard.html(tables)
    assert "<script" not in made
    assert "default-src 'none'" in made
    assert str(Path(watched.uri).parent) not in made


def test_what_others_wrote_is_escaped(tmp_path: Path) -> None:
    """Names of figures, words of events and settings that nobody can read are text, or nothing."""
    evil = "<img src=x onerror=alert(1)>"
    lake = cases.make(tmp_path / "lake", usual("run-1", 3, 1))
    for number, settings in enumerate((json.dumps({"run": evil, "monitor": {"psi_most": evil}}), "{", "[]", None)):
        columns = {"job": "monitor", "policy_digest": None, "counts": {}, "settings": settings}
        lake.ledger.append(lakes.event("finished", f"w{number}", **columns))
    lake.ledger.append(lakes.event("finished", evil, job=evil))
    lake.ledger.append(evaluated_lakes.event("verdict", evil, settings=json.dumps({"word": evil}), counts={}))
    figures = [
        Figure("monitor", "psi", 0.5, (("figure", f"score.{evil}"), ("run", evil), ("state", evil))),
        Figure("monitor", "psi", None, (("run", evil), ("state", evil))),
    ]
    for number in range(4):
        Metrics(lake).append(figures, f"w{number}", 10 + number, MONITOR_APP)
    made = page(lake)
    assert "<img" not in made
    assert made.count("&lt;img src=x") > 3


def test_the_command_writes_it(watched: Lake, tmp_path: Path, asked: Asked, told: Told) -> None:
    """To a file that is not in the lake."""
    file = tmp_path / "dashboard.html"
    said: dict[str, Any] = asked(monitor, watched.uri, *OFF, "--out", file, "--dry-run", code=5)
    assert said["page"] == str(file)
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert "must not lie inside the lake" in told(monitor, watched.uri, *OFF, "--out", f"{watched.uri}/x.html", code=2)
    assert "folder that is there" in told(
        monitor, watched.uri, *OFF, "--dry-run", "--out", tmp_path / "no" / "x", code=1
    )
