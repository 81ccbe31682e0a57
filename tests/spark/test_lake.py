"""One contract for both ways to a lake: without Spark and with it they read, count and write the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.errors import JobError, LakeBusyError, LakeMissingError
from jobs.lake import APP, Commit, Lake, SparkLake
from jobs.sparkerrors import translated
from schemas import FEATURES, IMAGES, LAKE_TABLES, views
from tests.support import lakes
from tests.support.readers import READERS

Open = Callable[[Path], Lake]
WITHOUT, WITH = "without-spark", "with-spark"
ROWS = [
    lakes.row("a", b"one", status="anonymized", faces=[lakes.face(), lakes.face("pixelate", "plate")]),
    lakes.row("b", b"two", utility=[("ssim_outside", 1.0)]),
    lakes.row("c", b"three", status="review", reason="unverified"),
    lakes.row("d", None),
]


@pytest.fixture(params=[WITHOUT, WITH])
def open_lake(request: pytest.FixtureRequest) -> Open:
    """Return what opens a lake by one of the two ways; Spark is started only for the second."""
    if request.param == WITHOUT:
        return lambda place: Lake(str(place))
    spark: SparkSession = request.getfixturevalue("spark")
    return lambda place: SparkLake(str(place), spark)


def frame(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    """Return rows of ``images`` as a worker gives them to Spark."""
    return spark.createDataFrame(lakes.images(rows), from_arrow_schema(lakes.arrow(IMAGES)))


def write(lake: Lake, rows: list[dict[str, Any]], commit: Commit, spark: Callable[[], SparkSession]) -> None:
    """Append rows by the lake's own way."""
    if isinstance(lake, SparkLake):
        lake.append(frame(spark(), rows), commit)
    else:
        lake.tables.append("images", lakes.images(rows), APP, commit.version)


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Callable[[], SparkSession]:
    """Return what gives the session, where a test comes to need it."""
    return lambda: request.getfixturevalue("spark")


def plain(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows in one order and maps as dicts, so that what two engines give can be compared."""

    def simple(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: simple(v) for k, v in value.items()}
        if isinstance(value, list):
            pairs = bool(value) and all(isinstance(v, tuple) for v in value)
            return {k: simple(v) for k, v in value} if pairs else [simple(v) for v in value]
        return bytes(value) if isinstance(value, bytearray) else value

    return sorted(
        (simple(row) for row in table.to_pylist()), key=lambda row: json.dumps(row, default=str, sort_keys=True)
    )


def everything(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables and views."""
    names = [*LAKE_TABLES, *views("explode")]
    return {name: plain(lake.query(f"SELECT * FROM {name}")) for name in names}  # noqa: S608 - names of ours


def features(lake: Lake, name: str) -> tuple[set[str], set[str]]:
    """Return the reader and writer features that all protocol actions in a table's log name."""
    reader, writer = set[str](), set[str]()
    for file in Path(lake.uri, name, "_delta_log").glob("*.json"):
        for line in file.read_text(encoding="utf-8").splitlines():
            protocol = json.loads(line).get("protocol")
            if protocol:
                reader |= set(protocol.get("readerFeatures", ()))
                writer |= set(protocol.get("writerFeatures", ()))
    return reader, writer


def test_where_no_lake_is_none_is_made(open_lake: Open, tmp_path: Path) -> None:
    """To ask for a lake that is missing leaves no folder behind."""
    with pytest.raises(LakeMissingError):
        open_lake(tmp_path / "lake").require()
    assert list(tmp_path.iterdir()) == []


def test_a_new_lake_is_empty_and_made_once(open_lake: Open, tmp_path: Path) -> None:
    """Tables and views are there without a row; making it again changes nothing."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    lake.create()
    assert lake.require() is lake
    assert everything(lake) == {name: [] for name in (*LAKE_TABLES, *views("explode"))}
    assert lake.tables.versions() == dict.fromkeys(LAKE_TABLES, 0)
    assert lake.ledger.verify() == 0


def test_both_ways_give_the_same_rows(open_lake: Open, tmp_path: Path, session: Callable[[], SparkSession]) -> None:
    """Whoever wrote, all tables and views read alike by both, nested columns and pictures included."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    epoch = lake.ledger.append(lakes.event(settings='{"a": 1}', counts={"clean": 1}, figures={"x": 0.5}))
    write(lake, ROWS, Commit(epoch, 1), session)
    mine, theirs = everything(Lake(lake.uri)), everything(SparkLake(lake.uri, session()))
    assert mine == theirs
    assert mine["images"] == plain(lakes.images(ROWS))
    assert {name: len(rows) for name, rows in mine.items()} == {
        "images": 4,
        "runs": 1,
        "faces": 2,
        "review_queue": 1,
        "quarantine": 1,
        "provenance": 4,
    }


def test_a_join_of_views_works_in_both(open_lake: Open, tmp_path: Path) -> None:
    """The words that both engines share are enough for questions over several views."""
    lake = lakes.make(tmp_path / "lake", ROWS)
    sql = (
        "SELECT f.kind AS kind, COUNT(*) AS n FROM faces f JOIN provenance p ON f.image_id = p.image_id "
        "GROUP BY f.kind ORDER BY kind"
    )
    assert open_lake(Path(lake.uri)).query(sql).to_pylist() == [{"kind": "face", "n": 1}, {"kind": "plate", "n": 1}]


def test_both_write_the_same_features(open_lake: Open, tmp_path: Path, session: Callable[[], SparkSession]) -> None:
    """After appends by both no table has another feature than those that all readers know."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    write(lake, ROWS[:2], Commit(1, 1), session)
    SparkLake(lake.uri, session()).append(frame(session(), ROWS[2:3]), Commit(2, 1))
    SparkLake(lake.uri, session()).replace(frame(session(), [lakes.row("a", b"new")]), Commit(2, 2))
    Lake(lake.uri).tables.append("images", lakes.images(ROWS[3:]), APP, Commit(2, 3).version)
    for name in LAKE_TABLES:
        assert features(lake, name) == ({"deletionVectors"}, set(FEATURES))
        assert DeltaTable(str(Path(lake.uri, name))).metadata().configuration == LAKE_TABLES[name].properties()


def test_versions_and_transactions_are_told_alike(
    open_lake: Open, tmp_path: Path, session: Callable[[], SparkSession]
) -> None:
    """Each commit is one version, and carries its epoch and batch."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    write(lake, ROWS[:2], Commit(1, 1), session)
    write(lake, ROWS[2:], Commit(1, 2), session)
    assert lake.tables.versions() == {"images": 2, "runs": 0}
    assert lake.tables.transaction("images", APP) == 1 << 32 | 2


def test_the_ledger_is_one_chain(open_lake: Open, tmp_path: Path) -> None:
    """Events written by either way hang on each other."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    assert [lake.ledger.append(lakes.event()), Lake(lake.uri).ledger.append(lakes.event("finished"))] == [1, 2]
    assert lake.ledger.verify() == 2
    assert [event["event"] for event in lake.ledger.events()] == ["started", "finished"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"status": "released"}, id="unknown-status"),
        pytest.param({"status": "clean", "content": None, "reason": None}, id="clean-without-bytes"),
    ],
)
def test_no_way_writes_a_row_that_must_not_be(
    wrong: dict[str, Any], open_lake: Open, tmp_path: Path, session: Callable[[], SparkSession]
) -> None:
    """The table refuses it, whoever writes, and nothing of the commit is in it."""
    lake = open_lake(tmp_path / "lake")
    lake.create()
    with pytest.raises(JobError), translated():
        write(lake, [ROWS[0], lakes.row("x", **wrong)], Commit(1, 1), session)
    assert lake.tables.versions()["images"] == 0


def test_some_pictures_come_in_the_order_asked_for(open_lake: Open, tmp_path: Path) -> None:
    """By id, a few at a time; ids without a picture are left out."""
    many = [lakes.row(f"n{i}", f"{i}".encode()) for i in range(40)]
    lake = open_lake(Path(lakes.make(tmp_path / "lake", [*many, ROWS[3]]).uri))
    ids = [row["image_id"] for row in many][::-1]
    asked = [*ids[:30], ROWS[3]["image_id"], "0" * 32, *ids[30:]]
    assert list(lake.contents(asked)) == [(row["image_id"], row["content"]) for row in many[::-1]]
    assert list(lake.contents([])) == []


class TestSparkWrites:
    """What only Spark does: images at scale, appended or replaced once for each commit."""

    @pytest.fixture
    def lake(self, tmp_path: Path, spark: SparkSession) -> SparkLake:
        """Return a lake with two images, written by epoch 1."""
        made = SparkLake(str(tmp_path / "lake"), spark)
        made.create()
        made.append(frame(spark, ROWS[:2]), Commit(1, 1))
        return made

    def contents(self, lake: Lake) -> dict[str, bytes | None]:
        """Return each image's picture by its id, and fail if one has two rows."""
        rows = lake.tables.query("SELECT image_id, content FROM images").to_pylist()
        assert len({row["image_id"] for row in rows}) == len(rows)
        return {row["image_id"]: row["content"] for row in rows}

    def test_a_commit_of_nothing_is_a_commit(self, lake: SparkLake, spark: SparkSession) -> None:
        """An empty batch changes no row and is done."""
        before = self.contents(lake)
        lake.append(frame(spark, []), Commit(1, 2))
        assert self.contents(lake) == before
        assert lake.tables.transaction("images", APP) == Commit(1, 2).version

    @pytest.mark.parametrize("operation", ["append", "replace"])
    def test_the_same_commit_twice_is_once(self, operation: str, lake: SparkLake, spark: SparkSession) -> None:
        """A driver that does not know whether its commit arrived may do it again."""
        rows = frame(spark, [lakes.row("c", b"three")])
        for _ in range(2):
            getattr(lake, operation)(rows, Commit(1, 2))
        assert len(self.contents(lake)) == 3
        assert lake.tables.versions()["images"] == 2

    def test_a_replaced_image_has_one_row(self, lake: SparkLake, spark: SparkSession) -> None:
        """A replacement updates the row that has its id, adds what is new, and leaves the others alone."""
        lake.replace(frame(spark, [lakes.row("a", b"new"), lakes.row("e", None)]), Commit(1, 2))
        key = lakes.KEY.image_id
        assert self.contents(lake) == {key("a"): b"new", key("b"): b"two", key("e"): None}

    def test_other_readers_see_what_spark_replaced(self, lake: SparkLake, spark: SparkSession) -> None:
        """MERGE leaves a deletion vector; DuckDB, Polars and deltalake leave out what it deletes."""
        lake.replace(frame(spark, [lakes.row("a", b"new", faces=[lakes.face()])]), Commit(1, 2))
        table = Path(lake.uri, "images")
        assert list(table.rglob("deletion_vector_*.bin"))
        ours = lakes.row("a", b"new"), lakes.row("b", b"two")
        expected = {(row["image_id"], row["output_sha256"], regions) for row, regions in zip(ours, (1, 0), strict=True)}
        assert {name: reader(table) for name, reader in READERS.items()} == dict.fromkeys(READERS, expected)

    @pytest.mark.parametrize("operation", ["append", "replace"])
    def test_a_stale_epoch_is_refused(self, operation: str, lake: SparkLake, spark: SparkSession) -> None:
        """A driver that was taken for dead cannot write any more: its rows are not in the table, and it is told."""
        lake.append(frame(spark, [lakes.row("c", b"three")]), Commit(2, 1))
        before = self.contents(lake)
        for batch in (2, 9):
            with pytest.raises(LakeBusyError, match=r"epoch 2, ours is 1"):
                getattr(lake, operation)(
                    frame(spark, [lakes.row("a", b"stale"), lakes.row("z", b"z")]), Commit(1, batch)
                )
        assert self.contents(lake) == before

    def test_a_commit_leaves_no_transaction_in_the_session(self, lake: SparkLake, spark: SparkSession) -> None:
        """What a MERGE takes from the session's settings is gone afterwards: another table's write is its own."""
        lake.replace(frame(spark, [lakes.row("a", b"new")]), Commit(1, 2))
        assert spark.conf.get("spark.databricks.delta.write.txnVersion", "-1") == "-1"
        with pytest.raises(JobError), translated():
            lake.replace(frame(spark, [lakes.row("a", status="released")]), Commit(1, 3))
        assert spark.conf.get("spark.databricks.delta.write.txnAppId", "none") == "none"

    def test_large_pictures_are_in_small_row_groups(self, lake: SparkLake, spark: SparkSession) -> None:
        """Forty pictures of a megabyte are cut where one can be read without the others."""
        import os  # noqa: PLC0415 - only here

        import pyarrow.parquet as pq  # noqa: PLC0415 - only here

        rows = [lakes.row(f"n{i}", os.urandom(1 << 20)) for i in range(40)]
        lake.append(frame(spark, rows).coalesce(1), Commit(1, 2))
        largest = max(Path(lake.uri, "images").glob("*.parquet"), key=lambda p: p.stat().st_size)
        meta = pq.ParquetFile(largest).metadata
        sizes = [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]
        assert max(sizes) <= 40 << 20
        assert meta.num_row_groups >= 2
