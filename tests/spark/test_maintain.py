"""``faceveil maintain``: the same rows in files whose ids do not overlap, as small to read as the job wrote them."""

import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.lake import read_bytes
from jobs import layout, maintain
from jobs.lake import Lake
from jobs.tables import Tables
from schemas import METRIC_TABLES, METRICS
from tests.support.anonymizing import DONE, HELD_BACK, anonymize, rows
from tests.support.lakes import AT, KEY, arrow, make, make_vault, row
from tests.support.pictures import place, portrait, saved, write

NIGHTS = 3
A_NIGHT = 24
"""Images; ids are chance, and with a few of them the files of three nights may happen to lie apart."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``photos`` and a lake of several runs, of a file each."""
    root = tmp_path_factory.mktemp("nights")
    for night in range(NIGHTS):
        files = {f"{night}-{n}.png": place(100 * night + n) for n in range(A_NIGHT)} | {f"{night}.png": portrait(night)}
        assert anonymize(write(root / "photos", files), root / "lake") in {DONE, HELD_BACK}
    return root


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """Run the command and return its answer."""
    capsys.readouterr()
    assert maintain.main([*words, "--json"]) == maintain.options.DONE
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_a_dry_run_changes_nothing(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how the files lie, and starts no Spark."""
    tables = Lake(str(made / "lake")).tables
    before = tables.versions()
    told = said(capsys, str(made / "lake"), "--dry-run")
    assert told["written"] is False
    assert told["before"] == told["after"]
    assert told["before"]["files"] >= NIGHTS  # type: ignore[index]
    assert told["before"]["shared"] > NIGHTS / 2  # type: ignore[index]
    assert tables.versions() == before


def test_the_rows_stay_and_the_files_follow_the_ids(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer files, of which each id may lie in one; every row is what it was, and a run finds nothing new."""
    lake = made / "lake"
    before = rows(lake)
    told = said(capsys, str(lake))
    assert told["written"] is True
    assert told["after"]["files"] < told["before"]["files"]  # type: ignore[index]
    assert told["after"]["shared"] == 1  # type: ignore[index]
    assert rows(lake) == before
    assert anonymize(made / "photos", lake) in {DONE, HELD_BACK}
    assert rows(lake) == before


def test_what_lies_well_is_left_alone(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second time there is nothing to do, unless it is asked for."""
    lake = made / "lake"
    said(capsys, str(lake))
    version = Lake(str(lake)).tables.versions()["images"]
    assert said(capsys, str(lake))["written"] is False
    assert Lake(str(lake)).tables.versions()["images"] == version
    assert said(capsys, str(lake), "--always")["written"] is True


def test_large_pictures_stay_in_small_row_groups(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Delta writes anew has the job's row groups and pages, an index of them, and its compression."""
    said(capsys, str(made / "lake"))
    for file in Lake(str(made / "lake")).tables.open("images").file_uris():
        found = pq.ParquetFile(file.removeprefix("file://")).metadata
        for group in range(found.num_row_groups):
            column = found.row_group(group).column(0)
            assert (column.compression, column.has_offset_index) == ("ZSTD", True)
            assert found.row_group(group).total_byte_size < 40 << 20


def test_one_large_picture_is_read_without_its_neighbours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of pictures of 3 MB in one row group, as the job writes them and after ``maintain``."""
    files = {
        f"{n}.png": saved(np.random.default_rng(n).integers(0, 256, (1000, 1000, 3), np.uint8), "PNG") for n in range(4)
    }
    lake = tmp_path / "lake"
    assert anonymize(write(tmp_path / "photos", files), lake) in {DONE, HELD_BACK}
    for again in (False, True):
        if again:
            said(capsys, str(lake), "--always")
        one = Lake(str(lake))
        (wanted, *_) = sorted(row["image_id"] for row in rows(lake))
        assert [len(content) > 3e6 for _, content in one.contents([wanted])] == [True]
        assert read_bytes(os.getpid(), partial(list, one.contents([wanted]))) < 4


def test_people_read_what_was_done(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two lines, before and now, and all tables with their sizes."""
    capsys.readouterr()
    assert maintain.main([str(made / "lake"), "--always"]) == maintain.options.DONE
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told[:2]] == ["before", "now"]
    assert told[2] == "tables"
    assert "one image is looked for in 1.0 of them on average" in told[1]
    assert maintain.main([str(made / "none")]) == maintain.options.FAILED
    assert "no lake" in capsys.readouterr().err


def test_files_without_a_known_range_may_hold_any_id(made: Path) -> None:
    """Their number counts in full: nobody can tell."""
    table = Lake(str(made / "lake")).tables.open("images")
    assert layout.of(table, "image_id").shared >= 1
    assert layout.of(table, "key_id").shared == layout.of(table, "key_id").files


def test_what_is_past_its_time_goes_and_the_rest_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, as an erasure, and what names them; figures; files of no version, once they are older than the history."""
    old, young = "file:///x/old.jpg", "file:///x/young.jpg"
    lake = make(tmp_path / "lake", [row(old), row(young, processed_at=datetime.now(UTC))])
    make_vault(tmp_path / "lake.vault", [old, young])
    metrics = Tables(lake.uri, METRIC_TABLES)
    metrics.create()
    figure = {"run_id": "run-1", "scope": "images", "name": "n", "cases": 1, "measured_at": AT}
    worst = figure | {
        "scope": "worst",
        "dimensions": [("image_id", KEY.image_id(old))],
        "measured_at": datetime.now(UTC),
    }
    metrics.append("metrics", pa.Table.from_pylist([figure, worst], schema=arrow(METRICS)), "metrics", 1)
    orphans = [tmp_path / "lake" / "runs" / f"part-{n}.parquet" for n in (1, 2)]
    for orphan in orphans:
        orphan.write_bytes(b"of a run that was killed")
    os.utime(orphans[0], (0, 0))
    words = (lake.uri, "--set", "retention.images_days=30", "--set", "retention.metrics_days=30")
    counted = {"images": 1, "work": 0, "metrics": 1}
    assert said(capsys, *words, "--dry-run")["past_retention"] == counted
    told = said(capsys, *words)
    assert told["past_retention"] == counted
    assert [row["image_id"] for row in rows(tmp_path / "lake")] == [KEY.image_id(young)]
    assert [orphan.exists() for orphan in orphans] == [False, True]
    sizes = {one["table"]: one["rows"] for one in told["tables"]}  # type: ignore[attr-defined]
    assert (sizes["images"], sizes["metrics"], sizes["sources"], sizes["suppressed"]) == (1, 0, 1, 1)
    (tombstone,) = [event for event in lake.ledger.events() if event["event"] == "erased"]
    assert dict(tombstone["counts"])["retention"] == 1
    assert lake.ledger.verify() == 6
