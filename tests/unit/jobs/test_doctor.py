"""The doctor: each finding has a way out, and it works where what it looks for is missing."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import doctor, health, java, packages
from jobs.finding import Finding, State
from tests.support.processes import LOOPBACK, free_port

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        pytest.param(State.FAIL, "", id="problem-without-remedy"),
        pytest.param(State.WARN, "", id="warning-without-remedy"),
        pytest.param(State.OK, "do this", id="remedy-without-problem"),
    ],
)
def test_a_problem_has_a_remedy_and_nothing_else_has(state: State, remedy: str) -> None:
    """A finding that leaves a person without a next step cannot be made."""
    with pytest.raises(ValueError, match="remedy exactly when"):
        Finding("x", state, "detail", remedy)


def test_an_empty_table_is_no_error() -> None:
    """No findings make an empty table."""
    assert doctor.table([]) == "\n"


def test_the_table_puts_the_remedy_below_its_row() -> None:
    """What to do stands under what is wrong, and the last line counts."""
    lines = doctor.table([Finding("java", State.OK, "17"), Finding("jars", State.FAIL, "none", "fetch them")]).split(
        "\n"
    )
    assert lines[0].split() == ["ok", "java", "17"]
    assert lines[2].strip() == "-> fetch them"
    assert lines[-1] == "1 ok, 1 fail"


@pytest.mark.parametrize(
    ("version", "state"),
    [
        pytest.param((3, 10, 9), State.FAIL, id="too-old"),
        pytest.param((3, 11, 0), State.OK, id="oldest"),
        pytest.param((3, 13, 5), State.OK, id="newer"),
        pytest.param((3, 14, 0), State.WARN, id="not-tried"),
    ],
)
def test_pythons_are_judged_by_version(version: tuple[int, ...], state: State) -> None:
    """Too old fails, untried warns."""
    assert health.check_python(version).state is state


def test_a_missing_package_fails_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not there is named with the versions that work."""
    monkeypatch.setattr(packages, "PACKAGES", {"no-such-package-xyz": ((1, 2), (2,))})
    finding = packages.check_package("no-such-package-xyz")
    assert finding.state is State.FAIL
    assert "at least 1.2, below 2" in finding.detail


@pytest.mark.parametrize(
    ("bounds", "state"),
    [
        pytest.param(((0,), (999,)), State.OK, id="inside"),
        pytest.param(((999,), (9999,)), State.FAIL, id="too-old"),
        pytest.param(((0,), (0, 0, 1)), State.FAIL, id="too-new"),
    ],
)
def test_a_version_outside_its_bounds_fails(
    bounds: tuple[tuple[int, ...], tuple[int, ...]], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package is well between the oldest version that works and the first that does not."""
    monkeypatch.setattr(packages, "PACKAGES", {"pytest": bounds})
    assert packages.check_package("pytest").state is state


@pytest.mark.parametrize(
    ("present", "check", "named"),
    [
        pytest.param(("onnxruntime", "onnxruntime-gpu"), "check_onnxruntime", "onnxruntime-gpu", id="two-runtimes"),
        pytest.param((), "check_onnxruntime", "not installed", id="no-runtime"),
        pytest.param(("opencv-python", "opencv-python-headless"), "check_opencv", "opencv-python", id="two-opencvs"),
        pytest.param((), "check_opencv", "not installed", id="no-opencv"),
    ],
)
def test_builds_that_overwrite_each_other_fail(
    present: tuple[str, ...], check: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two builds of one module, or none, are found from the packages' metadata."""
    monkeypatch.setattr(packages, "installed", lambda name: "1.0" if name in present else None)
    finding = getattr(packages, check)()
    assert finding.state is State.FAIL
    assert named in finding.detail


def test_a_provider_that_is_not_compiled_in_does_not_compute() -> None:
    """The probe runs a real session on the CPU, and says no to a provider that nobody has."""
    assert packages.computes_on("CPU")
    assert not packages.computes_on("NoSuch")


def test_a_machine_without_java_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither JAVA_HOME nor a java on the PATH the finding fails and has a command or a sentence to follow."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.find_java() is None
    finding = health.check_java()
    assert finding.state is State.FAIL
    assert "Java 17 or newer" in finding.remedy


def test_an_old_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java 8 in JAVA_HOME is found, as Spark would find it, and refused by its version."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.problem() is not None
    assert "1.8.0_392 is too old" in health.check_java().detail


def test_missing_jars_fail_with_the_command_that_fetches_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache is a failure that one command mends."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path / "none"))
    assert health.check_jars().remedy == "faceveil jars fetch"


@pytest.mark.parametrize(
    ("least_gib", "state"), [pytest.param(0, State.OK, id="enough"), pytest.param(1e9, State.WARN, id="little")]
)
def test_disk_is_measured_where_the_folder_will_be(least_gib: float, state: State, tmp_path: Path) -> None:
    """A folder that is not there yet is measured at the nearest one that is."""
    assert health.check_disk("temp", tmp_path / "a" / "b", least_gib).state is state


class Refusing(http.server.BaseHTTPRequestHandler):
    """A server that refuses everybody, as S3 does without keys."""

    def do_GET(self) -> None:
        """Answer 403."""
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """Give the address of a server that answers 403."""
    with http.server.HTTPServer((LOOPBACK, 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()


def test_an_s3_server_that_refuses_is_one_that_answers(refusing: str) -> None:
    """Reachable is what is asked; whether keys fit is not tried."""
    assert health.check_s3(refusing) == Finding("s3", State.OK, f"{refusing} answers (403)")


@pytest.mark.parametrize("endpoint", [pytest.param("", id="empty"), pytest.param("ftp://x", id="no-http")])
def test_an_s3_endpoint_that_is_no_url_fails(endpoint: str) -> None:
    """Only HTTP addresses are opened."""
    assert health.check_s3(endpoint).state is State.FAIL


def test_an_s3_server_that_is_not_there_fails() -> None:
    """Nobody listening is a failure, not an exception."""
    assert health.check_s3(f"http://{LOOPBACK}:{free_port()}").state is State.FAIL


def test_the_doctor_runs_without_any_package_and_imports_nothing_heavy(tmp_path: Path) -> None:
    """On a bare Python it ends with 5 and a full JSON report in which every failure has a remedy."""
    # -S leaves out site-packages: nothing but the standard library and this checkout is there.
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from jobs import doctor; code = doctor.main(['--json']);"
        "heavy = {'pyspark', 'mlflow', 'insightface', 'cv2', 'pandas'} & set(sys.modules);"
        "assert not heavy, heavy; sys.exit(code)"
    )
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 5, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {
        name for name in ("java", "pyspark", "onnxruntime", "jars", "models") if rows[name]["state"] != "fail"
    } == set()
    assert all(row["remedy"] for row in rows.values() if row["state"] != "ok")
