"""A lake opens in DuckDB, Polars and ``deltalake``, and each of them sees the same rows."""

import json
import shutil
from pathlib import Path

import pytest

from jobs.lake import Lake
from jobs.sweep import Sweep
from tests.support import asked_lake, lakes
from tests.support.readers import READERS


@pytest.fixture(scope="module")
def marked(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a copy of the lake in which a deletion vector has deleted an image."""
    copy = tmp_path_factory.mktemp("readers") / "lake"
    shutil.copytree(lake.uri, copy)
    made = Lake(str(copy))
    asked_lake.delete_by_vector(made, max(row[0] for row in expected(made)))
    return made


def expected(lake: Lake) -> set[tuple[str, str | None, int]]:
    """Return what our own commands see."""
    rows = lake.query("SELECT image_id, output_sha256, faces FROM images").to_pylist()
    return {(row["image_id"], row["output_sha256"], len(row["faces"])) for row in rows}


def vectors(lake: Lake) -> int:
    """Return how many files of the newest commit have a deletion vector."""
    newest = max(Path(lake.uri, "images", "_delta_log").glob("*.json"))
    actions = map(json.loads, newest.read_text(encoding="utf-8").splitlines())
    return sum("deletionVector" in action.get("add", {}) for action in actions)


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_lake_opens(reader: str, tmp_path: Path) -> None:
    """As an empty table."""
    assert READERS[reader](Path(lakes.make(tmp_path / "lake", []).uri, "images")) == set()


@pytest.mark.parametrize("reader", READERS)
def test_a_lake_opens_with_its_deletion_vectors(reader: str, lake: Lake, marked: Lake) -> None:
    """Ids, pictures and regions are there, but for the row that the vector deletes."""
    assert vectors(marked) == 1
    found = READERS[reader](Path(marked.uri, "images"))
    assert found == expected(marked)
    assert len(expected(lake) - found) == 1


@pytest.mark.parametrize("reader", READERS)
def test_a_lake_opens_after_an_erasure(reader: str, lake: Lake, tmp_path: Path) -> None:
    """Its history is gone: the log begins with a checkpoint."""
    shutil.copytree(lake.uri, tmp_path / "lake")
    made = Lake(str(tmp_path / "lake"))
    gone = max(row[0] for row in expected(made))
    sweep = Sweep.begin(made.tables, "images", fenced=True)
    made.tables.open("images").delete(f"image_id = '{gone}'")
    assert sweep.end(9).files
    found = READERS[reader](Path(made.uri, "images"))
    assert found == expected(made)
    assert gone not in {row[0] for row in found}
