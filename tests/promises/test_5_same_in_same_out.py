"""Promise 5: same bytes, key, policy and models give the same bytes, whatever the partitioning, batch size or order."""

from pathlib import Path

import pytest

from tests.support.anonymizing import DONE, anonymize, comparable, key_file, outputs, rows
from tests.support.pictures import group, place, portrait, write

POLICY = ("--policy", "partner")
"""Its noise is drawn from the key, so that an order that mattered would show."""

WAYS = {
    "one image a commit": ("--set", "batches.images=1", "--set", "batches.task_images=1"),
    "small arrow batches": (
        "--set", "limits.arrow_batch_bytes=1", "--set", "limits.read_ahead_bytes=1", "--set", "limits.read_threads=1",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few portraits, JPEGs among them, a group and a place."""
    files = {f"{n}.png": portrait(n) for n in range(3)} | {"3.jpg": portrait(3, "JPEG", quality=90)}
    return write(tmp_path_factory.mktemp("same") / "photos", {**files, "group.jpg": group(), "4.png": place()})


@pytest.fixture(scope="module")
def first(source: Path) -> Path:
    """Its lake, made with the default settings."""
    lake = source.parent / "first"
    assert anonymize(source, lake, *POLICY, "--key-file", key_file(source.parent)) == DONE
    assert [face["method"] for row in rows(lake) for face in row["faces"]].count("pixelate") >= 9
    return lake


@pytest.mark.parametrize("way", WAYS)
def test_the_cut_of_the_work_changes_no_byte(way: str, source: Path, first: Path, tmp_path: Path) -> None:
    """Two lakes with one key are equal in every column that is not the run's, however the work is cut."""
    again = tmp_path / "again"
    assert anonymize(source, again, *POLICY, *WAYS[way], "--key-file", key_file(tmp_path)) == DONE
    assert comparable(again) == comparable(first)


def test_order_and_neighbours_change_no_byte(source: Path, first: Path, tmp_path: Path) -> None:
    """An image alone, taken first, gives what it gives among the others; and so do those that come after it."""
    again = tmp_path / "again"
    key = ("--key-file", key_file(tmp_path))
    assert anonymize(source / "group.jpg", again, *POLICY, *key) == DONE
    assert len(outputs(again)) == 1
    assert outputs(again).items() <= outputs(first).items()
    assert anonymize(source, again, *POLICY, *key, "--set", "spark.conf.spark.sql.shuffle.partitions=7") == DONE
    assert outputs(again) == outputs(first)


def test_another_key_gives_other_names_and_other_noise(source: Path, first: Path, tmp_path: Path) -> None:
    """Ids and noise come from the key: under another one no id and no treated picture is the same."""
    again = tmp_path / "again"
    assert anonymize(source, again, *POLICY, "--key-file", key_file(tmp_path, bytes(32))) == DONE
    assert outputs(again).keys().isdisjoint(outputs(first))
    treated = [{row["output_sha256"] for row in rows(lake) if row["faces"]} for lake in (first, again)]
    assert treated[0].isdisjoint(treated[1])
