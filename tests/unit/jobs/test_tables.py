"""Tables without Spark: how they are made, what they refuse, what a query and a stream give."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from jobs.errors import LakeBusyError, LakeError, LakeMissingError
from jobs.tables import Tables, first_commit
from schemas import FEATURES, IMAGES, LAKE_TABLES, RUNS, Table
from tests.support import lakes


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Return the tables of a new lake."""
    made = Tables(str(tmp_path / "lake"), LAKE_TABLES)
    made.create()
    return made


def test_where_nothing_is_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """To look for tables leaves no folder behind, and opening one says what makes it."""
    missing = Tables(str(tmp_path / "lake"), LAKE_TABLES)
    assert not missing.exist()
    with pytest.raises(LakeMissingError, match="faceveil anonymize"):
        missing.open("images")
    assert list(tmp_path.iterdir()) == []


def test_new_tables_are_empty_and_have_all_columns(tables: Tables) -> None:
    """Made in one commit each, and readable before a row is in them."""
    assert tables.exist()
    assert tables.versions() == {"images": 0, "runs": 0}
    for name, table in LAKE_TABLES.items():
        found = tables.query(f"SELECT * FROM {name}")  # noqa: S608 - names of ours
        assert (found.num_rows, found.column_names) == (0, [c.name for c in table.columns])
    assert list(tables.stream("SELECT * FROM images")) == []


def test_making_twice_changes_nothing(tables: Tables) -> None:
    """A second driver finds what is there."""
    tables.append("images", lakes.images([lakes.row("a")]), "images", 1)
    tables.create()
    assert tables.versions() == {"images": 1, "runs": 0}


def test_many_drivers_make_one_table(tmp_path: Path) -> None:
    """Of eight that create at once one writes, and all go on."""
    made = Tables(str(tmp_path / "lake"), LAKE_TABLES)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: made.create(), range(8)))
    assert made.versions() == {"images": 0, "runs": 0}


@pytest.mark.parametrize("table", LAKE_TABLES.values(), ids=lambda t: t.name)
def test_a_table_has_exactly_the_features_that_all_readers_know(table: object, tables: Tables) -> None:
    """No feature more, after creation and after a write; comments and constraints are in the table itself."""
    assert table in LAKE_TABLES.values()
    name = table.name  # type: ignore[attr-defined]  # ids= above wants objects
    found = tables.open(name)
    assert set(found.protocol().writer_features or ()) == set(FEATURES)
    assert found.protocol().reader_features == ["deletionVectors"]
    declared = LAKE_TABLES[name]
    assert found.metadata().configuration == declared.properties()
    fields = {field.name: field for field in found.schema().fields}
    assert {n: f.metadata.get("comment") for n, f in fields.items()} == {c.name: c.comment for c in declared.columns}
    assert {n: f.nullable for n, f in fields.items()} == {c.name: c.nullable for c in declared.columns}


def test_what_is_written_comes_back(tables: Tables) -> None:
    """Every column, nested ones too, is read as it was written."""
    rows = lakes.images([lakes.row("a", faces=[lakes.face()]), lakes.row("b", None)])
    tables.append("images", rows, "images", 1)
    found = tables.query("SELECT * FROM images").to_pylist()
    key = lambda r: r["image_id"]  # noqa: E731 - said once
    assert sorted(found, key=key) == sorted(rows.to_pylist(), key=key)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"status": "released"}, id="unknown-status"),
        pytest.param({"status": "quarantined", "reason": "corrupt"}, id="quarantined-with-bytes"),
        pytest.param({"status": "clean", "content": None, "reason": None}, id="clean-without-bytes"),
        pytest.param({"content": None, "reason": None}, id="quarantined-without-reason"),
    ],
)
def test_a_row_that_must_not_be_is_refused(wrong: dict[str, object], tables: Tables) -> None:
    """The table itself refuses what would leak or lie; nothing of the commit is in it."""
    with pytest.raises(LakeError):
        tables.append("images", lakes.images([lakes.row("good"), lakes.row("a", **wrong)]), "images", 1)
    assert tables.query("SELECT * FROM images").num_rows == 0


@pytest.mark.parametrize("version", [3, 2], ids=["the-same", "an-earlier"])
def test_a_transaction_happens_once(version: int, tables: Tables) -> None:
    """A version that is not later than the last one is refused, and its rows are not in the table."""
    tables.append("images", lakes.images([lakes.row("a")]), "images", 3)
    with pytest.raises(LakeBusyError, match="run again"):
        tables.append("images", lakes.images([lakes.row("b")]), "images", version)
    assert tables.transaction("images", "images") == 3
    assert tables.query("SELECT * FROM images").num_rows == 1
    assert tables.transaction("images", "another") == 0


class Overtaken(Tables):
    """Tables between whose look and whose write another driver commits."""

    def open(self, name: str) -> DeltaTable:
        """Return the table as it is, and let the other driver write."""
        found = super().open(name)
        Tables(self.uri, self.declared).append(name, lakes.images([lakes.row("theirs")]), "images", 1)
        return found


def test_a_driver_that_is_overtaken_between_look_and_write_is_refused(tables: Tables) -> None:
    """The commit is made onto the version that was looked at, so that nothing slips in between."""
    with pytest.raises(LakeBusyError, match="run again"):
        Overtaken(tables.uri, LAKE_TABLES).append("images", lakes.images([lakes.row("mine")]), "images", 1)
    found = tables.query("SELECT image_id FROM images").to_pylist()
    assert found == [{"image_id": lakes.KEY.image_id("theirs")}]


def test_a_stream_holds_one_image_at_a_time(tables: Tables) -> None:
    """One row a batch, in the order of the files: the same each time."""
    for number in range(3):
        rows = [lakes.row(f"{number}-{i}", bytes([i]) * 1000) for i in range(6)]
        tables.append("images", lakes.images(rows), "images", number + 1)
    sql = "SELECT image_id, content FROM images WHERE status = 'clean'"
    batches = list(tables.stream(sql))
    assert {batch.num_rows for batch in batches} == {1}
    once = pa.Table.from_batches(batches)
    assert once.num_rows == 18
    assert once == pa.Table.from_batches(tables.stream(sql))


def test_views_can_stand_beside_each_other(tables: Tables) -> None:
    """A query may use several views at once."""
    views = {"a": "SELECT 1 AS n", "b": "SELECT n + 1 AS n FROM a"}
    assert tables.query("SELECT a.n + b.n AS n FROM a, b", **views).to_pylist() == [{"n": 3}]
    assert tables.query("WITH c AS (SELECT 4 AS n) SELECT b.n + c.n AS n FROM b, c", **views).to_pylist() == [{"n": 6}]


def older() -> Table:
    """Return ``images`` as version 1 declared it: without what the search for faces tells since."""
    new = {"roll_degrees", "sightings", "look", "region_hash"}
    face = pa.struct([f for f in IMAGES.arrow().field("faces").type.value_type if f.name not in new])
    columns = [replace(c, type=pa.list_(face)) if c.name == "faces" else c for c in IMAGES.columns]
    return replace(IMAGES, version=1, columns=tuple(c for c in columns if c.name not in {"plans", "residual"}))


def test_an_older_table_gets_the_columns_of_today(tmp_path: Path) -> None:
    """What was written before stays, with nulls in what is new; what is written now has everything."""
    before = Tables(str(tmp_path / "lake"), {"images": older(), "runs": RUNS})
    before.create()
    old = lakes.row("a", faces=[lakes.face()])
    before.append("images", pa.Table.from_pylist([old], schema=lakes.arrow(older())), "images", 1)
    table_id = before.open("images").metadata().id
    now = Tables(str(tmp_path / "lake"), LAKE_TABLES)
    now.create()
    now.append("images", lakes.images([lakes.row("b", faces=[lakes.face()])]), "images", 2)
    rows = {row["image_id"]: row for row in now.query("SELECT * FROM images").to_pylist()}
    first, second = rows[lakes.KEY.image_id("a")], rows[lakes.KEY.image_id("b")]
    assert (first["plans"], first["faces"][0]["look"], first["faces"][0]["method"]) == (None, None, "mask")
    assert (first["faces"][0]["region_hash"], second["faces"][0]["region_hash"]) == (None, 7)
    assert (second["plans"], second["faces"][0]["look"]) == (["thorough"], "plan")
    assert now.open("images").metadata().id == table_id
    assert now.versions()["images"] == 3
    now.create()
    assert now.versions()["images"] == 3


def test_many_drivers_upgrade_once(tmp_path: Path) -> None:
    """Whoever comes first upgrades; nobody fails and nothing is done twice."""
    Tables(str(tmp_path / "lake"), {"images": older(), "runs": RUNS}).create()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(Tables(str(tmp_path / "lake"), LAKE_TABLES).create) for _ in range(8)]:
            done.result()
    assert Tables(str(tmp_path / "lake"), LAKE_TABLES).versions() == {"images": 1, "runs": 0}


def test_a_table_of_a_newer_faceveil_is_refused(tables: Tables) -> None:
    """Columns that this version does not know must not be lost in silence."""
    newer = replace(RUNS, version=RUNS.version + 1)
    log = Path(tables.uri, "runs", "_delta_log", "00000000000000000000.json")
    log.write_bytes(first_commit(newer))
    with pytest.raises(LakeError, match="install a newer"):
        tables.open("runs")
    with pytest.raises(LakeError, match="install a newer"):
        tables.create()


def test_somebody_elses_table_is_refused(tmp_path: Path) -> None:
    """A Delta table that faceveil did not make is left alone."""
    write_deltalake(str(tmp_path / "images"), pa.table({"image_id": ["a"]}))
    with pytest.raises(LakeError, match="not made by faceveil"):
        Tables(str(tmp_path), {"images": IMAGES}).create()
    assert DeltaTable(str(tmp_path / "images")).version() == 0


def test_the_first_commit_is_three_actions() -> None:
    """Version 0 is what the Delta protocol asks for, and names nobody."""
    actions = [json.loads(line) for line in first_commit(IMAGES).splitlines()]
    assert [next(iter(action)) for action in actions] == ["commitInfo", "protocol", "metaData"]
    assert actions[0]["commitInfo"]["engineInfo"] == "faceveil"
