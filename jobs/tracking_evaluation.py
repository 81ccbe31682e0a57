"""An evaluation in MLflow: its figures, nested under the run whose images it attacked. Runs on the driver.

Told are figures, digests and versions; no name, and no id of an image: figures of scope ``worst`` stay in the lake.
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anonymizer_udfs.evidence import Figure
from conf.settings import Settings
from jobs import mlflow_store, tracking
from jobs.lake import Lake
from jobs.ledger import Event

PARENT = "mlflow.parentRunId"
_UNTOLD = frozenset({"worst"})
_STEPS = {"cmc": "rank"}
"""Figures that are a curve: the dimension along which it goes."""
_NOT_CURVES = frozenset({"det"})
_SOME = 500
_FREE = re.compile(r"[^\w./ -]")


def track(
    settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], files: Mapping[str, str]
) -> str | None:
    """Log a finished evaluation and return where.

    Args:
        settings: of the run.
        lake: which was evaluated.
        event: the evaluation's ``finished`` event.
        figures: what it measured.
        files: further files by name, such as the report.

    Returns:
        A line for people; ``None`` if tracking is off or failed, which is told on stderr.
    """
    if not settings.tracking.enabled:
        return None
    try:
        return _track(settings, lake, event, figures, files)
    except Exception as error:  # noqa: BLE001 - MLflow is a second copy, and must not fail a job that is done
        sys.stderr.write(
            f"faceveil: this evaluation is not (or not all) in MLflow ({type(error).__name__}); its figures are in the "
            "table 'metrics' of the lake; check tracking.uri, or --set tracking.enabled=false\n"
        )
        return None


def _track(settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], files: Mapping[str, str]) -> str:
    mlflow, where = mlflow_store.load(), mlflow_store.place(settings, lake.uri, None)
    mlflow_store.make(where)
    client = mlflow.MlflowClient(where.uri)
    experiment_id = tracking.experiment(client, settings.tracking.experiment, where)
    parent = _parent(client, experiment_id, lake)
    tags = tracking.tags(event, f"evaluation of {int(_count(figures, 'faces')):,} faces")
    run = client.create_run(experiment_id, tracking.started_ms(lake, event.run_id), tags | parent, event.run_id)
    _log(client, run.info.run_id, event, figures)
    client.set_terminated(run.info.run_id, "FINISHED")
    if where.keeps_files:
        with tempfile.TemporaryDirectory(prefix="faceveil-") as folder:
            for name, text in files.items():
                file = Path(folder, name)
                file.write_text(text, encoding="utf-8")
                client.log_artifact(run.info.run_id, str(file))
    name = f"experiment {settings.tracking.experiment!r}, run {run.info.run_id}"
    return f"{name}; to see it: {where.how_to_see(experiment_id, run.info.run_id)}"


def _count(figures: Sequence[Figure], name: str) -> float:
    return next((one.value or 0.0 for one in figures if (one.scope, one.name) == ("evaluation", name)), 0.0)


def _parent(client: Any, experiment_id: str, lake: Lake) -> dict[str, str]:
    """Return the tag that nests the run under the newest one that made images, if MLflow has that."""
    made = [one["run_id"] for one in lake.ledger.events() if (one["job"], one["event"]) == ("anonymize", "finished")]
    for run_id in reversed(made):
        found = client.search_runs([experiment_id], f"tags.`{tracking.RUN_TAG}` = '{run_id}'", max_results=1)
        if found:
            return {PARENT: found[0].info.run_id}
    return {}


def _log(client: Any, run_id: str, event: Event, figures: Sequence[Figure]) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - as slow as mlflow

    now = int(time.time() * 1000)
    said = {
        "key_id": event.key_id,
        "policy": event.policy,
        "pipeline_version": event.pipeline_version,
        **{f"model.{name}": value for name, value in event.model_digests.items()},
        **{f"library.{name}": value for name, value in event.library_versions.items()},
        **{f"table_version.{name}": str(value) for name, value in event.table_versions.items()},
    }
    client.log_batch(run_id, params=[Param(name, str(value)) for name, value in said.items() if value is not None])
    rows = [Metric(name, value, now, step) for name, value, step in metrics(figures)]
    for start in range(0, len(rows), _SOME):
        client.log_batch(run_id, metrics=rows[start : start + _SOME])


def metrics(figures: Sequence[Figure]) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and step of every figure that is told.

    Examples:
        >>> told = (("attack", "static"), ("gallery", "100"), ("tier", "T0"))
        >>> list(metrics([Figure("attack", "rank1", 0.1, told, high=0.2)]))
        [('attack/rank1.static.100', 0.1, 0), ('attack/rank1.static.100.high', 0.2, 0)]
    """
    for one in figures:
        if one.scope in _UNTOLD or one.name in _NOT_CURVES or one.value is None:
            continue
        along = _STEPS.get(one.name)
        more = [value for key, value in one.dimensions if key not in {along, "tier", "asked", "passed"}]
        name = _FREE.sub("_", f"{one.scope}/{'.'.join([one.name, *more])}")
        yield name, float(one.value), int(one.of(along) or 0) if along else 0
        if one.high is not None:
            yield f"{name}.high", float(one.high), 0
