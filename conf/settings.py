"""All settings of a run, checked before a SparkSession exists.

A profile is a YAML file of groups; ``--set group.key=value`` changes single keys. What a policy says (what is found,
how it is treated) is no setting: it is in ``conf.policies``.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from conf.groups import (
    Batches,
    Lease,
    Limits,
    Logs,
    Models,
    Prometheus,
    Retention,
    Spark,
    Storage,
    Tracking,
    flatten,
)
from conf.nearest import hint
from conf.values import Group

SUFFIXES = (".yaml", ".yml")


class SettingsError(ValueError):
    """Settings that cannot be, told in one line: what was expected, what came, what to do."""


class Settings(Group):
    """Frozen and valid; made by :func:`load` on the driver.

    Attributes:
        profile: the profiles that it was made from, for the run's record.
    """

    profile: str = "local"
    spark: Spark = Field(default_factory=Spark)
    limits: Limits = Field(default_factory=Limits)
    batches: Batches = Field(default_factory=Batches)
    models: Models = Field(default_factory=Models)
    storage: Storage = Field(default_factory=Storage)
    lease: Lease = Field(default_factory=Lease)
    tracking: Tracking = Field(default_factory=Tracking)
    logs: Logs = Field(default_factory=Logs)
    prometheus: Prometheus = Field(default_factory=Prometheus)
    retention: Retention = Field(default_factory=Retention)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        on_cluster = self.spark.master is not None and not self.spark.master.startswith("local")
        if on_cluster and not self.models.ship and not self.models.local_dirs:
            raise ValueError(
                "models.ship is false, so executors look in models.local_dirs, which is empty; name a folder that "
                "every executor has, or leave models.ship true"
            )
        return self

    def flat(self) -> dict[str, Any]:
        """Return ``group.key`` -> plain value, for records and listings; no value of it is a secret."""
        return flatten("", self.model_dump(mode="json"))


def profiles() -> list[str]:
    """Return the names of the profiles that ship, sorted."""
    files = resources.files("conf").joinpath("profiles").iterdir()
    return sorted(p.name.removesuffix(".yaml") for p in files if p.name.endswith(".yaml"))


def load(profile: str = "local", overrides: Sequence[str] = ()) -> Settings:
    """Return the settings of a profile with single keys changed.

    Runs on the driver, before a SparkSession exists; works from a zip as well.

    Args:
        profile: a name of :func:`profiles` or a ``.yaml`` file; several, separated by commas, are laid over each other,
            the last one on top (``gpu,s3``).
        overrides: ``group.key=value`` each, the value as YAML writes it (``4``, ``true``, ``[a, b]``, ``64 MiB``).
            A key of a mapping goes on with dots: ``spark.conf.spark.executor.memory=4g``.

    Raises:
        SettingsError: an unknown profile or key, a value out of range, or settings that contradict each other.
    """
    tree: dict[str, Any] = {}
    for name in profile.split(","):
        tree = _merged(tree, _read(name.strip()))
    for override in overrides:
        tree = _merged(tree, _parsed(override))
    try:
        return Settings.model_validate({"profile": profile, **tree})
    except ValidationError as error:
        raise SettingsError(_line(error.errors(include_url=False)[0])) from None


def _read(name: str) -> dict[str, Any]:
    if name in profiles():
        text = resources.files("conf").joinpath("profiles", f"{name}.yaml").read_text(encoding="utf-8")
    elif name.endswith(SUFFIXES) and Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise SettingsError(f"unknown profile {name!r}; {_near(name, profiles())}; or give a .yaml file of your own")
    tree = _yaml(text, f"profile {name}")
    if not isinstance(tree, dict | None):
        raise SettingsError(f"profile {name} must be a YAML mapping of groups, got {type(tree).__name__}")
    return tree or {}


def _parsed(override: str) -> dict[str, Any]:
    """Return ``group.key=value`` as nested mappings."""
    path, equals, text = override.partition("=")
    group, dot, rest = path.strip().partition(".")
    if not (equals and dot and group and rest):
        raise SettingsError(f"--set takes group.key=value, such as limits.read_threads=8, got {override!r}")
    key, _, below = rest.partition(".")
    value = _yaml(text, f"the value of {path.strip()}")
    return {group: {key: {below: value} if below else value}}


def _yaml(text: str, what: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{what} is no YAML: {' '.join(str(error).split())}") from None


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``under`` with ``over`` on top; mappings are merged, everything else is replaced."""
    out = dict(under)
    for key, value in over.items():
        both = isinstance(out.get(key), dict) and isinstance(value, dict)
        out[key] = _merged(out[key], value) if both else value
    return out


def _line(error: ErrorDetails) -> str:
    """Return pydantic's first complaint as one line for a person."""
    path = ".".join(str(part) for part in error["loc"])
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        group, _, _ = path.rpartition(".")
        model = Settings.model_fields[group].annotation if group else Settings
        known = [f"{group}.{name}" if group else name for name in getattr(model, "model_fields", {})]
        return f"unknown setting {path!r}; {_near(path, known)}"
    if error["type"] == "value_error":  # one of ours: it says what came itself, or that must not be repeated
        return f"{path}: {said}" if "." in path else said
    return f"{path}: {said[:1].lower()}{said[1:]}, got {error['input']!r}"


def _near(name: str, known: Sequence[str]) -> str:
    return f"{hint(name, known)}known: {', '.join(sorted(known))}"
