"""What MLflow is told of a run, by a real store and a real server; it starts no Spark."""

import getpass
import io
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from mlflow import MlflowClient
from PIL import Image

from anonymizer_udfs import policy as policies
from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import mlflow_store, tracking, untracked
from jobs.figures import Figures
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.originals import Originals
from jobs.sheet import CELL_WH
from schemas import WORK
from tests.support import lakes
from tests.support.processes import LOOPBACK, free_port, listens, started

PUBLIC = policies.public()
VISIBLE = replace(PUBLIC, originals_visible=True)
COUNTS = {"anonymized": 1, "quarantined": 1, "reason.truncated": 1, "faces": 1, "sampled_faces": 1}
VALUES = {
    "images_per_second": 2.5,
    "faces_per_second": 2.5,
    "share.detect": 0.75,
    "reidentified_share": 0.0,
    "ssim_outside": 0.99,
}
SOURCE = "secret-clinic"
SERVER_SECONDS = 120


@pytest.fixture(autouse=True)
def _no_server_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def picture(shade: int) -> bytes:
    """Return a small PNG of one shade."""
    out = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), shade, np.uint8)).save(out, "PNG")
    return out.getvalue()


def finished(lake: Lake, **columns: object) -> Event:
    """Return the event that ends the run of a lake."""
    given = {
        "source_id": "5" * 32,
        "pipeline_version": "0.1.0",
        "settings": '{"limits.read_threads": 4, "profile": "/home/someone/my.yaml", "limit": null}',
        "model_digests": {"centerface": "0" * 64},
        "library_versions": {"numpy": "2.4.0"},
        "table_versions": lake.tables.versions(),
    }
    return lakes.event("finished", **(given | columns))


def filled(place: Path) -> Lake:
    """Return a lake with an anonymized and a quarantined image."""
    good = lakes.row("a", picture(90), status="anonymized", faces=[lakes.face()], format="png")
    return lakes.make(place, [good, lakes.row("b", None)])


def only_run(uri: str, experiment: str = "faceveil"):  # noqa: ANN201 - mlflow's Run has no type for us
    """Return the only run of an experiment."""
    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    assert len(runs) == 1
    return runs[0]


def sheet_of(uri: str, folder: Path) -> Image.Image:
    """Return the contact sheet of the only run."""
    path = MlflowClient(uri).download_artifacts(only_run(uri).info.run_id, tracking.SHEET, str(folder))
    return Image.open(path)


def store(lake: Lake) -> str:
    """Return the tracking URI of a lake's embedded store."""
    return f"sqlite:///{lake.uri}.mlflow.db"


def test_a_run_without_images_is_tracked_too(tmp_path: Path) -> None:
    """No images give a run without metrics and without a sheet."""
    lake = lakes.make(tmp_path / "lake", [])
    line = tracking.track(load(), lake, finished(lake), Figures(), PUBLIC)
    assert line is not None
    assert only_run(store(lake)).data.metrics == {}
    assert not Path(f"{lake.uri}.mlflow").exists()


def test_an_embedded_store_beside_the_lake_has_what_went_in_and_what_came_out(tmp_path: Path) -> None:
    """Params, metrics, tags, the table's version and the sheet are in a SQLite store beside a local lake."""
    lake = filled(tmp_path / "my lake")
    event = finished(lake)
    line = tracking.track(load(), lake, event, Figures(COUNTS, VALUES), PUBLIC)
    run = only_run(store(lake))
    assert line is not None
    assert run.info.run_id in line
    assert f"'{store(lake)}'" in line
    assert (run.info.run_name, run.info.status) == ("run-1", "FINISHED")
    assert run.data.params["settings.limits.read_threads"] == "4"
    assert run.data.params["settings.profile"] == "my.yaml"
    assert run.data.params["policy_canonical"] == PUBLIC.canonical()
    assert run.data.params["model.centerface"] == "0" * 64
    assert run.data.params["table_version.images"] == str(event.table_versions["images"])
    assert run.data.metrics["count/anonymized"] == 1
    assert run.data.metrics["reason/truncated"] == 1
    assert run.data.metrics["share/detect"] == 0.75
    assert run.data.metrics["reidentified_share"] == 0
    assert run.inputs.dataset_inputs[0].dataset.digest.endswith(f"-v{event.table_versions['images']}")
    assert sheet_of(store(lake), tmp_path).width > CELL_WH[0]


def test_a_run_begins_when_its_first_event_was_written(tmp_path: Path) -> None:
    """MLflow's start is that of the run, not that of its logging."""
    lake = filled(tmp_path / "lake")
    tracking.track(load(), lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC)
    began = lake.ledger.events()[0]["at"].timestamp() * 1000
    assert only_run(store(lake)).info.start_time == int(began)


def test_a_resumed_run_continues_its_mlflow_run(tmp_path: Path) -> None:
    """The same run id gives one MLflow run with the newest figures; a changed setting is told, not lost."""
    lake = filled(tmp_path / "lake")
    tracking.track(load(), lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC)
    later = finished(lake, settings='{"limits.read_threads": 8}')
    tracking.track(load(), lake, later, Figures(COUNTS | {"faces": 9}, VALUES), PUBLIC)
    run = only_run(store(lake))
    assert run.data.metrics["count/faces"] == 9
    assert run.data.params["settings.limits.read_threads"] == "4"
    assert run.data.tags["resumed.settings.limits.read_threads"] == "8"


@pytest.mark.parametrize("inside", [False, True], ids=["beside the source", "inside the source"])
def test_nothing_names_the_source_the_user_or_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, inside: bool
) -> None:
    """No byte of the store names the source, also where lake and working directory lie in it."""
    source = tmp_path / SOURCE
    source.mkdir()
    monkeypatch.chdir(source)
    lake = filled((source if inside else tmp_path) / "lake")
    said = tracking.track(load(), lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC, source_uri=str(source))
    assert said is not None
    data = Path(f"{lake.uri}.mlflow.db").read_bytes()
    assert str(source).encode() not in data
    assert SOURCE.encode() not in data
    tags = only_run(store(lake)).data.tags
    assert tags["mlflow.user"] == "faceveil"
    assert tags["mlflow.source.name"] == "faceveil anonymize"
    assert {name for name in tags if name.startswith("mlflow.source.")} == {"mlflow.source.name", "mlflow.source.type"}
    assert not {getpass.getuser(), socket.gethostname()} & set(tags.values())
    assert Path(f"{lake.uri}.mlflow").exists() is not inside


@pytest.mark.parametrize(
    ("policy", "others", "panels"),
    [(PUBLIC, [], 1), (VISIBLE, [], 2), (VISIBLE, [PUBLIC], 1)],
    ids=["hidden", "visible", "hidden by a data set's"],
)
def test_originals_are_shown_only_where_the_policy_allows_it(
    tmp_path: Path, policy: policies.Policy, others: list[policies.Policy], panels: int
) -> None:
    """Vault and source at hand, the policies alone decide whether originals are beside the results."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(200))
    uri = photo.as_uri()
    row = lakes.row(uri, picture(90), status="anonymized", faces=[lakes.face()], format="png")
    lake = lakes.make(tmp_path / "lake", [row])
    vault = lakes.make_vault(tmp_path / "vault", [uri])
    work = {"image_id": row["image_id"], "content_version": row["content_version"], "uri": uri, "size_bytes": -1}
    work |= {"etag": "", "modified_us": 0, "kind": "object", "container": uri, "start": 0, "index": 0}
    work |= {"run_id": "run-1", "epoch": 1, "operation": "new", "batch": 1, "task": 0}
    vault.tables.append("work", pa.Table.from_pylist([work], schema=lakes.arrow(WORK)), "work", 1)
    originals = Originals(vault, Storage(), 1 << 20)
    tracking.track(load(), lake, finished(lake), Figures(COUNTS, VALUES), policy, others=others, originals=originals)
    recorded = only_run(store(lake)).data.params
    assert [recorded[f"policy_canonical.{one.name}"] for one in others] == [one.canonical() for one in others]
    sheet = np.asarray(sheet_of(store(lake), tmp_path).convert("RGB"))
    middle = sheet[132 + CELL_WH[1] // 2]
    assert (middle == 90).all(axis=-1).any()
    assert (middle == 200).all(axis=-1).any() == (panels == 2)


def test_mlflow_tracking_uri_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the environment names has run and sheet; nothing is written beside the lake."""
    port = free_port()
    uri = f"http://{LOOPBACK}:{port}"
    data = f"sqlite:///{tmp_path / 'server.db'}"
    where = ["--backend-store-uri", data, "--artifacts-destination", str(tmp_path / "files")]
    program = str(Path(mlflow_store.sys.executable).with_name("mlflow"))
    command = [program, "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1", *where]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    lake = filled(tmp_path / "lake")
    with started("MLflow", command, tmp_path / "server.log", quiet) as server:
        server.wait_until(lambda: listens(port), SERVER_SECONDS)
        line = tracking.track(load(), lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC)
        run = only_run(uri)
        assert line is not None
        assert line.endswith(f"{uri}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")
        assert run.data.metrics["count/faces"] == 1
        assert run.data.tags["mlflow.user"] == "faceveil"
        assert sheet_of(uri, tmp_path).width > CELL_WH[0]
    assert not Path(f"{lake.uri}.mlflow.db").exists()


def test_a_dead_server_fails_no_job(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A server that does not answer costs seconds and one line, which has no credential and says what to do."""
    lake = filled(tmp_path / "lake")
    settings = load("local", [f"tracking.uri=http://me:hush@{LOOPBACK}:{free_port()}"])
    start = time.monotonic()
    assert tracking.track(settings, lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC) is None
    assert time.monotonic() - start < 60
    said = capfd.readouterr().err
    assert "hush" not in said
    assert "--set tracking.enabled=false" in said
    assert said.count("\n") == 1


def test_a_run_that_mlflow_missed_is_told_by_a_later_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the server back, the next run tells of both: the figures are in the ledger, the sheet alone is lost."""
    lake = filled(tmp_path / "lake")
    dead = load("local", [f"tracking.uri=http://{LOOPBACK}:{free_port()}"])
    missed = replace(finished(lake), run_id="20260101T010101-0a0b0c0d")
    lake.ledger.append(missed)
    assert tracking.track(dead, lake, missed, Figures(COUNTS, VALUES), PUBLIC) is None
    assert untracked.noted(lake) == [missed.run_id]
    assert tracking.track(load("local"), lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC) is not None
    assert "told of 1 earlier runs" in capfd.readouterr().err
    client = MlflowClient(store(lake))
    runs = {
        run.data.tags[tracking.RUN_TAG]: run
        for run in client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    }
    late = runs[missed.run_id]
    assert len(runs) == 2
    assert late.info.status == "FINISHED"
    assert late.data.params["policy_digest"] == missed.policy_digest
    assert {name: late.data.metrics[f"count/{name}"] for name in missed.counts} == missed.counts
    assert untracked.noted(lake) == []


def test_tracking_can_be_switched_off(tmp_path: Path) -> None:
    """Without tracking nothing is written."""
    lake = filled(tmp_path / "lake")
    settings = load("local", ["tracking.enabled=false"])
    assert tracking.track(settings, lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake"]


def test_a_sheet_can_be_switched_off(tmp_path: Path) -> None:
    """No images on the sheet means no sheet."""
    lake = filled(tmp_path / "lake")
    settings = load("local", ["tracking.contact_sheet_images=0"])
    tracking.track(settings, lake, finished(lake), Figures(COUNTS, VALUES), PUBLIC)
    assert MlflowClient(store(lake)).list_artifacts(only_run(store(lake)).info.run_id) == []


def test_a_remote_lake_is_tracked_in_the_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Object storage holds no SQLite file, so that the working directory does."""
    monkeypatch.chdir(tmp_path)
    assert mlflow_store.place(load(), "s3a://bucket/lake").uri == f"sqlite:///{tmp_path}/faceveil-mlflow.db"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://me:hush@host:5000/", "http://host:5000/#/experiments/1/runs/r"),
        ("databricks", "databricks"),
        ("postgresql://me:hush@host/db", "postgresql://host/db"),
    ],
)
def test_what_is_told_has_no_credentials(uri: str, shown: str) -> None:
    """Users and passwords in a tracking URI are not repeated."""
    told = mlflow_store.Place(uri).how_to_see("1", "r")
    assert "hush" not in told
    assert shown in told
