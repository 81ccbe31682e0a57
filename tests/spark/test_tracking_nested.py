"""What MLflow is told of a later look at a run, by a real store; it starts no Spark."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from anonymizer_udfs import policy as policies
from anonymizer_udfs.drift import Monitor
from anonymizer_udfs.evidence import Figure
from conf.settings import Settings, load
from jobs import mlflow_store, tracking, tracking_evaluation
from jobs.figures import Figures
from jobs.lake import Lake
from jobs.monitoring import tracked, watching
from tests.support import lakes
from tests.unit.jobs.monitoring import cases
from tests.unit.jobs.monitoring.cases import usual


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that ship; no server of this machine is told of these tests."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return load("local", [])


@pytest.fixture
def lake(settings: Settings, tmp_path: Path) -> Lake:
    """Return a lake of two runs, of which MLflow has the second."""
    made = cases.make(tmp_path / "lake", usual("run-1", 5, 1), usual("run-2", 5, 2))
    event = lakes.event("finished", run_id="run-2", pipeline_version="0.1.0", table_versions=made.tables.versions())
    tracking.track(settings, made, event, Figures(), policies.public())
    return made


def client_of(settings: Settings, lake: Lake) -> MlflowClient:
    """Return a client of the store that a lake is tracked in."""
    return MlflowClient(mlflow_store.place(settings, lake.uri).uri)


def by_job(client: MlflowClient) -> dict[str, Run]:
    """Return the runs of a store by the jobs that made them."""
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    return {run.data.tags["faceveil.job"]: run for run in runs}


def test_a_drift_is_a_run_of_its_own(settings: Settings, lake: Lake) -> None:
    """Nested under the run that it is of, by names that are the same from run to run."""
    found, event = watching.watch(lake, watching.Asked(limits=Monitor(least_cases=5)))
    assert event is not None
    figures = [f for one in found.findings for f in one.figures("run-2", 0.999)]
    assert "faceveil" in (tracked.track(settings, lake, event, figures, "run-2") or "")
    runs = by_job(client_of(settings, lake))
    mine = runs["monitor"]
    assert mine.data.tags["mlflow.parentRunId"] == runs["anonymize"].info.run_id
    assert {"monitor/psi.confidence", "monitor/share.failed.run", "monitor/odds_ratio.failed"} <= set(mine.data.metrics)


def test_an_evaluation_is_a_run_of_its_own(settings: Settings, lake: Lake, tmp_path: Path) -> None:
    """Nested under the newest run that MLflow has; with what went in, curves, and the report, but no worst image."""
    lake.ledger.append(lakes.event("finished", run_id="run-3"))
    event = replace(lakes.event("finished", run_id="look"), job="evaluate", model_digests={"arc": "0" * 64})
    curve = [
        Figure("attack", "cmc", value, (("attack", "static"), ("rank", str(rank))))
        for rank, value in ((1, 0.2), (5, 0.4))
    ]
    figures = [Figure("evaluation", "faces", 1234.0), *curve, Figure("worst", "similarity", 0.9)]
    line = tracking_evaluation.track(settings, lake, event, figures, {"report.md": "all of it"})
    client = client_of(settings, lake)
    runs = by_job(client)
    mine = runs["evaluate"]
    assert mine.info.run_id in (line or "")
    assert mine.data.tags["mlflow.parentRunId"] == runs["anonymize"].info.run_id
    assert mine.data.tags["mlflow.note.content"] == "evaluation of 1,234 faces"
    assert mine.data.params["model.arc"] == "0" * 64
    assert set(mine.data.metrics) == {"evaluation/faces", "attack/cmc.static"}
    steps = {one.step: one.value for one in client.get_metric_history(mine.info.run_id, "attack/cmc.static")}
    assert steps == {1: 0.2, 5: 0.4}
    report = client.download_artifacts(mine.info.run_id, "report.md", str(tmp_path))
    assert Path(report).read_text(encoding="utf-8") == "all of it"


def test_a_look_that_cannot_be_told_fails_nothing(
    lake: Lake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where MLflow is out of reach one line says what is not there, and where the figures are."""
    (tmp_path / "file").touch()
    settings = load("local", [f"tracking.uri=sqlite:///{tmp_path}/file/store.db"])
    event = lakes.event("finished", run_id="look")
    assert tracking_evaluation.track(settings, lake, event, [], {}) is None
    assert "this evaluation is not (or not all) in MLflow" in capsys.readouterr().err
