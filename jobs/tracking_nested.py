"""What a later look at a run measured, in MLflow: a run of its own, nested under that run. Runs on the driver.

Evaluations and monitors are told so. Told are figures, digests and versions; no name, and no id of an image: figures of
scope ``worst`` stay in the lake.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from conf.settings import Settings
from jobs import mlflow_store, tracking
from jobs.lake import Lake
from jobs.ledger import Event

_PARENT = "mlflow.parentRunId"
_UNTOLD = frozenset({"worst"})
_STEPS = {"cmc": "rank"}
"""Figures that are a curve: the dimension along which it goes."""
_NOT_CURVES = frozenset({"det"})
_SOME = 500
_FREE = re.compile(r"[^\w./ -]")


@dataclass(frozen=True)
class Nested:
    """What MLflow is told of one look.

    Attributes:
        note: what it shows beside the run.
        under: ids of runs; it is nested under the first of them that MLflow has.
        metrics: name, value and step of each figure.
        params: what went in.
        files: content by name, such as the report.
    """

    note: str
    under: Sequence[str]
    metrics: Sequence[tuple[str, float, int]]
    params: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def track(settings: Settings, lake: Lake, event: Event, what: str, told: Callable[[], Nested]) -> str | None:
    """Log a look and return where.

    Args:
        settings: of the command.
        lake: which was looked at.
        event: of the look in the ledger.
        what: it is called where it could not be logged.
        told: gives what is logged; asked for only where tracking is on.

    Returns:
        A line for people; ``None`` if tracking is off or failed, which is told on stderr.
    """
    if not settings.tracking.enabled:
        return None
    try:
        return _track(settings, lake, event, told())
    except Exception as error:  # noqa: BLE001 - MLflow is a second copy, and must not fail a job that is done
        sys.stderr.write(
            f"faceveil: {what} is not (or not all) in MLflow ({type(error).__name__}); its figures are in the table "
            "'metrics' of the lake; check tracking.uri, or --set tracking.enabled=false\n"
        )
        return None


def _track(settings: Settings, lake: Lake, event: Event, told: Nested) -> str:
    mlflow, where = mlflow_store.load(), mlflow_store.place(settings, lake.uri)
    mlflow_store.make(where)
    client = mlflow.MlflowClient(where.uri)
    experiment_id = tracking.experiment(client, settings.tracking.experiment, where)
    tags = tracking.tags(event, told.note) | _parent(client, experiment_id, told.under)
    run = client.create_run(experiment_id, tracking.started_ms(lake, event.run_id), tags, event.run_id)
    _log(client, run.info.run_id, told)
    client.set_terminated(run.info.run_id, "FINISHED")
    for name, text in told.files.items() if where.keeps_files else ():
        tracking.log_file(client, run.info.run_id, name, text.encode())
    return where.line(settings.tracking.experiment, experiment_id, run.info.run_id)


def _parent(client: Any, experiment_id: str, run_ids: Sequence[str]) -> dict[str, str]:
    """Return the tag that nests a run under the first of some that MLflow has; none where it has none of them."""
    for run_id in run_ids:
        found = client.search_runs([experiment_id], f"tags.`{tracking.RUN_TAG}` = '{run_id}'", max_results=1)
        if found:
            return {_PARENT: found[0].info.run_id}
    return {}


def _log(client: Any, run_id: str, told: Nested) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - as slow as mlflow

    now = int(time.time() * 1000)
    client.log_batch(run_id, params=[Param(name, value) for name, value in told.params.items()])
    rows = [Metric(name, value, now, step) for name, value, step in told.metrics]
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
