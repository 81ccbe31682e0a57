"""``faceveil sql``: what can be asked for, in which forms the answer comes, and what is refused."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from jobs import sql
from jobs.asking import FIRST_WRITTEN_BY, Asked, checked
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.moments import moment
from jobs.sweep import Sweep
from schemas import READABLE, views
from tests.support import lakes
from tests.unit.jobs.cases import IDS, ONE, TWO, Told
from tests.unit.jobs.cases import Asked as Answer

PER_STATUS = "SELECT status, COUNT(*) AS n FROM images GROUP BY status ORDER BY status"
COUNTED = [{"status": "anonymized", "n": 1}, {"status": "clean", "n": 2}]
COUNTED += [{"status": "quarantined", "n": 2}, {"status": "review", "n": 1}]


@pytest.fixture
def told_twice(lake: Lake) -> Lake:
    """Return a lake with two runs: the second replaced one image and added another."""
    lakes.add_run(lake, "run-2", [lakes.row(TWO, b"again", policy_digest="f" * 32), lakes.row("file:///new", b"new")])
    return lake


def test_an_empty_lake_has_everything_and_no_row(tmp_path: Path, asked: Answer) -> None:
    """Tables and views are there from the beginning; an answer without rows is an answer."""
    empty = lakes.make(tmp_path / "lake", [])
    for name in ("images", *views("unnest"), "changes"):
        assert asked(sql, empty.uri, f"SELECT * FROM {name}") == []  # noqa: S608 - names of ours


@pytest.mark.parametrize("words", [["--json"], ["--format", "json"], ["--json", "--format", "jsonl"]], ids=" ".join)
def test_json_is_one_row_an_object(words: list[str], lake: Lake, told: Told) -> None:
    """As a list, or a line each."""
    said = told(sql, lake.uri, PER_STATUS, *words)
    found = list(map(json.loads, said.splitlines())) if "jsonl" in words else json.loads(said)
    assert found == COUNTED


def test_a_table_is_aligned_and_counted(lake: Lake, told: Told) -> None:
    """For people, without colours where nobody looks."""
    lines = told(sql, lake.uri, PER_STATUS).splitlines()
    assert lines[0] == "4 rows"
    assert lines[1:3] == ["  status       n", "  anonymized   1"]


def test_csv_has_its_head_and_nested_values_as_json(lake: Lake, told: Told) -> None:
    """What a spreadsheet reads: numbers bare, nothing where nothing is."""
    said = told(sql, lake.uri, "SELECT image_id, reason, faces FROM images ORDER BY image_id", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [row["image_id"] for row in rows] == sorted(IDS.values())
    ours = next(row for row in rows if row["image_id"] == IDS[ONE])
    assert (ours["reason"], [face["method"] for face in json.loads(ours["faces"])]) == ("", ["mask", "pixelate"])


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl"])
@pytest.mark.parametrize("column", ["content", "array_agg(content)", "struct(max(content), 1)"])
def test_a_picture_is_its_size(column: str, form: str, lake: Lake, told: Told) -> None:
    """No form of answer carries bytes, neither as they are nor in letters, however deep they lie."""
    where = f"WHERE image_id = '{IDS[ONE]}'"
    said = told(sql, lake.uri, f"SELECT {column} AS a FROM images {where}", "--format", form)  # noqa: S608 - ours
    assert "3 bytes" in said
    assert "one" not in said
    assert "b25l" not in said


def test_a_file_gets_the_answer_in_the_form_of_its_name(lake: Lake, tmp_path: Path, told: Told) -> None:
    """And nothing is printed; of a question that fails no file is left, and no part of one."""
    out = tmp_path / "answer.jsonl"
    assert told(sql, lake.uri, PER_STATUS, "--out", out) == ""
    assert [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] == COUNTED
    told(sql, lake.uri, "SELECT CAST(status AS INT) FROM images", "--out", tmp_path / "no.csv", code=1)
    told(sql, lake.uri, PER_STATUS, "--out", tmp_path / "gone" / "no.csv", code=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answer.jsonl", "lake", "lake.vault"]


def test_a_statement_comes_from_standard_input(lake: Lake, asked: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long ones lie in files, with comments and an end mark."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"-- how many\n{PER_STATUS};\n"))
    assert asked(sql, lake.uri, "-") == COUNTED


def test_columns_of_one_name_stay_apart(lake: Lake, asked: Answer) -> None:
    """A join gives both ids."""
    found = asked(sql, lake.uri, "SELECT * FROM quarantine a JOIN images b ON a.image_id = b.image_id")
    assert len(found) == 2
    assert all(row["image_id"] == row["image_id_2"] for row in found)


def test_the_list_has_every_column_with_its_comment(lake: Lake, asked: Answer, told: Told) -> None:
    """Of tables that are there, views and the change feed."""
    found = asked(sql, lake.uri, "--list")
    assert [*dict.fromkeys(row["name"] for row in found)] == ["images", "runs", *views("unnest"), "changes"]
    assert all(row["comment"] and row["type"] and row["about"] for row in found)
    assert "image_id          string" in told(sql, lake.uri, "--list")


def test_a_version_shows_the_lake_as_it_was(told_twice: Lake, asked: Answer) -> None:
    """The other tables are taken back to the time of that version; a time does the same."""
    count = "SELECT COUNT(*) AS n, COUNT(DISTINCT policy_digest) AS p FROM images"
    assert asked(sql, told_twice.uri, count) == [{"n": 7, "p": 2}]
    assert asked(sql, told_twice.uri, count, "--at", "1") == [{"n": 6, "p": 2}]
    assert asked(sql, told_twice.uri, count, "--at", "0") == [{"n": 0, "p": 0}]
    assert asked(sql, told_twice.uri, "SELECT DISTINCT run_id FROM runs", "--at", "1") == [{"run_id": "run-1"}]
    made = told_twice.tables.open("images").history()
    at = next(one["timestamp"] for one in made if one["version"] == 1) / 1000
    with Asked(told_twice, moment(f"{sql_time(at)}")) as then:
        assert then.version == 1


def sql_time(seconds: float) -> str:
    """Return a time as people type it, a millisecond later, in UTC."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only here

    return datetime.fromtimestamp(seconds + 0.001, UTC).isoformat()


def test_the_change_feed_is_a_table(told_twice: Lake, asked: Answer) -> None:
    """Before and after of each replacement; pictures are not in it; it may begin later."""
    kinds = "SELECT _change_type AS kind, COUNT(*) AS n FROM changes GROUP BY 1 ORDER BY 1"
    whole = [{"kind": "insert", "n": 7}, {"kind": "update_postimage", "n": 1}, {"kind": "update_preimage", "n": 1}]
    assert asked(sql, told_twice.uri, kinds) == whole
    assert asked(sql, told_twice.uri, kinds, "--since", "2")[0] == {"kind": "insert", "n": 1}
    assert asked(sql, told_twice.uri, kinds, "--at", "1") == [{"kind": "insert", "n": 6}]
    assert "content" not in asked(sql, told_twice.uri, "SELECT * FROM changes LIMIT 1")[0]


def test_history_begins_with_an_erasure(told_twice: Lake, asked: Answer, told: Told) -> None:
    """What was erased is in no earlier version and in no change, and who asks for them is told what is kept."""
    sweep = Sweep.begin(told_twice.tables, "images", fenced=True)
    told_twice.tables.open("images").delete(f"image_id = '{IDS[ONE]}'")
    sweep.end(9)
    count = "SELECT COUNT(*) AS n FROM images"
    assert asked(sql, told_twice.uri, count) == asked(sql, told_twice.uri, count, "--at", "4") == [{"n": 6}]
    assert "images has versions 4 to 4, got 1" in told(sql, told_twice.uri, count, "--at", "1", code=2)
    assert IDS[ONE] not in told(sql, told_twice.uri, "SELECT image_id FROM changes")
    assert asked(sql, told_twice.uri, count, "--at", "2999-01-01") == [{"n": 6}]


def test_the_change_feed_leaves_nothing_behind(
    told_twice: Lake, tmp_path: Path, asked: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put down in a folder of its own, which is gone when the answer is."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert asked(sql, told_twice.uri, "SELECT COUNT(*) AS n FROM changes") == [{"n": 9}]
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param("", "got nothing", id="empty"),
        pytest.param("-- only a comment", "got nothing", id="comment"),
        pytest.param("SELECT * FROM fases", "did you mean 'faces'?", id="table"),
        pytest.param("SELECT * FROM metrics", "the first 'faceveil evaluate' makes it", id="table-of-later"),
        pytest.param("SELECT statu FROM images", "did you mean 'status'?", id="column"),
        pytest.param("SELECT i.statu FROM images i", "did you mean 'status'?", id="column-of-an-alias"),
        pytest.param("SELECT a b c FROM", "that is no SQL", id="syntax"),
        pytest.param("SELECT no_such(1)", "no_such", id="function"),
        pytest.param("SELECT 1; SELECT 2", "expected one statement", id="two"),
    ],
)
def test_what_is_not_there_is_told(statement: str, expected: str, lake: Lake, told: Told) -> None:
    """In one line, with the nearest right word."""
    said = told(sql, lake.uri, statement, code=2)
    assert expected in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1 AS a) TO '{}'",
        "/* x */ COPY (SELECT 1 AS a) TO '{}'",
        "EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '{}'",
        "EXPLAIN ANALYZE VERBOSE COPY (SELECT 1 AS a) TO '{}'",
        "(COPY (SELECT 1 AS a) TO '{}')",
        "WITH a AS (SELECT 1 AS a) COPY a TO '{}'",
        "SELECT 1; COPY (SELECT 1 AS a) TO '{}'",
        "DESCRIBE COPY (SELECT 1 AS a) TO '{}'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'",
        "INSERT INTO images SELECT * FROM images",
        "WITH a AS (SELECT * FROM images) INSERT INTO images SELECT * FROM a",
        "DELETE FROM images",
        "UPDATE images SET width = 1",
        "DROP TABLE images",
        "SET datafusion.execution.batch_size = 1",
    ],
)
def test_nothing_but_a_query_is_carried_out(statement: str, lake: Lake, tmp_path: Path, told: Told) -> None:
    """No file comes to be, and the lake stays at its versions."""
    before, target = lake.tables.versions(), tmp_path / "written.csv"
    told(sql, lake.uri, statement.format(target), code=2)
    assert not target.exists()
    assert lake.tables.versions() == before


def test_a_query_that_breaks_off_quotes_no_value(lake: Lake, told: Told) -> None:
    """What the engine says holds what it read."""
    said = told(sql, lake.uri, "SELECT CAST(image_id AS INT) FROM images", code=1)
    assert "Cast error" in said
    assert not any(one in said for one in IDS.values())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], "either a SQL statement", id="nothing"),
        pytest.param(["SELECT 1", "--list"], "either a SQL statement", id="both"),
        pytest.param(["SELECT 1", "--json", "--format", "csv"], "two answers", id="two-forms"),
        pytest.param(["SELECT 1", "--at", "soon"], "a version or a time", id="no-time"),
        pytest.param(["SELECT 1", "--at", "99"], "images has versions 0 to 1, got 99", id="version-to-come"),
        pytest.param(["SELECT 1", "--at", "1999-01-01"], "was first written at", id="before"),
        pytest.param(["selct 1"], "got 'selct'; did you mean SELECT?", id="misspelt"),
        pytest.param(
            ["delete from images"],
            "that only reads (SELECT, WITH, VALUES, EXPLAIN, DESCRIBE), got 'delete'\n",
            id="writes",
        ),
        pytest.param(["SHOW TABLES"], "'faceveil sql LAKE --list' shows tables and columns", id="tables"),
        pytest.param(["SELECT 1", "--fromat", "csv"], "did you mean --format?", id="option"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: list[str], expected: str, lake: Lake, told: Told) -> None:
    """Before anything is read, with what would do."""
    if "--fromat" in words:
        with pytest.raises(SystemExit, match="2"):
            sql.main([lake.uri, *words])
        return
    assert expected in told(sql, lake.uri, *words, code=2)


def test_no_answer_is_written_among_the_tables(lake: Lake, tmp_path: Path, told: Told) -> None:
    """Neither of the lake nor of its vault, by no name of theirs; nothing is there afterwards."""
    (tmp_path / "link").symlink_to(lake.uri, target_is_directory=True)
    for out in (f"{lake.uri}/images/a.csv", tmp_path / "link" / "a.csv", f"{lake.uri}.vault/a.csv"):
        said = told(sql, lake.uri, "SELECT 1 AS one", "--out", out, code=2)
        assert "the answer must not lie inside the lake or its vault" in said
        assert not Path(out).exists()


def test_a_lake_that_is_not_there_is_told(tmp_path: Path, told: Told) -> None:
    """And none is made."""
    assert "no lake" in told(sql, tmp_path / "lake", "SELECT 1", code=1)
    assert list(tmp_path.iterdir()) == []


def test_every_later_table_says_who_makes_it() -> None:
    """A new lake lacks them."""
    assert set(READABLE) - {"images", "runs"} <= set(FIRST_WRITTEN_BY)


@pytest.mark.parametrize("statement", ["TABLE images", "SHOW TABLES", "selec 1", "values_of x"])
def test_a_word_that_begins_no_query_is_quoted(statement: str) -> None:
    """So that a slip is seen."""
    with pytest.raises(UsageError, match=f"got '{statement.split(maxsplit=1)[0]}'"):
        checked(statement)
