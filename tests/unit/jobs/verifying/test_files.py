"""Files, commits and leaves: what no run wrote is found, by whatever way it came."""

import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from conf import gates
from jobs import verify
from jobs.lake import APP, Commit, Lake
from jobs.metrics import Metrics
from jobs.verifying.finding import Kind
from tests.support import evidence, lakes, tampering
from tests.unit.jobs.cases import Told
from tests.unit.jobs.verifying.tampered import IDS, found, read, where


def test_a_file_that_is_gone_is_named_with_its_images(lake: Lake) -> None:
    """The log still has it."""
    number, _ = where(lake, IDS[4])
    path = tampering.files(lake)[number]
    ids = set(read(path).column("image_id").to_pylist())
    path.unlink()
    named = found(lake)
    assert len(named[Kind.FILE]) == 2  # it is gone, and cannot be read
    assert set(named[Kind.DROPPED][0]) == ids


def test_a_bit_that_was_turned_is_found_wherever_a_row_reads_differently(lake: Lake) -> None:
    """Anywhere in a file; what changes no row (padding, an unread statistic) may pass, and nothing else."""
    number, _ = where(lake, IDS[4])
    path = tampering.files(lake)[number]
    was, rows = path.read_bytes(), read(path).to_pylist()
    passed = 0
    for place in random.Random(8).sample(range(len(was)), 60):  # noqa: S311 - places, no secrets
        path.write_bytes(was[:place] + bytes([was[place] ^ 0x10]) + was[place + 1 :])
        if not found(lake):
            assert read(path).to_pylist() == rows, place
            passed += 1
    assert passed < 45


def test_a_file_of_another_size_is_named(lake: Lake, told: Told) -> None:
    """Bytes after the end of a Parquet file are no row, and still not what was written."""
    path = tampering.files(lake)[0]
    path.write_bytes(path.read_bytes() + b"more")
    assert path.name in told(verify, lake.uri, code=5)


def test_a_commit_by_a_stranger_is_named_by_its_version(lake: Lake, told: Told) -> None:
    """An append without a transaction, a delete, and one under a transaction that no event has."""
    images = str(Path(lake.uri, "images"))
    write_deltalake(images, lakes.images([lakes.row("stranger")]), mode="append")
    DeltaTable(images).delete(f"image_id = '{IDS[2]}'")
    lake.tables.append("images", lakes.images([lakes.row("another")]), APP, Commit(99, 1).version)
    said = told(verify, lake.uri, code=5)
    for version, why in ((3, "under no transaction"), (4, "DELETE"), (5, "the ledger does not know")):
        assert any(f"version {version} of table 'images'" in line and why in line for line in said.splitlines())
    assert IDS[2] in said


def test_a_commit_that_is_cut_out_of_the_log_is_named(lake: Lake) -> None:
    """With a checkpoint the table still reads; the log has a gap."""
    table = lake.tables.open("images")
    table.create_checkpoint()
    Path(lake.uri, "images", "_delta_log", f"{1:020d}.json").unlink()
    (one,) = verify.run(lake).findings
    assert one.kind is Kind.COMMIT
    assert "versions 1 to 1" in one.text


def test_files_that_are_put_together_hold(lake: Lake) -> None:
    """Maintenance rewrites files under no transaction, and changes no row; a vacuum changes nothing."""
    table = lake.tables.open("images")
    table.optimize.compact()
    lake.tables.open("images").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert verify.run(lake).findings == ()


@pytest.mark.parametrize("name", ["position", "image_id", "leaf", "run_id", "epoch"])
def test_a_leaf_that_was_changed_is_found(name: str, lake: Lake) -> None:
    """The root tells, or the row that the leaf was of."""

    def tamper(rows: tampering.Rows) -> None:
        kind = {"position": pa.int64(), "epoch": pa.int64(), "leaf": pa.binary()}.get(name, pa.string())
        rows[0][name] = tampering.other(rows[0][name], kind)

    tampering.rewrite(lake, tamper, "leaves")
    assert set(found(lake)) & {Kind.ROOT, Kind.DROPPED, Kind.ADDED, Kind.CHANGED}


def test_leaves_that_are_gone_are_found(lake: Lake) -> None:
    """Without them the roots cannot be made, and no row is vouched for."""
    shutil.rmtree(Path(lake.uri, "leaves"))
    named = found(lake)
    assert len(named[Kind.ROOT]) == 2
    assert sorted(named[Kind.ADDED][0]) == sorted([*IDS, lakes.KEY.image_id("later")])


def test_a_leaf_without_its_image_needs_an_erasure(lake: Lake) -> None:
    """Whoever drops a row and takes the id out of its leaf needs an event that says so, and that is signed."""

    def tamper(rows: tampering.Rows) -> None:
        for row in rows:
            row["image_id"] = None if row["image_id"] == IDS[3] else row["image_id"]

    for place in range(len(tampering.files(lake, "leaves"))):
        tampering.rewrite(lake, tamper, "leaves", place)
    number, at = where(lake, IDS[3])
    tampering.rewrite(lake, lambda rows: rows.pop(at), number=number)
    assert set(found(lake)) == {Kind.ROOT}
    lake.ledger.append(lakes.event("erased", "run-e", counts={"leaves": 1}))
    assert found(lake) == {}


def test_constraints_and_columns_are_those_of_the_declaration(lake: Lake) -> None:
    """A table that checks less, or has a column more, is told."""
    log = Path(lake.uri, "images", "_delta_log", f"{0:020d}.json")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        line.get("metaData", {}).get("configuration", {}).pop("delta.constraints.status_known", None)
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (one,) = verify.run(lake).findings
    assert one.kind is Kind.TABLE
    assert "delta.constraints.status_known" in one.text


def test_metrics_are_looked_at_too(lake: Lake) -> None:
    """Figures that an evaluation wrote hold, and those of a stranger do not."""
    number = lake.ledger.append(lakes.event(run_id="run-e", job="evaluate"))
    Metrics(lake).append(evidence.whole(gates.load(gates.DEFAULT))[:3], "run-e", number)
    assert found(lake) == {}
    Metrics(lake).append(evidence.whole(gates.load(gates.DEFAULT))[:3], "run-x", 77)
    assert set(found(lake)) == {Kind.COMMIT}
