"""MLflow: what each run cost in utility and what it leaves in re-identification risk. Runs on the driver.

Told are settings, policy, digests, keyed ids, versions, figures and a contact sheet of results; never a source's name,
path or metadata, and none of the tags by which MLflow would name user, machine, script and working directory. MLflow
is a second copy: the run's row in the lake has all figures, so that a failing MLflow never fails a job.
"""

import contextlib
import importlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.policy import Policy
from conf.settings import Settings
from jobs import mlflow_store, results, sheet, stores, untracked
from jobs.figures import Figures
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.originals import Originals

RUN_TAG = "faceveil.run_id"
SHEET = "contact_sheet.png"
_BATCH = 100


def prepare(settings: Settings) -> None:
    """Begin to load MLflow beside the work, since its import takes seconds; returns at once."""
    if settings.tracking.enabled:
        threading.Thread(target=_load_quietly, name="mlflow-import", daemon=True).start()


def _load_quietly() -> None:
    # Whatever is wrong comes again, and is told, when the run is tracked.
    with contextlib.suppress(Exception):
        mlflow_store.load()
        importlib.import_module("mlflow.store.tracking.sqlalchemy_store")


def track(
    settings: Settings,
    lake: Lake,
    event: Event,
    figures: Figures,
    policy: Policy,
    *,
    others: Sequence[Policy] = (),
    source_uri: str | None = None,
    originals: Originals | None = None,
) -> str | None:
    """Log a finished run and return where; a run that was logged before is continued.

    Args:
        settings: of the run.
        lake: holds the results.
        event: the run's ``finished`` event.
        figures: what the run came to.
        policy: how it treated images.
        others: how it treated those of data sets that have a policy of their own.
        source_uri: as typed, only to keep it out of what is stored.
        originals: of the run's images; they are read and shown only where all policies have ``originals_visible``.

    Returns:
        A line for people, without credentials; ``None`` if tracking is off or failed, which is told on stderr.
    """
    if not settings.tracking.enabled:
        return None
    try:
        policies = (policy, *others)
        seen = originals if all(one.originals_visible for one in policies) else None
        where = mlflow_store.place(settings, lake.uri, source_uri)
        line = _track(settings, lake, _Told(event, figures, policies), where, seen)
        late = untracked.tell(
            lake, event.run_id, lambda one, told: _track(settings, lake, _Told(one, told, ()), where, None)
        )
    except Exception as error:  # noqa: BLE001 - MLflow is a second copy, and must not fail a job that is done
        # Only the kind of error: its text may hold a URI with credentials.
        sys.stderr.write(
            f"faceveil: this run is not (or not all) in MLflow ({type(error).__name__}); its figures are in the table "
            "'runs' of the lake, and the next run that reaches MLflow tells it; check tracking.uri or "
            "MLFLOW_TRACKING_URI, or --set tracking.enabled=false\n"
        )
        with contextlib.suppress(FaceveilError, *stores.FAILURES):
            untracked.note(lake, event.run_id)
        return None
    if late:
        sys.stderr.write(f"faceveil: MLflow has been told of {late} earlier runs that it could not be told of then\n")
    return line


@dataclass(frozen=True)
class _Told:
    """What MLflow is told of a run, in its words; of one that is told late, its policies are known by digest alone."""

    event: Event
    figures: Figures
    policies: Sequence[Policy]

    @property
    def images(self) -> int:
        """How many images the run wrote."""
        return sum(self.figures.counts.get(status, 0) for status in Status)

    def params(self) -> dict[str, str]:
        """Return what went in."""
        event, settings = self.event, json.loads(self.event.settings or "{}")
        # A profile may be a file of the user's: its name says enough.
        settings["profile"] = ",".join(Path(name).name for name in str(settings.get("profile", "")).split(","))
        said: dict[str, Any] = {
            "policy": event.policy,
            "policy_canonical": self.policies[0].canonical() if self.policies else None,
            **{f"policy_canonical.{one.name}": one.canonical() for one in self.policies[1:]},
            "policy_digest": event.policy_digest,
            "source_id": event.source_id,
            "key_id": event.key_id,
            "pipeline_version": event.pipeline_version,
            **{f"settings.{name}": value for name, value in settings.items()},
            **{f"model.{name}": value for name, value in event.model_digests.items()},
            **{f"library.{name}": value for name, value in event.library_versions.items()},
            **{f"table_version.{name}": value for name, value in event.table_versions.items()},
        }
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in said.items() if v is not None}

    def metrics(self) -> dict[str, float]:
        """Return what came out; slashes make the groups that MLflow's pages show."""
        groups = {"reason.": "reason/", "share.": "share/", "seconds.": "seconds/", "policy.": "policy/"}

        def named(name: str, group: str) -> str:
            return next((name.replace(a, b, 1) for a, b in groups.items() if name.startswith(a)), f"{group}{name}")

        counts = {named(name, "count/"): float(value) for name, value in self.figures.counts.items()}
        return counts | {named(name, ""): float(value) for name, value in self.figures.values.items()}

    def tags(self) -> dict[str, str]:
        """Return the tags."""
        return tags(self.event, "\n\n".join(self.figures.lines()))


def _track(settings: Settings, lake: Lake, told: _Told, where: mlflow_store.Place, originals: Originals | None) -> str:
    mlflow = mlflow_store.load()
    mlflow_store.make(where)
    client = mlflow.MlflowClient(where.uri)
    experiment_id = experiment(client, settings.tracking.experiment, where)
    run = _run(client, experiment_id, told, started_ms(lake, told.event.run_id))
    _log(client, run, told)
    _log_tables(client, run.info.run_id, lake, told)
    client.set_terminated(run.info.run_id, "FINISHED")
    most = settings.tracking.contact_sheet_images
    if most and told.policies and where.keeps_files and told.images:
        _log_sheet(client, run.info.run_id, told, results.tiles(lake, told.event.run_id, most, originals), most)
    return where.line(settings.tracking.experiment, experiment_id, run.info.run_id)


def tags(event: Event, note: str) -> dict[str, str]:
    """Return a run's tags; those of MLflow are set, so that it does not fill them with names of people and places."""
    return {
        RUN_TAG: event.run_id,
        "faceveil.job": event.job,
        "mlflow.runName": event.run_id,
        "mlflow.user": "faceveil",
        "mlflow.source.name": f"faceveil {event.job}",
        "mlflow.source.type": "JOB",
        "mlflow.note.content": note,
    }


def experiment(client: Any, name: str, where: mlflow_store.Place) -> str:
    """Return the id of the experiment of a name, made now if there is none."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as slow as mlflow

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=where.root))
        except MlflowException:
            # Another run may have made it since.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def started_ms(lake: Lake, run_id: str) -> int:
    """Return when the run began, in milliseconds since 1970."""
    rows = lake.tables.query(f"SELECT MIN(at) AS began FROM runs WHERE run_id = '{run_id}'").to_pylist()  # noqa: S608 - ours
    began = rows[0]["began"]
    return int(began.timestamp() * 1000) if began else int(time.time() * 1000)


def _run(client: Any, experiment_id: str, told: _Told, started_ms: int) -> Any:
    """Return the run's MLflow run: the one that has its id as a tag, or a new one."""
    same = client.search_runs([experiment_id], f"tags.`{RUN_TAG}` = '{told.event.run_id}'", max_results=1)
    return same[0] if same else client.create_run(experiment_id, started_ms, told.tags(), told.event.run_id)


def _log(client: Any, run: Any, told: _Told) -> None:
    """Log everything in as few calls as MLflow allows.

    A param is never changed; one that a resumed run had otherwise is told as a tag.
    """
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - as slow as mlflow

    now, before = int(time.time() * 1000), run.data.params
    wanted = told.params()
    params = [Param(name, value) for name, value in wanted.items() if name not in before]
    changed = {f"resumed.{name}": value for name, value in wanted.items() if before.get(name, value) != value}
    tags = [RunTag(name, value) for name, value in (told.tags() | changed).items()]
    metrics = [Metric(name, value, now, 0) for name, value in told.metrics().items()]
    client.log_batch(run.info.run_id, metrics, params[:_BATCH], tags[:_BATCH])
    for start in range(_BATCH, max(len(params), len(tags)), _BATCH):
        part = slice(start, start + _BATCH)
        client.log_batch(run.info.run_id, [], params[part], tags[part])


def _log_tables(client: Any, run_id: str, lake: Lake, told: _Told) -> None:
    """Log the version of the results' table; the table is told by its own id, since the lake's path may say much."""
    from mlflow.entities import Dataset, DatasetInput  # noqa: PLC0415 - as slow as mlflow

    version = told.event.table_versions.get("images")
    if version is None:
        return
    table_id = str(lake.tables.open("images").metadata().id)
    source = json.dumps({"delta_table_name": f"images-{table_id}", "delta_table_version": version})
    dataset = Dataset("images", f"{table_id[:8]}-v{version}", "delta_table", source)
    client.log_inputs(run_id, [DatasetInput(dataset)])


def _log_sheet(client: Any, run_id: str, told: _Told, tiles: Iterator[sheet.Tile], most: int) -> None:
    names = ", ".join(one.name for one in told.policies)
    title = f"{min(most, told.images):,} of {told.images:,} images, policy {names}"
    log_file(client, run_id, SHEET, sheet.contact_sheet(tiles, title, told.event.run_id))


def log_file(client: Any, run_id: str, name: str, content: bytes) -> None:
    """Log a file of a run under its name."""
    with tempfile.TemporaryDirectory(prefix="faceveil-") as folder:
        file = Path(folder, name)
        file.write_bytes(content)
        client.log_artifact(run_id, str(file))
