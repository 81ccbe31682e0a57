"""The spark-defaults for clusters: well formed, explained, and of one mind with what a job sets itself."""

import itertools
from pathlib import Path

import pytest
from pyspark import SparkConf

from conf.settings import Settings, load
from jobs import session

FOLDER = Path(__file__).resolve().parents[3] / "conf" / "spark"
FILES = sorted(FOLDER.glob("*.conf"))


def read(file: Path) -> dict[str, str]:
    """Return the settings of a file as Spark reads them: a key, white space, a value; ``#`` starts a comment line."""
    lines = [line.split(None, 1) for line in file.read_text(encoding="utf-8").splitlines()]
    return {line[0]: line[1] for line in lines if line and not line[0].startswith("#")}


def test_both_kinds_of_cluster_are_there() -> None:
    """There is a file for CPUs and one for GPUs."""
    assert [file.name for file in FILES] == ["cpu-cluster.conf", "gpu-cluster.conf"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_value_has_a_comment_above_its_block(file: Path) -> None:
    """Each key is Spark's, named once, and no block of lines starts without saying why."""
    lines = file.read_text(encoding="utf-8").splitlines()
    keys = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert len(keys) == len(set(keys)) > 20
    assert all(key.startswith("spark.") for key in keys)
    bare = [line for before, line in itertools.pairwise(lines) if line and not before and line[0] != "#"]
    assert bare == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_writers_beside_the_job_use_its_parquet_settings(file: Path) -> None:
    """A table that a notebook writes to with these files stays readable within memory, as the job's own writes are."""
    settings = read(file)
    expected = {f"spark.hadoop.{key}": value for key, value in session.PARQUET.items()}
    assert {key: settings.get(key) for key in expected} == expected
    assert int(settings["spark.sql.execution.arrow.maxBytesPerBatch"]) == Settings().limits.arrow_batch_bytes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_travels_is_encrypted_and_no_secret_is_in_the_file(file: Path) -> None:
    """Spill files and the wire are encrypted; the secret itself is never in a file that everybody has."""
    settings = read(file)
    for key in ("spark.io.encryption.enabled", "spark.network.crypto.enabled", "spark.authenticate"):
        assert settings[key] == "true"
    assert not [key for key in settings if "secret" in key or "password" in key]


def gibibytes(text: str) -> float:
    """Return the GiB of a size as Spark writes it."""
    return float(text[:-1]) * {"g": 1.0, "m": 1 / 1024}[text[-1]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_spark_takes_every_line(file: Path) -> None:
    """A real SparkConf (of no session) gives back what the file says, and a master comes from nowhere in it."""
    conf = SparkConf(loadDefaults=False).setAll(list(read(file).items()))
    assert dict(conf.getAll()) == read(file)
    assert conf.contains("spark.executor.cores")
    assert not conf.contains("spark.master")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workers_end_themselves_before_the_machine_does(file: Path) -> None:
    """As many workers as an executor has tasks, each at the profile's limit, are within what an executor may take."""
    given = read(file)
    profile = "cluster,gpu" if file.stem == "gpu-cluster" else "cluster"
    workers = int(given["spark.executor.cores"]) // int(given["spark.task.cpus"])
    limit = load(profile, []).limits.worker_bytes / (1 << 30)
    assert workers * limit < gibibytes(given["spark.executor.memoryOverhead"])
    if "spark.task.resource.gpu.amount" in given:
        share = float(given["spark.task.resource.gpu.amount"])
        assert workers * share == float(given["spark.executor.resource.gpu.amount"])
