"""A lake of two runs, and a copy of it for each test that tampers with it."""

import shutil
from pathlib import Path

import pytest

from jobs.lake import Lake
from tests.support import lakes
from tests.unit.jobs.verifying.tampered import NEWER, ROWS


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of two runs, the second of which replaced an image and added one."""
    place = tmp_path_factory.mktemp("pristine") / "lake"
    lakes.sealed(place, ROWS, [NEWER, lakes.row("later")])
    return place


@pytest.fixture
def lake(pristine: Path, tmp_path: Path) -> Lake:
    """Return a copy of it, to be tampered with."""
    shutil.copytree(pristine, tmp_path / "lake")
    return Lake(str(tmp_path / "lake"), signer=lambda: lakes.SIGNER)
