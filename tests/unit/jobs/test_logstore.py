"""The log store's jar: built from its source by what Spark brings, and done without where that cannot be."""

import zipfile
from pathlib import Path

import pytest

from jobs import health, jars, logstore
from jobs.finding import State


def test_without_java_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run goes on without it, and the doctor says what that means and what to do."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java-here"))
    assert logstore.ready() is None
    found = health.check_log_store()
    assert (found.state, found.remedy) == (State.WARN, "run: make setup, where Java and pyspark are")
    assert "only the lease keeps two runs apart" in found.detail


def test_it_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One class, under the name that Delta is told; built again it has the same bytes."""
    try:
        real = jars.classpath()
    except jars.JarsError as error:
        pytest.skip(str(error))
    folder = real[0].parent
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path))
    (tmp_path / "jars").symlink_to(folder)
    made = logstore.build()
    first = made.read_bytes()
    with zipfile.ZipFile(made) as packed:
        assert packed.namelist() == [f"{logstore.CLASS.replace('.', '/')}.class"]
    made.unlink()
    assert logstore.build().read_bytes() == first
    assert logstore.ready() == made
