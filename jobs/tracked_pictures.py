"""What of MLflow may show an image: contact sheets of runs and reports of evaluations; removed by an erasure.

Runs on the driver. Which images a sheet shows is written nowhere, so all artifacts of a run that had the image go.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conf.settings import Settings
from jobs import mlflow_store
from jobs.errors import JobError
from jobs.tracking import RUN_TAG


def remove(settings: Settings, lake_uri: str, run_ids: Sequence[str]) -> int:
    """Remove all artifacts of some runs and return how many files that were; figures, settings and notes stay.

    Args:
        settings: where runs are tracked; a store beside the lake is looked into though tracking is off.
        lake_uri: whose runs.
        run_ids: of the ledger.

    Raises:
        JobError: MLflow does not answer, or lets nothing be removed.
    """
    where = mlflow_store.place(settings, lake_uri)
    embedded = where.root is not None
    if not run_ids or (embedded and not Path(where.uri.removeprefix("sqlite:///")).exists()):
        return 0
    if not embedded and not settings.tracking.enabled:
        raise JobError(
            "tracking is off, and a tracking server is named that may show what is erased: turn tracking on for this "
            "command, or name no server"
        )
    try:
        return sum(_emptied(one) for one in _runs(where, run_ids))
    except Exception as error:  # whatever a server, its client or its store raises
        # Only the kind of error: its text may hold a URI with credentials.
        raise JobError(
            f"MLflow's pictures could not be removed ({type(error).__name__}): check tracking.uri or "
            "MLFLOW_TRACKING_URI and its access, and run the command again; the erasure stays open until then"
        ) from error


def _runs(where: mlflow_store.Place, run_ids: Sequence[str]) -> list[Any]:
    """Return the runs of the lake's runs, deleted ones too: their files are still there."""
    mlflow = mlflow_store.load()
    from mlflow.entities import ViewType  # noqa: PLC0415 - as slow as mlflow

    client = mlflow.MlflowClient(where.uri)
    every = [one.experiment_id for one in client.search_experiments(view_type=ViewType.ALL)]
    found = []
    for run_id in run_ids:
        found += client.search_runs(every, f"tags.`{RUN_TAG}` = '{run_id}'", ViewType.ALL)
    return found


def _emptied(run: Any) -> int:
    from mlflow.store.artifact.artifact_repository_registry import (  # noqa: PLC0415 - as slow as mlflow
        get_artifact_repository,
    )

    repository = get_artifact_repository(run.info.artifact_uri)
    files = [one.path for one in repository.list_artifacts() if not one.is_dir]
    for path in files:
        repository.delete_artifacts(path)
    return len(files)
