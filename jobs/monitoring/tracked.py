"""A run's drift in MLflow: figures of scope ``monitor``, nested under the run that they are of. Runs on the driver."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from conf.settings import Settings
from jobs import mlflow_store, tracking
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.tracking_evaluation import PARENT, metrics


def track(settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], of: str) -> str | None:
    """Log what a monitor found and return where.

    Args:
        settings: of the command.
        lake: where it was found.
        event: the monitor's event in the ledger.
        figures: what it measured.
        of: id of the run that it looked at.

    Returns:
        A line for people; ``None`` if tracking is off or failed, which is told on stderr.
    """
    if not settings.tracking.enabled:
        return None
    try:
        return _track(settings, lake, event, figures, of)
    except Exception as error:  # noqa: BLE001 - MLflow is a second copy, and must not fail a job that is done
        sys.stderr.write(
            f"faceveil: what was found is not (or not all) in MLflow ({type(error).__name__}); it is in the table "
            "'metrics' of the lake; check tracking.uri, or --set tracking.enabled=false\n"
        )
        return None


def _track(settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], of: str) -> str:
    mlflow, where = mlflow_store.load(), mlflow_store.place(settings, lake.uri, None)
    from mlflow.entities import Metric  # noqa: PLC0415 - as slow as mlflow

    mlflow_store.make(where)
    client = mlflow.MlflowClient(where.uri)
    experiment_id = tracking.experiment(client, settings.tracking.experiment, where)
    tags = tracking.tags(event, f"run {of} beside those before it") | _parent(client, experiment_id, of)
    run = client.create_run(experiment_id, tracking.started_ms(lake, event.run_id), tags, event.run_id)
    now = int(time.time() * 1000)
    # The run is what these are nested under, so its id is in no name: a chart then has a line over many runs.
    rows = [(_bare(name, of), value) for name, value, _ in metrics(figures)]
    client.log_batch(run.info.run_id, metrics=[Metric(name, value, now, 0) for name, value in rows])
    client.set_terminated(run.info.run_id, "FINISHED")
    name = f"experiment {settings.tracking.experiment!r}, run {run.info.run_id}"
    return f"{name}; to see it: {where.how_to_see(experiment_id, run.info.run_id)}"


def _bare(name: str, of: str) -> str:
    """Return a figure's name without the run and the state that it had there.

    Examples:
        >>> _bare("monitor/psi.confidence.r1.drifted", "r1"), _bare("monitor/share.failed.r1.baseline", "r1")
        ('monitor/psi.confidence', 'monitor/share.failed.baseline')
    """
    before, _, after = name.partition(f".{of}")
    side = after.removeprefix(".")
    return f"{before}.{side}" if side.startswith(("run", "baseline")) else before


def _parent(client: Any, experiment_id: str, of: str) -> dict[str, str]:
    """Return the tag that nests it under the run that it is of, if MLflow has that."""
    found = client.search_runs([experiment_id], f"tags.`{tracking.RUN_TAG}` = '{of}'", max_results=1)
    return {PARENT: found[0].info.run_id} if found else {}
