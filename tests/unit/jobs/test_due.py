"""Whether a lake has to be evaluated again: only what began later, and shows something, takes a drift back."""

import json
from typing import Any

import pytest

from jobs.due import DUE, evaluation_due
from jobs.lake import Lake
from tests.support import evaluated_lakes, lakes


def drifted(lake: Lake, run_id: str = "watch-1", due: int = 1) -> None:
    """Say in a lake's ledger what a monitor found."""
    said = json.dumps({"run": "run-1"})
    lake.ledger.append(lakes.event("finished", run_id, job="monitor", counts={DUE: due, "drifted": 2}, settings=said))


def why(lake: Lake) -> Any:
    """Return what its ledger says."""
    return evaluation_due(lake.ledger.events())


def test_nothing_is_due_where_nothing_drifted(tmp_path: Any) -> None:
    """Of a new lake, of one that was evaluated, and of one whose runs are steady."""
    assert evaluation_due([]) is None
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    drifted(lake, due=0)
    assert why(lake) is None


def test_a_drift_makes_it_due_and_an_evaluation_takes_it_back(tmp_path: Any) -> None:
    """It names the run; one that began before the drift does not count, even if its verdict comes later."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    began = evaluated_lakes.event("started", "run-early")
    lake.ledger.append(began)
    drifted(lake)
    assert why(lake).run_id == "run-1"
    assert "run run-1 drifted" in why(lake).sentence
    lake.ledger.append(began.then("verdict", settings=json.dumps({"void": False})))
    assert why(lake) is not None
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-late")
    assert why(lake) is None
    drifted(lake, "watch-2")
    assert why(lake).monitor_id == "watch-2"


@pytest.mark.parametrize("until", ["started", "finished"])
def test_an_evaluation_without_a_verdict_takes_nothing_back(until: str, tmp_path: Any) -> None:
    """One that was cut off has shown nothing."""
    lake = evaluated_lakes.make(tmp_path / "lake", None)
    drifted(lake)
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), until=until)
    assert why(lake) is not None


@pytest.mark.parametrize("settings", [None, "", "{", "[]", '{"void": true}', "{}"])
def test_a_void_or_unreadable_verdict_takes_nothing_back(settings: str | None, tmp_path: Any) -> None:
    """Its attackers were too weak to show anything, or nobody can read what it says."""
    lake = evaluated_lakes.make(tmp_path / "lake", None)
    drifted(lake)
    began = evaluated_lakes.event("started", "run-void")
    lake.ledger.append(began)
    lake.ledger.append(began.then("verdict", settings=settings))
    assert why(lake) is not None


def test_a_drifts_own_record_may_be_unreadable(tmp_path: Any) -> None:
    """It is due all the same."""
    lake = evaluated_lakes.make(tmp_path / "lake", None)
    lake.ledger.append(lakes.event("finished", "w", job="monitor", counts={DUE: 1}, settings="{"))
    assert why(lake).run_id == "?"
