"""Rows: whatever is done to one of them is found, and its image is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import verify
from jobs.lake import APP, Commit, Lake
from jobs.verifying import rows, trees
from jobs.verifying.finding import Kind
from jobs.verifying.rows import CONSTRAINTS
from schemas import IMAGES
from tests.support import lakes, tampering
from tests.unit.jobs.cases import Told
from tests.unit.jobs.verifying.tampered import IDS, NAMES, ROWS, change, found, read, where


@pytest.mark.parametrize("name", [c.name for c in IMAGES.columns if c.name not in {"image_id", "content"}])
def test_a_change_of_any_column_is_found_and_named(name: str, lake: Lake) -> None:
    """In place, with the file's size put right in the log: the row's leaf tells, and nobody else is accused."""
    change(name)(lake)
    named = found(lake)
    assert named[Kind.CHANGED] == [(IDS[1],)]
    assert {images for kind, many in named.items() if kind is not Kind.TABLE for images in many} == {(IDS[1],)}


def test_a_changed_picture_is_found_and_named(lake: Lake) -> None:
    """Its digest is in the row, and the row is as it was."""
    change("content")(lake)
    assert found(lake) == {Kind.CONTENT: [(IDS[1],)]}


def test_a_sample_of_pictures_looks_at_all_rows_and_says_what_it_can_miss(lake: Lake, told: Told) -> None:
    """A changed row is found by any sample, a changed picture where it is drawn; the share that would show is told."""
    assert "if 95.00% or more had been exchanged" in told(verify, lake.uri, "--sample", 1)
    change("status")(lake)
    assert found(lake, sample=1)[Kind.CHANGED] == [(IDS[1],)]
    change("content", 2)(lake)
    drawn = [found(lake, sample=6)[Kind.CONTENT] for _ in range(2)]
    assert drawn == [[(IDS[2],)]] * 2


def test_a_sample_is_drawn_evenly(lake: Lake) -> None:
    """Over many draws each picture comes about as often as any other."""
    counts = dict.fromkeys(range(6), 0)
    grown = trees.load(lake, lake.ledger.events())
    for _ in range(600):
        one = rows.Comparison(lake, grown, {}, sample=2)
        for number in range(6):
            one._seen.releasable += 1
            one._draw(str(number), "", 2)
        for name, _digest in one._drawn:
            counts[int(name)] += 1
    assert all(140 <= count <= 260 for count in counts.values()), counts


def test_a_dropped_row_is_named(lake: Lake) -> None:
    """Whether its file still has it is all the same: the leaf says that it was there."""
    number, at = where(lake, IDS[3])
    tampering.rewrite(lake, lambda rows: rows.pop(at), number=number)
    assert found(lake) == {Kind.DROPPED: [(IDS[3],)]}


def test_an_added_row_is_named(lake: Lake) -> None:
    """No run vouches for it, whatever run it names."""
    for run_id, strange in (("run-1", "x"), ("run-77", "y")):
        row = {**lakes.row(strange), "run_id": run_id}
        tampering.rewrite(lake, lambda rows, row=row: rows.append(row))  # type: ignore[misc]  # a lambda with a default
    assert found(lake)[Kind.ADDED] == [(lakes.KEY.image_id("x"), lakes.KEY.image_id("y"))]


def test_a_doubled_row_is_named(lake: Lake) -> None:
    """One image, one row."""
    number, at = where(lake, IDS[2])
    tampering.rewrite(lake, lambda rows: rows.append(dict(rows[at])), number=number)
    assert found(lake) == {Kind.DOUBLED: [(IDS[2],)]}


def test_pictures_that_were_swapped_are_both_named(lake: Lake) -> None:
    """With their digests, so that each row fits its picture: neither is what its run wrote."""

    def swap(rows: tampering.Rows) -> None:
        one, two = (next(row for row in rows if row["image_id"] == IDS[n]) for n in (1, 2))
        for name in ("content", "output_sha256"):
            one[name], two[name] = two[name], one[name]

    number, _ = where(lake, IDS[1])
    tampering.rewrite(lake, swap, number=number)
    ((named,),) = found(lake).values()
    assert sorted(named) == sorted(IDS[1:3])


def test_an_earlier_row_that_was_put_back_is_named(lake: Lake) -> None:
    """It was once right, and a later run replaced it."""
    number, at = where(lake, IDS[0])
    old = {**ROWS[0], "run_id": "run-1"}
    tampering.rewrite(lake, lambda rows: rows[at].update(old), number=number)
    (one,) = verify.run(lake).findings
    assert (one.kind, one.image_ids) == (Kind.CHANGED, (IDS[0],))
    assert "an earlier row was put back" in one.text


def test_rows_deleted_by_a_vector_are_gone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's rows count only where its deletion vector keeps them."""
    number, at = where(lake, IDS[1])
    path = tampering.files(lake)[number]
    keep = [place != at for place in range(read(path).num_rows)]
    monkeypatch.setattr(rows, "_masks", lambda _: iter([(f"file://{path}", np.array(keep))]))
    assert found(lake) == {Kind.DROPPED: [(IDS[1],)]}


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"status": "released"}, id="status_known"),
        pytest.param({"status": "quarantined", "reason": "corrupt"}, id="quarantined_has_no_content"),
        pytest.param({"content": None, "output_sha256": None}, id="released_has_content"),
        pytest.param({"status": "quarantined", "content": None, "output_sha256": None}, id="quarantined_says_why"),
        pytest.param({}, id=""),
    ],
)
def test_constraints_say_of_a_row_what_the_table_says(
    columns: dict[str, Any], lake: Lake, request: pytest.FixtureRequest
) -> None:
    """Each constraint of the table has its like here, and Delta refuses the rows for which it does not hold."""
    assert set(CONSTRAINTS) == set(dict(IMAGES.constraints))
    row = lakes.row("wrong", reason=None) | columns
    broken = {name for name, holds in CONSTRAINTS.items() if not holds(row, row["content"] is not None)}
    assert broken == set(filter(None, [request.node.callspec.id]))
    try:
        lake.tables.append("images", lakes.images([row]), APP, Commit(9, 1).version)
    except Exception:  # noqa: BLE001 - whatever Delta calls it
        assert broken
    else:
        assert not broken


def test_rows_of_a_run_that_has_not_finished_are_not_covered(lake: Lake, told: Told) -> None:
    """They are counted and not vouched for: a run may be under way. It may replace rows, too."""
    lakes.add_run(lake, "run-9", [lakes.row("new"), lakes.row(NAMES[1], b"again")], finished=False)
    made = verify.run(lake)
    assert made.findings == ()
    assert sorted(made.seen.open_ids) == sorted([lakes.KEY.image_id("new"), IDS[1]])
    assert "2 rows of runs that have not finished" in told(verify, lake.uri)


def test_a_run_that_was_cut_off_vouches_for_nothing_later(lake: Lake) -> None:
    """A row that names an unfinished run which began before the row's own run finished is a changed row."""
    place = lake.ledger.append(lakes.event(run_id="run-8"))
    lakes.add_run(lake, "run-10", [lakes.row(NAMES[1], b"after")])
    number, at = where(lake, IDS[1])
    tampering.rewrite(lake, lambda rows: rows[at].update(run_id="run-8"), number=number)
    assert place == 5
    assert found(lake)[Kind.CHANGED] == [(IDS[1],)]


def test_times_as_spark_writes_them_are_the_same_times(lake: Lake) -> None:
    """In 96 bits and without a zone, in every file: each row still hashes to its leaf."""
    for path in tampering.files(lake):
        table = pa.Table.from_pylist(read(path).to_pylist(), schema=lakes.arrow(IMAGES))
        pq.write_table(table, path, use_deprecated_int96_timestamps=True)
        tampering.resize(path)
    assert "INT96" in {read_type(path) for path in tampering.files(lake)}
    assert found(lake) == {}


def read_type(path: Path) -> str:
    """Return how a file stores times."""
    schema = pq.ParquetFile(path).schema
    return next(c.physical_type for c in map(schema.column, range(len(schema))) if c.name == "processed_at")
