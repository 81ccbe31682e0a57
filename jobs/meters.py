"""What a run says of itself to Prometheus: a file for node_exporter, a Pushgateway, or an endpoint to scrape.

Runs on the driver. Counts, seconds and words of ours; no id of an image, since each label value is a series of its own.
"""

import sys
import time
import urllib.error
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIServer

import prometheus_client as prometheus

from conf.groups import Prometheus
from jobs.errors import UsageError

_PUSH_SECONDS = 5


class Meters:
    """The figures of one run; off where no setting names a place for them.

    Args:
        wanted: where they go.
        policy: the run's.

    Raises:
        UsageError: the port is taken, or the file's folder is not there.
    """

    def __init__(self, wanted: Prometheus, policy: str) -> None:
        self._wanted, self._warned = wanted, False
        self.registry = prometheus.CollectorRegistry()
        gauge = partial(prometheus.Gauge, registry=self.registry)
        counter = partial(prometheus.Counter, registry=self.registry)
        self._listed = gauge("faceveil_listed_images", "Images in the source")
        self._todo = gauge("faceveil_todo_images", "Images that this run has to do")
        self._done = counter("faceveil_images", "Images whose commit is done", ["status"], registry=self.registry)
        self._reasons = counter("faceveil_held_back_images", "Images held back", ["reason"], registry=self.registry)
        self._faces = counter("faceveil_faces", "Regions treated")
        self._commits = counter("faceveil_commits", "Commits of images")
        self._seconds = counter(
            "faceveil_work_seconds", "Work of workers by step, over all cores", ["step"], registry=self.registry
        )
        self._started = gauge(
            "faceveil_run_started_timestamp_seconds", "When the run began", ["policy"], registry=self.registry
        )
        self._ended = gauge(
            "faceveil_run_ended_timestamp_seconds", "When it ended; 0 while it runs", registry=self.registry
        )
        self._failed = gauge("faceveil_run_failed", "1 where it ended with an error")
        self._started.labels(policy).set(time.time())
        self._server = self._serve()
        self._check()

    def _serve(self) -> tuple[WSGIServer, Thread] | None:
        if self._wanted.port is None:
            return None
        try:
            return prometheus.start_http_server(self._wanted.port, self._wanted.address, self.registry)
        except OSError as error:
            raise UsageError(
                f"prometheus.port {self._wanted.port} cannot be served: {error.strerror}; name one that is free"
            ) from error

    def _check(self) -> None:
        if self._wanted.file is not None and not Path(self._wanted.file).expanduser().absolute().parent.is_dir():
            raise UsageError("prometheus.file must be in a folder that is there")

    def planned(self, listed: int, todo: int) -> None:
        """Say how much there is."""
        self._listed.set(listed)
        self._todo.set(todo)
        self._out()

    def committed(self, faces: int, seconds: Mapping[str, float]) -> None:
        """Count a commit."""
        self._commits.inc()
        self._faces.inc(faces)
        for step, value in seconds.items():
            self._seconds.labels(step).inc(value)
        self._out()

    def finished(self, statuses: Mapping[str, int], reasons: Mapping[str, int]) -> None:
        """Say what became of the images, and that the run is over."""
        for name, count in statuses.items():
            self._done.labels(name).inc(count)
        for name, count in reasons.items():
            self._reasons.labels(name).inc(count)
        self._end(failed=False)

    def failed(self) -> None:
        """Say that the run is over, with an error."""
        self._end(failed=True)

    def _end(self, *, failed: bool) -> None:
        self._failed.set(failed)
        self._ended.set(time.time())
        self._out()
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()

    def _out(self) -> None:
        """Write and push; what cannot be told is no reason to stop a run, and is said once."""
        try:
            if self._wanted.file is not None:
                prometheus.write_to_textfile(str(Path(self._wanted.file).expanduser()), self.registry)
            if self._wanted.push_url is not None:
                prometheus.push_to_gateway(
                    self._wanted.push_url, self._wanted.job, self.registry, timeout=_PUSH_SECONDS
                )
        except (OSError, urllib.error.URLError) as error:
            if not self._warned:
                self._warned = True
                sys.stderr.write(
                    f"faceveil: figures for Prometheus cannot be told ({type(error).__name__}); the run goes on; "
                    "check prometheus.file and prometheus.push_url\n"
                )
