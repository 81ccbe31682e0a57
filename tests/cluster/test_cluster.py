"""The job on a real standalone cluster, from the wheel alone: a master and two workers of one core each on loopback."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import jars
from jobs.errors import LakeMissingError
from jobs.lake import Lake
from tests.support import anonymizing, cluster, pictures, s3_server, wheel
from tests.support.cluster import Cluster

FILES = {
    "reunion/aunt-mary.jpg": pictures.group(),
    "reunion/garden.png": pictures.place(1),
    "reunion/torn.jpg": pictures.portrait(90, "JPEG")[:-300],
    **{f"passports/holder-{n}.png": pictures.portrait(n) for n in range(6)},
    **{f"passports/bearer-{n}.jpg": pictures.portrait(n, "JPEG") for n in range(6, 12)},
}
NAMES = (b"reunion", b"aunt-mary", b"garden", b"torn", b"passports", b"holder", b"bearer")
SMALL = ("--set", "batches.images=5", "--set", "batches.task_images=2")
QUICK_JVM = "-XX:TieredStopAtLevel=1"
"""The first compiler alone: JVMs that live for half a minute are up sooner."""

pytestmark = pytest.mark.skipif(bool(cluster.unavailable()), reason=cluster.unavailable() or "")


@dataclass(frozen=True)
class Bench:
    """What every run of this module works with.

    Attributes:
        cluster: master and workers.
        wheel: what ``--py-files`` gets.
        python: one that has no faceveil, for driver and executors.
        job: a copy of ``jobs/anonymize.py`` in a folder with nothing else.
        source: the pictures.
        key: a key file.
        expected: the lake that a run on this machine alone made of them.
    """

    cluster: Cluster
    wheel: Path
    python: Path
    job: Path
    source: Path
    key: str
    expected: Path

    def submit(self, lake: Path, *options: str, submit: tuple[str, ...] = (), log: Path) -> subprocess.Popen[bytes]:
        """Start a run from the folder of pictures into a lake on the cluster.

        Args:
            lake: Where to.
            options: Of the job.
            submit: Of ``spark-submit``.
            log: What takes both of its streams.
        """
        args = (str(self.source), str(lake), "--profile", "cluster", "--key-file", self.key, *options)
        return self.start(args, submit, log, {})

    def start(
        self, args: tuple[str, ...], submit: tuple[str, ...], log: Path, env: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a run on the cluster; ``env`` is the driver's alone."""
        settings = {
            "spark.driver.extraJavaOptions": QUICK_JVM,
            "spark.executor.extraJavaOptions": QUICK_JVM,
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": str(events_of(log)),
        }
        events_of(log).mkdir()
        conf = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        line = [*self.cluster.submit_command(), *conf, "--py-files", str(self.wheel), *submit]
        pythons = {"PYSPARK_PYTHON": str(self.python), "PYSPARK_DRIVER_PYTHON": str(self.python)}
        with log.open("wb") as stream:
            return subprocess.Popen(
                [*line, str(self.job), *args, *anonymizing.QUIET],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.cluster.env | pythons | env,
                cwd=self.job.parent,
            )


def events_of(log: Path) -> Path:
    """Return the folder of Spark's event log of the run that wrote a log."""
    return log.with_name(f"{log.name}.events")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Yield a cluster whose processes know nothing of the checkout, and what it has to come to."""
    folder = tmp_path_factory.mktemp("cluster")
    source, expected = pictures.write(folder / "in", FILES), folder / "expected"
    key = anonymizing.key_file(folder)
    local = [str(source), str(expected), "--key-file", key, *anonymizing.QUIET]
    command = [sys.executable, "-m", "jobs.cli", "anonymize", *local]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=wheel.ROOT)
    assert done.returncode == anonymizing.HELD_BACK, done.stderr
    (folder / "elsewhere").mkdir()
    job = Path(shutil.copy(wheel.ROOT / "jobs" / "anonymize.py", folder / "elsewhere"))
    with pytest.MonkeyPatch.context() as patch:
        # Workers hand their own PYTHONPATH on.
        patch.delenv("PYTHONPATH", raising=False)
        patch.chdir(job.parent)
        # Credentials are each machine's own; where the store is, the job says.
        patch.setenv("AWS_ACCESS_KEY_ID", s3_server.ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.SECRET_KEY)
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        with cluster.running(folder / "cluster") as running:
            built, python = wheel.build(folder / "wheel"), wheel.bare_python(folder / "venv")
            yield Bench(running, built, python, job, source, key, expected)


def rows_in(lake: Path) -> int:
    """Return how many images a lake has now."""
    try:
        return int(Lake(str(lake)).tables.query("SELECT COUNT(*) AS n FROM images").to_pylist()[0]["n"])
    except LakeMissingError:
        return 0


def test_the_wheel_gives_on_a_cluster_what_one_machine_gives(bench: Bench, tmp_path: Path) -> None:
    """Row for row and byte for byte; package, models and jars reach executors that have none of them."""
    lake, log = tmp_path / "lake", tmp_path / "log"
    code = bench.submit(lake, "--json", log=log).wait(300)
    assert code == anonymizing.HELD_BACK, log.read_text(encoding="utf-8")
    assert anonymizing.comparable(lake) == anonymizing.comparable(bench.expected)
    assert len(anonymizing.outputs(lake)) == len(FILES)
    shipped = {path.name for path in bench.cluster.folder.glob("worker-*/app-*/*/*")}
    models = {f"{name}-{digest[:12]}.onnx" for name, digest in anonymizing.rows(lake)[0]["model_digests"]}
    assert {bench.wheel.name, *models, *(jar.name for jar in jars.read_lock())} <= shipped
    leaks(bench, log)


def leaks(bench: Bench, log: Path) -> None:
    """Fail where a name of the source is in what Spark has written: event log, executors' logs, the driver's output."""
    logs = [log, *bench.cluster.folder.glob("*.log"), *bench.cluster.folder.glob("worker-*/app-*/*/std*")]
    logs += [path for path in events_of(log).rglob("*") if path.is_file()]
    written = {path.name: path.read_bytes() for path in logs}
    assert any(b"SparkListenerApplicationEnd" in content for content in written.values())
    for word in (*NAMES, str(bench.source).encode()):
        assert not [name for name, content in written.items() if word in content], word


@pytest.mark.skipif(bool(s3_server.unavailable()), reason=s3_server.unavailable() or "")
def test_source_and_lake_in_buckets(bench: Bench, tmp_path: Path) -> None:
    """Only the driver is told where the store is; workers reach it with credentials of their own."""
    log = tmp_path / "log"
    with s3_server.running(tmp_path / "s3") as s3:
        for bucket in ("raw", "open", "safe"):
            s3.bucket(bucket)
        for number in range(3):
            s3.client().put_object(Bucket="raw", Key=f"in/{number}.png", Body=pictures.portrait(number))
        place = ("s3a://raw/in", "s3a://open/lake", "--vault", "s3a://safe/lake", "--profile", "cluster,s3")
        code = bench.start(place, (), log, {"AWS_ENDPOINT_URL": s3.endpoint}).wait(300)
        assert code == anonymizing.DONE, log.read_text(encoding="utf-8")
        lake = Lake(place[1], Storage(endpoint_url=s3.endpoint))
        found = lake.tables.query("SELECT status, COUNT(*) AS n FROM images GROUP BY status").to_pylist()
        assert found == [{"status": "anonymized", "n": 3}]
        written = [log, *(path for path in events_of(log).rglob("*") if path.is_file())]
        assert not [path.name for path in written if s3.secret_key.encode() in path.read_bytes()]


def test_a_worker_that_dies_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    """One of two machines is lost after the first commit; the run ends with the same table, and nothing twice."""
    lake, log = tmp_path / "lake", tmp_path / "log"
    lent = ("--jars", f"{jars.jars_dir()}/*.jar")
    run = bench.submit(lake, *SMALL, submit=lent, log=log)
    while not rows_in(lake):
        assert run.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.2)
    bench.cluster.kill_worker(0)
    assert rows_in(lake) < len(FILES)
    assert run.wait(300) == anonymizing.HELD_BACK, log.read_text(encoding="utf-8")
    assert "Lost executor" in log.read_text(encoding="utf-8")
    assert anonymizing.comparable(lake) == anonymizing.comparable(bench.expected)
    assert [event["event"] for event in anonymizing.events(lake)] == ["started", "finished"]


def test_a_master_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    """Where Spark does not start there is a word of ours on what to check, and no stack of Python's."""
    source = pictures.write(tmp_path / "in", {"a.png": pictures.place()})
    line = [sys.executable, "-m", "jobs.cli", "anonymize", str(source), str(tmp_path / "lake"), *anonymizing.QUIET]
    wrong = ["--set", "spark.master=spork://127.0.0.1:1"]
    done = subprocess.run([*line, *wrong], capture_output=True, text=True, check=False, cwd=wheel.ROOT, timeout=120)
    assert done.returncode == anonymizing.FAILED
    assert "faceveil anonymize: Spark did not start: check the master's address" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lake").exists()
