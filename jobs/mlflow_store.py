"""Where MLflow keeps runs: a server that is named, or a store of our own beside the lake. Runs on the driver."""

import logging
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from conf.settings import Settings
from jobs import stores

_REMOTE_NAME = "faceveil-mlflow"
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    # MLflow's own are seven tries of two minutes each: a job would wait for a dead server longer than it worked.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_NO_FILES = "mlflow-artifacts:/"


@dataclass(frozen=True)
class Place:
    """Where runs are tracked.

    Attributes:
        uri: MLflow's tracking URI.
        root: where an embedded store keeps files; ``None`` where a server decides.
    """

    uri: str
    root: str | None = None

    @property
    def keeps_files(self) -> bool:
        """Whether artifacts can be logged."""
        return self.root != _NO_FILES

    def shown(self) -> str:
        """Return the URI without credentials."""
        parts = urlsplit(self.uri)
        if "@" not in parts.netloc and not parts.query:
            return self.uri
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def how_to_see(self, experiment_id: str, run_id: str) -> str:
        """Return where a browser finds the run, or the command that shows it."""
        if self.uri.startswith(("http://", "https://")):
            return f"{self.shown().rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
        if ":" not in self.uri or self.uri.startswith(("sqlite:", "file:")):
            beside = Path(sys.executable).with_name("mlflow")
            program = "mlflow" if shutil.which("mlflow") or not beside.exists() else str(beside)
            return shlex.join([program, "ui", "--backend-store-uri", self.shown()])
        return self.shown()

    def line(self, experiment: str, experiment_id: str, run_id: str) -> str:
        """Return in one line under which names a run is there, and how to see it."""
        return f"experiment {experiment!r}, run {run_id}; to see it: {self.how_to_see(experiment_id, run_id)}"


def embedded(lake_uri: str) -> tuple[Path, Path]:
    """Return the database and the folder of the store that is used where no server is named.

    They lie beside a local lake, and in the working directory for a remote one; a listing has to leave them out.
    """
    if stores.is_local(lake_uri):
        return Path(f"{lake_uri}.mlflow.db"), Path(f"{lake_uri}.mlflow")
    return Path.cwd() / f"{_REMOTE_NAME}.db", Path.cwd() / _REMOTE_NAME


def place(settings: Settings, lake_uri: str, source_uri: str | None = None) -> Place:
    """Return where runs of a lake are tracked: the setting, else ``MLFLOW_TRACKING_URI``, else an embedded store.

    An embedded store holds the absolute path of its folder. Where that would name the source, since the lake lies in
    it, no folder is named and no file kept.
    """
    given = settings.tracking.uri or os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        return Place(given)
    database, folder = embedded(lake_uri)
    inside = source_uri is not None and _is_inside(folder, source_uri)
    return Place(f"sqlite:///{database}", _NO_FILES if inside else folder.as_uri())


def _is_inside(folder: Path, source_uri: str) -> bool:
    if not stores.is_local(source_uri) and not source_uri.startswith("file:"):
        return False
    return folder.is_relative_to(stores.normalise(source_uri))


def load() -> Any:
    """Return the module ``mlflow``, told to be quiet and to call nobody."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: PLC0415 - it takes seconds, and most commands never need it

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


def make(where: Place) -> None:
    """Make an embedded store's database; MLflow itself would write the working directory's path into it."""
    if where.root is not None and not Path(where.uri.removeprefix("sqlite:///")).exists():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 - as slow as mlflow

        SqlAlchemyStore(where.uri, where.root)
