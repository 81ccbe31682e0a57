"""The wheel that travels to executors holds all four packages and every data file that the code reads."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support import wheel
from tests.support.wheel import PACKAGES, ROOT

READ = """
import conf.gates, conf.settings, conf.policies
from anonymizer_udfs import recognition
from jobs import context, jars, models
from jobs.reporting import limits, pages
from jobs.reporting.blocks import Document
assert ".whl" in conf.settings.__file__
settings = conf.settings.load("cluster,s3")
assert len(jars.read_lock()) > 30
assert conf.gates.load("strict").name == "strict"
assert "</html>" in pages.html(Document("w", "m", False, (), (), (), (), "", limits.sections()))
for name in conf.policies.names():
    policy = context.load_policy(name, settings, models.registry())
    assert context.thresholds(recognition.build(policy.panel[0]), policy, settings, "1e-4")
"""
JOBS = ("anonymize", "demo", "doctor", "export", "jars", "lookup", "maintain", "models", "report", "status")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources."""
    return wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def packed(built: Path) -> set[str]:
    """Return the names in it."""
    return set(zipfile.ZipFile(built).namelist())


def test_every_file_of_the_packages_is_in_it(packed: set[str]) -> None:
    """Code, settings, the list of models, the jars' pom and lock, Spark's defaults: nothing is left behind."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file()]
    expected = {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}
    assert {"conf/models.yaml", "conf/jars/pom.xml", "conf/jars/jars.lock", "anonymizer_udfs/py.typed"} <= expected
    assert expected - packed == set()


def test_nothing_else_is_in_it(packed: set[str]) -> None:
    """No test, lake, key or picture slips into what is installed on every executor."""
    tops = {name.split("/")[0] for name in packed}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    endings = {Path(name).suffix for name in packed if ".dist-info/" not in name}
    assert endings <= {
        ".py",
        ".yaml",
        ".json",
        ".xml",
        ".lock",
        ".conf",
        ".properties",
        ".typed",
        ".html",
        ".css",
        ".js",
        ".java",
    }


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python without faceveil."""
    return wheel.bare_python(tmp_path_factory.mktemp("venv"))


def test_data_is_read_from_within_it(built: Path, python: Path, tmp_path: Path) -> None:
    """Settings, policies, thresholds, models and jars are found where only the file is on the path: ``--py-files``."""
    env = {"PYTHONPATH": str(built), "HOME": str(tmp_path)}
    done = subprocess.run([python, "-c", READ], capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", JOBS)
def test_each_job_is_a_script(name: str, built: Path, python: Path, tmp_path: Path) -> None:
    """A job's file alone, as ``spark-submit`` is given it, finds the rest in the wheel."""
    job = shutil.copy(ROOT / "jobs" / f"{name}.py", tmp_path)
    env = {"PYTHONPATH": str(built), "HOME": str(tmp_path)}
    line = [python, job, "--help"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: faceveil {name}")
