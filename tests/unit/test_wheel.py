"""The wheel that travels to executors holds all four packages and every data file that the code reads."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("anonymizer_udfs", "conf", "jobs", "schemas")
NOT_PACKED = shutil.ignore_patterns("__pycache__")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy of the sources and return the names in it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    for name in ("requirements", *PACKAGES):
        shutil.copytree(ROOT / name, source / name, ignore=NOT_PACKED)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(built), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return set(zipfile.ZipFile(next(built.glob("faceveil-*.whl"))).namelist())


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
    assert endings <= {".py", ".yaml", ".json", ".xml", ".lock", ".conf", ".properties", ".typed"}
