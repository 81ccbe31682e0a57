"""An application's last transaction, from the newest commits of a log, with and without checkpoints."""

from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs.deltalog import last_transaction
from jobs.errors import LakeMissingError
from jobs.tables import Tables
from schemas import LAKE_TABLES
from tests.support import lakes

APP, OTHER = "images", "sweep"


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Return the tables of a lake without images."""
    made = Tables(str(tmp_path / "lake"), LAKE_TABLES)
    made.create()
    return made


def last(tables: Tables, app_id: str = APP) -> int | None:
    """Return what the commits since the last checkpoint say."""
    return last_transaction(tables.log_uri("images"), app_id, Storage())


def append(tables: Tables, app_id: str, version: int) -> None:
    """Add a row under a transaction."""
    tables.append("images", lakes.images([lakes.row(f"{app_id}{version}")]), app_id, version)


def test_each_application_has_its_own(tables: Tables) -> None:
    """The newest counts, however many commits of others came after it; who made none has none."""
    assert last(tables) is None
    for version in (2, 5):
        append(tables, APP, version)
    append(tables, OTHER, 9)
    assert (last(tables), last(tables, OTHER), last(tables, "nobody")) == (5, 9, None)


def test_what_is_older_than_the_checkpoint_is_told_by_the_table(tables: Tables) -> None:
    """Commits before it need not be there any more; those after it are read alone."""
    append(tables, APP, 2)
    append(tables, OTHER, 3)
    tables.open("images").create_checkpoint()
    assert last(tables) is None
    assert tables.transaction("images", APP) == 2
    append(tables, APP, 4)
    log = Path(tables.uri, "images", "_delta_log")
    for old in sorted(log.glob("*.json"))[:2]:
        old.unlink()
    assert last(tables) == tables.transaction("images", APP) == 4
    assert tables.transaction("images", OTHER) == 3


def test_the_files_of_the_table_are_not_looked_at(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run asks after each commit: what grows with the table would make it slower and slower."""
    append(tables, APP, 7)
    monkeypatch.setattr(Tables, "open", lambda *_: pytest.fail("the table was opened"))
    assert tables.transaction("images", APP) == 7


def test_no_table_is_told_as_ever(tmp_path: Path) -> None:
    """And nothing is made by looking."""
    gone = Tables(str(tmp_path / "gone"), LAKE_TABLES)
    with pytest.raises(LakeMissingError):
        gone.transaction("images", APP)
    assert not (tmp_path / "gone").exists()
