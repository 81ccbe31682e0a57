"""Promise 7: the row of a run and its MLflow run hold all that is needed to make its numbers again."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from anonymizer_udfs import __version__
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.sources import canonical
from jobs import anonymize as job
from jobs import mlflow_store
from jobs.lake import Lake
from tests.support.anonymizing import HELD_BACK, KEY, anonymize, comparable, events, key_file, rows
from tests.support.pictures import place, portrait, write

POLICY = "internal"
CHANGED = {"batches.images": 3, "batches.task_images": 2, "limits.max_pixels": 5_000_000}


@dataclass(frozen=True)
class Made:
    """A run: its source, its lake, its finished event, and what MLflow has of it."""

    source: Path
    lake: Path
    event: dict[str, Any]
    tracked: Run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One run with settings that are not the default ones, tracked as by default."""
    root = tmp_path_factory.mktemp("again")
    files = {f"{n}.png": portrait(n) for n in range(4)} | {"p.png": place(), "cut.jpg": portrait(9, "JPEG")[:-200]}
    source, lake = write(root / "photos", files), root / "lake"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        sets = [word for name, value in CHANGED.items() for word in ("--set", f"{name}={value}")]
        assert job.main([str(source), str(lake), "--policy", POLICY, "--key-file", key_file(root), *sets]) == HELD_BACK
    client = MlflowClient(f"sqlite:///{mlflow_store.embedded(str(lake))[0]}")
    experiment = client.get_experiment_by_name("faceveil")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 1
    return Made(source, lake, events(lake)[-1], runs[0])


def test_settings_policy_source_and_key_are_recorded(made: Made) -> None:
    """The event has every setting that was changed, the policy, and the keyed ids of source and key."""
    told = json.loads(made.event["settings"])
    assert {name: told[name] for name in CHANGED} == CHANGED
    assert (told["limit"], told["retry"]) == (None, None)
    assert made.event["policy"] == POLICY
    assert made.event["source_id"] == KEY.source_id(canonical(str(made.source)))
    assert made.event["key_id"] == KEY.key_id


def test_models_code_and_libraries_are_recorded(made: Made) -> None:
    """Model digests are those of the files that ran; versions are those that are installed."""
    models = dict(made.event["model_digests"])
    assert set(models) == {"centerface", "dlib_resnet", "yunet"}
    on_disk = {hashlib.sha256(path.read_bytes()).hexdigest() for path in cache_dir().glob("*.onnx")}
    assert set(models.values()) <= on_disk
    assert made.event["pipeline_version"] == __version__
    libraries = dict(made.event["library_versions"])
    for name in ("numpy", "pyarrow", "pillow", "opencv-python-headless"):
        assert libraries[name] == version(name)


def test_table_versions_are_recorded(made: Made) -> None:
    """The versions of the finished event are those in which the run's rows can be read."""
    versions = dict(made.event["table_versions"])
    table = Lake(str(made.lake)).tables.open("images")
    table.load_as_version(versions["images"])
    assert table.version() == versions["images"]
    assert sum(action["num_records"] for action in _files(table)) == len(rows(made.lake))


def _files(table: Any) -> list[dict[str, Any]]:
    import pyarrow as pa  # noqa: PLC0415 - only here

    return list(pa.table(table.get_add_actions(flatten=True)).to_pylist())


def test_rows_name_their_run_policy_models_and_key(made: Made) -> None:
    """Each row says which run, policy, models, key and code made it."""
    for row in rows(made.lake):
        for name in ("run_id", "policy_digest", "key_id", "pipeline_version"):
            assert row[name] == made.event[name]
        assert dict(row["model_digests"]) == dict(made.event["model_digests"])


def test_mlflow_has_the_same(made: Made) -> None:
    """MLflow's run has the settings, the whole policy, the digests, the ids, the versions and the figures."""
    params, metrics = made.tracked.data.params, made.tracked.data.metrics
    assert {name: params[f"settings.{name}"] for name in CHANGED} == {n: str(v) for n, v in CHANGED.items()}
    assert json.loads(params["policy_canonical"])["face"]["chain"][0]["name"] == "pixelate"
    for name in ("policy", "policy_digest", "source_id", "key_id", "pipeline_version"):
        assert params[name] == made.event[name]
    for group, column in (("model", "model_digests"), ("library", "library_versions")):
        assert {f"{group}.{k}": v for k, v in dict(made.event[column]).items()}.items() <= params.items()
    assert params["table_version.images"] == str(dict(made.event["table_versions"])["images"])
    assert metrics["count/anonymized"] == 4
    assert metrics["reason/truncated"] == 1
    figures = dict(made.event["figures"])
    for name in ("ssim_outside", "ssim_inside", "detector_retention", "reidentified_share", "images_per_second"):
        assert metrics[name] == pytest.approx(figures[name])


def test_what_is_recorded_makes_the_same_again(made: Made, tmp_path: Path) -> None:
    """A new lake from the recorded policy and settings, with the same key, has the same rows and the same figures."""
    told = json.loads(made.event["settings"])
    sets = [word for name in CHANGED for word in ("--set", f"{name}={told[name]}")]
    lake = tmp_path / "again"
    options = ("--policy", made.event["policy"], "--profile", told["profile"], "--key-file", key_file(tmp_path))
    assert anonymize(made.source, lake, *options, *sets) == HELD_BACK
    assert comparable(lake) == comparable(made.lake)
    before, after = (dict(event["figures"]) for event in (made.event, events(lake)[-1]))
    measured = ("ssim_outside", "ssim_inside", "detector_retention", "reidentified_share")
    assert {name: after[name] for name in measured} == {name: before[name] for name in measured}
