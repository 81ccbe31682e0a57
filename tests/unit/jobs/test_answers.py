"""Answers as people and programs get them: on terminals of two widths, in pipes, short and long."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from jobs import answers

ROWS = [{"status": "clean", "n": 1, "share": 0.25}, {"status": "review", "n": 12, "share": None}]


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def written(rows: list[dict[str, object]], form: str, out: io.StringIO | None = None) -> str:
    """Return an answer as text."""
    stream = out or io.StringIO()
    assert answers.write(list(rows[0]) if rows else ["a"], iter(rows), form, stream) == min(
        len(rows), answers.MOST_ROWS if form == answers.TABLE else len(rows)
    )
    return stream.getvalue()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        pytest.param("table", "0 rows\n  a\n", id="table"),
        pytest.param("csv", "a\n", id="csv"),
        pytest.param("json", "[]\n", id="json"),
        pytest.param("jsonl", "", id="jsonl"),
    ],
)
def test_no_row_is_an_answer(form: str, expected: str) -> None:
    """With the columns, where a form has them."""
    assert written([], form).replace("\n\n", "\n") == expected


def test_numbers_stand_right_and_nothing_is_a_dash() -> None:
    """In a pipe, aligned."""
    assert written(ROWS, "table").splitlines() == [
        "2 rows",
        "  status   n  share",
        "  clean    1   0.25",
        "  review  12      -",
    ]


def test_a_terminal_that_is_too_narrow_gets_a_block_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide one a table; nothing is cut off either way."""
    monkeypatch.setenv("COLUMNS", "100")
    table = written(ROWS, "table", Terminal())
    monkeypatch.setenv("COLUMNS", "12")
    blocks = written(ROWS, "table", Terminal())
    assert "row 1" not in table
    assert "row 2" in blocks
    assert "2 rows" in table
    assert "2 rows" in blocks


def test_a_long_table_says_how_to_get_the_rest() -> None:
    """It is laid out when its last row is known, so it has an end; other forms have none."""
    many: list[dict[str, object]] = [{"n": n} for n in range(answers.MOST_ROWS + 1)]
    assert "first 1000 rows; add LIMIT, or --format csv for all" in written(many, "table")
    assert len(written(many, "csv").splitlines()) == len(many) + 1


def test_no_value_moves_a_terminals_cursor() -> None:
    """What no printer prints is left out of a table, and long values are cut."""
    text = written([{"a": "red\x1b[31m\nnext", "b": "x" * 100}], "table")
    assert "\x1b" not in text
    assert "red[31m next" in text
    assert f"{'x' * 59}…" in text


def test_json_is_what_other_programs_read() -> None:
    """Times in UTC, no NaN, maps as objects, sizes in place of bytes."""
    east = timezone(timedelta(hours=2))
    kinds = pa.schema(
        {"at": pa.timestamp("us", "UTC"), "x": pa.float64(), "m": pa.map_(pa.string(), pa.int64()), "c": pa.binary()}
    )
    rows = [{"at": datetime(2026, 1, 2, 3, tzinfo=east), "x": float("nan"), "m": [("a", 1)], "c": b"1234"}]
    (found,) = answers.rows(iter(pa.Table.from_pylist(rows, kinds).to_batches()))
    assert json.loads(written([found], "jsonl")) == {
        "at": "2026-01-02T01:00:00Z",
        "x": None,
        "m": {"a": 1},
        "c": "4 bytes",
    }
    assert datetime.fromisoformat(found["at"]) == datetime(2026, 1, 2, 1, tzinfo=UTC)
