"""Figures for Prometheus: read back by its own parser, from a file, an endpoint, and a server that is pushed to."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conf.groups import Prometheus
from jobs.errors import UsageError
from jobs.meters import Meters


def read(text: str) -> dict[tuple[str, ...], float]:
    """Return each sample of Prometheus text: its name and the values of its labels, and its number."""
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(one.name, *one.labels.values()): one.value for one in found if not one.name.endswith("_created")}


def told(meters: Meters, *, failed: bool = False) -> None:
    """Tell of a whole run."""
    meters.planned(10, 7)
    meters.committed(4, {"detect": 1.5, "decode": 0.5})
    meters.committed(2, {"detect": 0.5})
    if failed:
        meters.failed()
    else:
        meters.finished({"clean": 5, "quarantined": 2}, {"too_large": 2})


def free_port() -> int:
    """Return a port that nobody serves."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def gateway() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the address of a server that keeps what it is pushed, and what it has: path and text."""
    got: list[tuple[str, str]] = []

    class Keeping(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Keeping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", got
        server.shutdown()


def test_nothing_is_told_where_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, no port, no request."""
    monkeypatch.chdir(tmp_path)
    told(Meters(Prometheus(), "public"))
    assert not list(tmp_path.iterdir())


def test_a_file_has_the_whole_run(tmp_path: Path) -> None:
    """Counts, work by step over all commits, when it began and ended."""
    file = tmp_path / "faceveil.prom"
    told(Meters(Prometheus(file=str(file)), "public"))
    found = read(file.read_text(encoding="utf-8"))
    began, ended = (
        found.pop(("faceveil_run_started_timestamp_seconds", "public")),
        found[("faceveil_run_ended_timestamp_seconds",)],
    )
    assert 1.7e9 < began <= ended
    del found[("faceveil_run_ended_timestamp_seconds",)]
    assert found == {
        ("faceveil_listed_images",): 10,
        ("faceveil_todo_images",): 7,
        ("faceveil_images_total", "clean"): 5,
        ("faceveil_images_total", "quarantined"): 2,
        ("faceveil_held_back_images_total", "too_large"): 2,
        ("faceveil_faces_total",): 6,
        ("faceveil_commits_total",): 2,
        ("faceveil_work_seconds_total", "detect"): 2.0,
        ("faceveil_work_seconds_total", "decode"): 0.5,
        ("faceveil_run_failed",): 0,
    }
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_a_gateway_is_pushed_to_at_every_commit_and_at_the_end() -> None:
    """The last push says that the run failed."""
    with gateway() as (url, got):
        told(Meters(Prometheus(push_url=url, job="nightly"), "public"), failed=True)
    assert [path for path, _ in got] == ["/metrics/job/nightly"] * 4
    assert read(got[-1][1])[("faceveil_run_failed",)] == 1


def test_an_endpoint_serves_while_the_run_lasts() -> None:
    """And its port is free again afterwards."""
    port = free_port()
    for _ in range(2):
        meters = Meters(Prometheus(port=port), "public")
        meters.planned(3, 2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert read(answer.read().decode())[("faceveil_todo_images",)] == 2
        meters.failed()


def test_a_gateway_that_is_gone_stops_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told once."""
    told(Meters(Prometheus(push_url=f"http://127.0.0.1:{free_port()}"), "public"))
    assert capsys.readouterr().err.count("figures for Prometheus cannot be told") == 1


def test_what_cannot_be_is_told_before_a_run(tmp_path: Path) -> None:
    """A folder that is not there, a port that is taken."""
    with pytest.raises(UsageError, match=r"prometheus\.file must be in a folder that is there"):
        Meters(Prometheus(file=str(tmp_path / "none" / "a.prom")), "public")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot be served: Address already in use"):
            Meters(Prometheus(port=taken.getsockname()[1]), "public")
