"""A real standalone Spark cluster on loopback: a master and workers of one core each.

Example::

    with cluster.running(tmp_path) as spark:
        subprocess.run([*spark.submit_command(), "--py-files", wheel, "jobs/anonymize.py", source, lake], env=spark.env)
        spark.kill_worker()
"""

import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jobs import java
from tests.support.processes import LOOPBACK, Process, free_port, started

_START_SECONDS = 120
_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"


def spark_home() -> Path:
    """Return the folder of the installed pyspark, which has ``bin/spark-class`` but no start scripts."""
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("pyspark is not installed; run: make setup")
    return Path(spec.submodule_search_locations[0])


def environment() -> dict[str, str]:
    """Return the variables of every Spark process on loopback: its Python, its address, one thread a library."""
    return {
        "SPARK_HOME": str(spark_home()),
        # Without these the workers take `python3` from the PATH, which has none of our packages.
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_LOCAL_HOSTNAME": LOOPBACK,
        "SPARK_NO_DAEMONIZE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@dataclass(frozen=True)
class Cluster:
    """A cluster whose workers are all registered.

    Attributes:
        url: ``spark://127.0.0.1:PORT``.
        web_port: Where the master answers ``/json/``.
        workers: The processes of the workers.
        env: The whole environment for whoever submits to it.
        folder: Its logs and its workers' folders; an executor's log is ``worker-N/app-*/*/stderr``.
    """

    url: str
    web_port: int
    workers: tuple[Process, ...]
    env: dict[str, str]
    folder: Path

    def state(self) -> dict[str, Any]:
        """Return what the master says of itself, its workers and applications."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.web_port}/json/", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def alive_workers(self) -> int:
        """Return how many workers the master counts on; it drops a dead one within seconds of its last executor."""
        return sum(worker["state"] == "ALIVE" for worker in self.state()["workers"])

    def submit_command(self) -> list[str]:
        """Return the start of a ``spark-submit`` command line to this cluster, on loopback and with little memory."""
        settings = {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.memory": "1g",
            "spark.executor.memory": "1g",
            "spark.executor.cores": "1",
            "spark.ui.enabled": "false",
        }
        pairs = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        return [str(spark_home() / "bin" / "spark-submit"), "--master", self.url, *pairs]

    def kill_worker(self, index: int = 0) -> None:
        """End a worker and its executors at once, as when its machine loses power.

        Args:
            index: Which one, from 0.
        """
        # An executor has the worker's group, so that one signal reaches both.
        self.workers[index].kill()


def unavailable() -> str | None:
    """Return why no cluster can be had here, for ``pytest.skip``; None where one can."""
    return java.problem()


@contextlib.contextmanager
def running(folder: Path, workers: int = 2, memory: str = "2g") -> Iterator[Cluster]:
    """Give a cluster, all of it stopped at the end of the block.

    Args:
        folder: For logs and workers' folders; made, and left to the caller to remove.
        workers: How many, of one core each, at least 1.
        memory: What each worker offers to executors.

    Raises:
        StartError: A process did not come up, or a worker did not register, within two minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    env, program = environment(), str(spark_home() / "bin" / "spark-class")
    port, web_port = free_port(), free_port()
    url = f"spark://{LOOPBACK}:{port}"
    ports = ["--host", LOOPBACK, "--port", str(port), "--webui-port", str(web_port)]
    with contextlib.ExitStack() as stack:
        master = stack.enter_context(started("Spark's master", [program, _MASTER, *ports], folder / "master.log", env))
        members = []
        for number in range(workers):
            size = ["--cores", "1", "--memory", memory, "--work-dir", str(folder / f"worker-{number}")]
            place = ["--host", LOOPBACK, "--webui-port", str(free_port()), *size, url]
            log = folder / f"worker-{number}.log"
            members.append(stack.enter_context(started("Spark's worker", [program, _WORKER, *place], log, env)))
        cluster = Cluster(url, web_port, tuple(members), {**os.environ, **env}, folder)
        # A worker that is up before its master tries again by itself, after some seconds.
        master.wait_until(lambda: _registered(cluster) == workers, _START_SECONDS)
        yield cluster


def _registered(cluster: Cluster) -> int:
    try:
        return cluster.alive_workers()
    except (OSError, json.JSONDecodeError):
        # A master that has just come up answers with its page, before it knows of /json/.
        return 0
