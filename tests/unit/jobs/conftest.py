"""What runs a command and gives its answer, and a lake to ask."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.lake import Lake
from tests.support import evaluated_lakes, lakes
from tests.unit.jobs.cases import IDS, ROWS, Asked, Told


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with every status, and its vault beside it."""
    made = lakes.make(tmp_path / "lake", ROWS)
    lakes.make_vault(tmp_path / "lake.vault", list(IDS))
    return made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what runs a command, holds it to its exit code, and gives all that a person reads."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(command: Any, *words: object, code: int = 0) -> str:
        assert command.main([str(word) for word in words]) == code
        out, err = capsys.readouterr()
        return out + err

    return run


@pytest.fixture
def asked(told: Told) -> Asked:
    """Return what runs a command with ``--json`` and gives its answer."""
    return lambda command, *words, code=0: json.loads(told(command, *words, "--json", code=code))


@pytest.fixture(scope="session")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake whose newest verdict is good, of nine images that may go out; who writes to it takes a copy."""
    place = tmp_path_factory.mktemp("passed") / "lake"
    evaluated_lakes.make(place, evaluated_lakes.good())
    return place


@pytest.fixture
def good(passed: Path, tmp_path: Path) -> Path:
    """Return such a lake of one's own."""
    return Path(shutil.copytree(passed, tmp_path / "lake"))
