"""The SparkSession: the one place where it is made, and the only one that may touch the JVM or the SparkContext.

Runs on the driver. Everything else speaks DataFrames, so that it works over Spark Connect and on shared clusters too.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from conf.settings import Settings
from jobs import jars, java, logstore, stores
from jobs.errors import JobError
from jobs.quiet import jvm_noise_dropped

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SUBMITTED = "PYSPARK_GATEWAY_PORT"
_LOCAL = re.compile(r"local(?:\[([^,\]]+)\])?")
_TRIES = 4
"""What Spark itself allows a task on a cluster (``spark.task.maxFailures``)."""

PARQUET = {
    # With Delta's defaults 150 images of 8 MB exhaust a writer of 1.2 GB: Parquet looks at sizes only after 100 rows.
    "parquet.block.size": str(32 << 20),
    "parquet.block.size.row.check.min": "1",
    "parquet.block.size.row.check.max": "8",
    "parquet.page.size.row.check.min": "1",
    "parquet.page.size.row.check.max": "8",
    "parquet.page.row.count.limit": "16",
    "parquet.enable.dictionary#content": "false",
}
"""What keeps a writer of large images within memory, and lets one image be read without the table."""
PAGE_BYTES = 2 << 20
"""Of images that share a page of ids: a reader that looks for one of them reads them all."""


def is_submitted() -> bool:
    """Return whether ``spark-submit`` started this process: then it has chosen master and memory."""
    return _SUBMITTED in os.environ


def cores(session: SparkSession) -> int:
    """Return how many tasks the cluster (or this machine) runs at a time, as far as Spark knows."""
    try:
        return max(1, session.sparkContext.defaultParallelism)
    except Exception:  # noqa: BLE001 - Spark Connect has no SparkContext
        return local_cores()


def local_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def trying_again(master: str) -> str:
    """Return a local master under which a task whose worker died is tried again, as on a cluster; others as they are.

    A local Spark heeds no ``spark.task.maxFailures``: without the second number one crash in a decoder fails the job.

    Examples:
        >>> [trying_again(master) for master in ("local", "local[*]", "local[2, 1]", "spark://host:7077")]
        ['local[1,4]', 'local[*,4]', 'local[2, 1]', 'spark://host:7077']
    """
    found = _LOCAL.fullmatch(master)
    return f"local[{found[1] or 1},{_TRIES}]" if found else master


def configuration(settings: Settings, storage: Storage) -> dict[str, str]:
    """Return Spark's settings for a job; a pure function of the settings and the environment."""
    parallel = str(max(2, local_cores()))
    conf = {
        "spark.app.name": settings.spark.app_name,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.execution.arrow.maxBytesPerBatch": str(settings.limits.arrow_batch_bytes),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": parallel,
        "spark.databricks.delta.snapshotPartitions": parallel,
        "spark.io.encryption.enabled": "true",  # the plan and the key pass through shuffle and spill files
        "spark.ui.showConsoleProgress": "false",
        # The last is the command line of spark-submit, with the source in it: UI and event log would show it.
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|sun[.]java[.]command",
        **{f"spark.executorEnv.{name}": "1" for name in _THREADS},
        **{f"spark.hadoop.{name}": value for name, value in PARQUET.items()},
        **_s3(settings, storage),
        **(logstore.CONF if guards_commits(settings) else {}),
    }
    if not is_submitted():
        if settings.spark.delta == "bundled":
            conf["spark.jars"] = ",".join(map(str, _jars()))
        conf |= {
            "spark.master": trying_again(settings.spark.master or f"local[{local_cores()}]"),
            "spark.driver.memory": settings.spark.driver_memory,
            "spark.sql.shuffle.partitions": parallel,
        }
        options = [f"-Dlog4j2.configurationFile={_log4j()}"]
        if conf["spark.master"].startswith("local"):
            # The work is in Python; of the JVM a run on one machine sees the start-up: a quarter shorter with this.
            # With it the JVM reserves 48 MB for compiled code, full after a dozen runs: then all is interpreted.
            # Rows of images are humongous to G1, which then marks all the time: a sixth of the JVM's work here.
            options += ["-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m", "-XX:+UseParallelGC"]
            conf |= {
                "spark.ui.enabled": "false",
                "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1",
            }
        conf["spark.driver.extraJavaOptions"] = " ".join(options)
    return conf | dict(settings.spark.conf)


def pages(mean_bytes: float) -> dict[str, str]:
    """Return the Parquet settings for images of a mean size: so few to a page that one is read without many others.

    Examples:
        >>> [pages(mean)["parquet.page.row.count.limit"] for mean in (0, 50e3, 250e3, 4e6)]
        ['16', '16', '8', '1']
    """
    name = "parquet.page.row.count.limit"
    return {name: str(min(int(PARQUET[name]), max(1, int(PAGE_BYTES // max(1.0, mean_bytes)))))}


@contextmanager
def having(session: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Give a session some settings for a while; those that it had come back."""
    before = {name: session.conf.get(name, None) for name in settings}
    for name, value in settings.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            session.conf.unset(name) if old is None else session.conf.set(name, old)


def guards_commits(settings: Settings) -> bool:
    """Return whether two drivers on S3 cannot lose one another's commits: whether our log store is there, or is built.

    A cluster that has its own Delta (``spark.delta: provided``) has its own way of committing.
    """
    return settings.spark.delta == "bundled" and logstore.ready() is not None


def _jars() -> list[Path]:
    """Return what Spark is lent: the locked jars, and the log store where it could be built."""
    ours = logstore.ready()
    return [*jars.classpath(), *([ours] if ours else [])]


def _log4j() -> str:
    return (Path(__file__).parent.parent / "conf" / "spark" / "log4j2.properties").as_uri()


def _s3(settings: Settings, storage: Storage) -> dict[str, str]:
    """Return how Spark's own S3 client reaches the same store as the workers' one; credentials: environment."""
    url = stores.endpoint(storage)
    if not url:
        return {"spark.hadoop.fs.s3a.path.style.access": "true"} if settings.storage.path_style else {}
    return {
        "spark.hadoop.fs.s3a.endpoint": url,
        "spark.hadoop.fs.s3a.endpoint.region": stores.region(storage),
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(url.startswith("https://")).lower(),
    }


def create(settings: Settings, storage: Storage) -> SparkSession:
    """Return the session of this process.

    Raises:
        JobError: if there is no Java 17 or newer, or a jar is missing; says how to get it. Or if the master refuses.
    """
    if not is_submitted():
        missing = java.problem()
        if missing:
            raise JobError(missing)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    conf = configuration(settings, storage)
    if is_submitted():
        # Spark knows how to import from a wheel, and has only not heard of the name.
        SparkContext.PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar", ".whl")
        SparkContext._ensure_initialized()  # noqa: SLF001 - connects to the JVM that spark-submit has started
        conf["spark.master"] = trying_again(SparkConf().get("spark.master", "local"))
        if settings.spark.delta == "bundled":
            conf["spark.jars"] = _lend_jars()
    builder = SparkSession.builder
    for name, value in conf.items():
        builder = builder.config(name, value)
    with jvm_noise_dropped():
        try:
            session = builder.getOrCreate()
        except (PySparkException, Py4JError) as error:
            raise JobError(
                "Spark did not start: check the master's address, that it answers, and its secret; why is said above"
            ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _lend_jars() -> str:
    """Return ``spark.jars`` for a JVM that runs already: what ``--jars`` said, and ours where it did not say them.

    It has read its ``--jars`` when ``spark-submit`` started it, so that ours are given to its class loader by hand.
    """
    given = [jar for jar in SparkConf().get("spark.jars", "").split(",") if jar]
    names = {jar.rpartition("/")[2] for jar in given}
    wanted = [] if names >= {jar.name for jar in jars.read_lock()} else jars.classpath()
    guard = logstore.ready()
    ours = [path for path in [*wanted, *([guard] if guard else [])] if path.name not in names]
    if not ours:
        return ",".join(given)
    jvm: Any = SparkContext._jvm  # noqa: SLF001 - the one place that may
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    for path in ours:
        loader.addURL(jvm.java.io.File(str(path)).toURI().toURL())
    return ",".join([*given, *map(str, ours)])


def ship(session: SparkSession, files: Mapping[str, Path]) -> None:
    """Send files to the executors, where ``udfs`` finds them by their base names."""
    for path in files.values():
        session.sparkContext.addFile(str(path))


def finished_tasks(session: SparkSession, tasks: int) -> int:
    """Return how many tasks of the running stage that has ``tasks`` of them are done; 0 where that cannot be told."""
    try:
        tracker = session.sparkContext.statusTracker()
    except Exception:  # noqa: BLE001 - Spark Connect has no SparkContext; progress is a comfort, never a reason to fail
        return 0
    stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
    return max((s.numCompletedTasks for s in stages if s is not None and s.numTasks == tasks), default=0)
