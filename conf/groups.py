"""The groups of settings: each a frozen pydantic model that refuses unknown keys and what contradicts itself."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from conf.values import GIBIBYTE, MEBIBYTE, Bytes, Count, Days, Group, Server, no_bool

_SECRET = re.compile(r"secret|password|access\.?key|session\.?token", re.IGNORECASE)

OWNED_CONF = {
    "spark.master": "spark.master",
    "spark.app.name": "spark.app_name",
    "spark.driver.memory": "spark.driver_memory",
    "spark.sql.execution.arrow.maxBytesPerBatch": "limits.arrow_batch_bytes",
    "spark.hadoop.fs.s3a.endpoint": "storage.endpoint_url",
    "spark.hadoop.fs.s3a.endpoint.region": "storage.region",
    "spark.hadoop.fs.s3a.path.style.access": "storage.path_style",
}
"""Spark's own keys that a setting of ours stands for: given twice, one of them would lose in silence."""


class Spark(Group):
    """The session."""

    master: str | None = Field(
        default=None, description="Where to run; null: what spark-submit says, else all local cores"
    )
    driver_memory: str = Field(default="2g", pattern=r"^[1-9]\d*[kmgt]$", description="Heap of the driver, such as 2g")
    app_name: str = Field(default="faceveil", min_length=1, description="What cluster UIs show; name no source in it")
    delta: Literal["bundled", "provided"] = Field(
        default="bundled", description="provided: the cluster has its own Delta jars"
    )
    conf: dict[str, str] = Field(default_factory=dict, description="Further settings of Spark, by their own names")

    @field_validator("conf", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        """Take YAML's booleans and numbers as Spark writes them."""
        if not isinstance(value, dict):
            return value
        return {
            k: str(v).lower() if isinstance(v, bool) else v if isinstance(v, str) else str(v) for k, v in value.items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, value in self.conf.items():
            if key in OWNED_CONF:
                raise ValueError(
                    f"spark.conf sets {key}, which the setting {OWNED_CONF[key]} stands for; set that one instead"
                )
            if _SECRET.search(key):
                raise ValueError("spark.conf holds a credential; leave it out and give it by environment or a provider")
            if key == "spark.io.encryption.enabled" and value != "true":
                raise ValueError(
                    "spark.io.encryption.enabled must stay true: keys pass through spill files; leave it out"
                )
        return self


class Limits(Group):
    """What bounds a worker's memory and time, whatever the images."""

    max_pixels: Count = Field(
        default=100_000_000, description="Pictures of more pixels are quarantined before they are decoded"
    )
    max_bytes: Bytes = Field(
        default=256 * MEBIBYTE, le=2 * GIBIBYTE - 1, description="Larger files are quarantined unread"
    )
    arrow_batch_bytes: Bytes = Field(
        default=64 * MEBIBYTE,
        le=GIBIBYTE,
        description="Bound of an Arrow batch between JVM and Python; one image may exceed it",
    )
    read_ahead_bytes: Bytes = Field(
        default=64 * MEBIBYTE, description="Source bytes that one task reads ahead of its work"
    )
    read_threads: Annotated[Count, Field(le=64)] = Field(default=4, description="Reads at a time of one task")
    worker_bytes: Annotated[Bytes, Field(ge=GIBIBYTE)] = Field(
        default=6 * GIBIBYTE,
        description="Resident memory of a worker process; an image that takes it further alone is quarantined. The "
        "largest that max_pixels allows took 3.4 GB; lower both where workers have less",
    )
    image_seconds: Annotated[Count, Field(le=86_400)] = Field(
        default=120,
        description="Work on an image of up to 10 megapixels, and as much for each 10 more; then it is quarantined",
    )


class Batches(Group):
    """How work is cut: a batch is one commit, minutes of work; a task is a minute at most."""

    images: Count = Field(
        default=20_000,
        description="Images of one commit. A commit costs about 2 seconds and a kill loses at most one batch; at 10 "
        "images a second and core, 20,000 are 17 minutes on 2 cores and 2 on 16",
    )
    bytes: Bytes = Field(
        default=8 * GIBIBYTE, description="Source bytes of one commit; whichever bound is reached first"
    )
    task_images: Count = Field(
        default=200,
        description="Images of one task: at 10 small images a second and core, 20 seconds, so progress moves",
    )
    task_bytes: Bytes = Field(
        default=256 * MEBIBYTE, description="Source bytes of one task: about 60 photos of 12 megapixels, half a minute"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for bound in ("images", "bytes"):
            task, whole = getattr(self, f"task_{bound}"), getattr(self, bound)
            if task > whole:
                raise ValueError(
                    f"batches.task_{bound} ({task}) is more than batches.{bound} ({whole}): a task is a part of a "
                    f"batch; lower the first or raise the second"
                )
        return self


Provider = Literal["CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"]


class Models(Group):
    """Which model files are used, where they lie and what runs them."""

    local_dirs: tuple[str, ...] = Field(default=(), description="Folders that are searched for model files, in order")
    licences_accepted: tuple[str, ...] = Field(
        default=(), description="Licences accepted by name; each run's row records them"
    )
    detector: str | None = Field(default=None, description="A model of the registry in place of the policy's detector")
    recognizer: str | None = Field(
        default=None, min_length=1, description="Who measures re-identification, in place of the policy's recognizer"
    )
    calibration_dir: str | None = Field(
        default=None,
        min_length=1,
        description="A folder that faceveil calibrate wrote; null: the calibrations that ship",
    )
    providers: tuple[Provider, ...] = Field(
        default=("CPUExecutionProvider",),
        min_length=1,
        description="ONNX Runtime's providers; the first has to be there",
    )
    ship: bool = Field(
        default=True, description="The driver sends model files to executors; false: they are in local_dirs there"
    )


class Storage(Group):
    """How object stores are reached. Credentials are no settings: they come from the environment or the instance."""

    endpoint_url: Server | None = Field(
        default=None, description="http(s)://host[:port] of an S3 server; null: Amazon's own"
    )
    region: str | None = Field(default=None, description="Region; null: from the environment, else the bucket's own")
    anonymous: bool = Field(default=False, description="Read public buckets without signing; a lake needs credentials")
    path_style: bool = Field(default=False, description="Bucket in the path, as most S3 servers but Amazon's want it")


class Lease(Group):
    """How one run at a time has a lake to itself."""

    renew_seconds: Annotated[float, BeforeValidator(no_bool), Field(ge=0.1, le=600)] = Field(
        default=10.0, description="A run that has a lake shows this often that it lives"
    )
    expire_seconds: Annotated[float, BeforeValidator(no_bool), Field(ge=0.5, le=3600)] = Field(
        default=60.0, description="Seen without a sign of life for so long, a run has its place taken by another"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.expire_seconds < 3 * self.renew_seconds:
            raise ValueError(
                f"lease.expire_seconds ({self.expire_seconds:g}) is less than three times lease.renew_seconds "
                f"({self.renew_seconds:g}): one late renewal would cost a run the lake; raise the first"
            )
        return self


class Tracking(Group):
    """What MLflow is told."""

    enabled: bool = Field(default=True, description="Log runs to MLflow")
    uri: str | None = Field(
        default=None, description="Tracking server; null: MLFLOW_TRACKING_URI, else a file beside the lake"
    )
    experiment: str = Field(default="faceveil", min_length=1, description="MLflow's experiment")
    sample_size: Annotated[int, BeforeValidator(no_bool), Field(ge=0)] = Field(
        default=200, description="Images on which utility and re-identification are measured; 0 for none"
    )
    contact_sheet_images: Annotated[int, BeforeValidator(no_bool), Field(ge=0, le=400)] = Field(
        default=24, description="Results on the contact sheet; 0 for no sheet"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.contact_sheet_images > self.sample_size:
            raise ValueError(
                f"tracking.contact_sheet_images ({self.contact_sheet_images}) is more than tracking.sample_size "
                f"({self.sample_size}), from which it is taken; lower the first or raise the second"
            )
        return self


class Logs(Group):
    """The log for programs: ids, counts and words, one event a line. People read the terminal as ever."""

    format: Literal["text", "json"] = Field(
        default="text", description="json: one object a line; without logs.file it goes to standard error"
    )
    file: str | None = Field(default=None, min_length=1, description="Append to this file; null: none for text")

    @property
    def as_json(self) -> bool:
        """Whether lines are JSON."""
        return self.format == "json"


class Prometheus(Group):
    """Figures of a run for Prometheus, while it runs and at its end."""

    file: str | None = Field(
        default=None, pattern=r"\.prom$", description="A file NAME.prom for node_exporter's textfile collector"
    )
    push_url: Server | None = Field(default=None, description="http(s)://host:port of a Pushgateway")
    job: str = Field(default="faceveil", pattern=r"^[A-Za-z0-9_.-]+$", description="The job's name at the Pushgateway")
    port: Annotated[int, BeforeValidator(no_bool), Field(ge=1, le=65_535)] | None = Field(
        default=None, description="Serve /metrics on this port while a run lasts"
    )
    address: str = Field(
        default="127.0.0.1", min_length=1, description="Where that port listens; default: this machine"
    )


class Retention(Group):
    """How long what is kept; ``faceveil maintain`` sees to it, and nothing is dropped without it."""

    history_days: Days = Field(
        default=30, description="Earlier versions of all tables, and what changed between them, stay readable so long"
    )
    images_days: Days | None = Field(
        default=None, description="Rows of images are erased for good so long after they were made; null: never"
    )
    work_days: Days | None = Field(
        default=None, description="The vault's work lists; without one an image cannot be evaluated; null: never"
    )
    metrics_days: Days | None = Field(default=None, description="Figures of evaluations; null: never")


def flatten(prefix: str, value: Any) -> dict[str, Any]:
    """Return nested mappings as one, keys joined by dots.

    Examples:
        >>> flatten("", {"a": {"b": 1}, "c": 2})
        {'a.b': 1, 'c': 2}
    """
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    out: dict[str, Any] = {}
    for key, below in value.items():
        out |= flatten(f"{prefix}.{key}" if prefix else str(key), below)
    return out
