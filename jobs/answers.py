"""The rows of an answer as a table for people, or as CSV, JSON or JSON lines for programs. Runs on the driver.

Bytes are never written: in place of a picture stands its size. Nested values are JSON in a table's and a CSV's cell.
"""

import csv
import itertools
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from jobs import screen
from jobs.asking import holds_bytes
from jobs.screen import Section, counted

TABLE, CSV, JSON, JSONL = FORMATS = ("table", "csv", "json", "jsonl")
MOST_ROWS = 1000
"""Of a table for people, which is laid out when its last row is known."""
_WIDEST = 60
_GAP = 2

Rows = Iterator[dict[str, Any]]


def unlike(names: Sequence[str]) -> list[str]:
    """Return names of which no two are alike: a join of tables has a column of each.

    Examples:
        >>> unlike(["image_id", "n", "image_id"])
        ['image_id', 'n', 'image_id_2']
    """
    out: list[str] = []
    for name in names:
        numbered = (f"{name}_{n}" for n in itertools.count(2))
        out.append(name if name not in out else next(one for one in numbered if one not in out))
    return out


def rows(batches: Iterator[pa.RecordBatch]) -> Rows:
    """Yield rows as plain values: text, numbers, lists and mappings; sizes in place of bytes."""
    for batch in batches:
        told = without_bytes(batch.rename_columns(unlike(batch.schema.names)))
        yield from (plain(row) for row in told.to_pylist(maps_as_pydicts="strict"))


def without_bytes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with the size of each value in place of its bytes, such as ``1234 bytes``."""
    for i, field in enumerate(batch.schema):
        if holds_bytes(field.type):
            sizes = pc.binary_length(batch.column(i).cast(pa.large_binary())).cast(pa.string())
            batch = batch.set_column(i, field.name, pc.binary_join_element_wise(sizes, "bytes", " "))
    return batch


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what is no number there is null, times are ISO 8601 in UTC.

    Examples:
        >>> plain({"a": [float("nan"), 1.5], "b": datetime(2026, 1, 2, tzinfo=UTC)})
        {'a': [None, 1.5], 'b': '2026-01-02T00:00:00Z'}
    """
    if isinstance(value, dict | list):
        return {str(k): plain(v) for k, v in value.items()} if isinstance(value, dict) else [plain(v) for v in value]
    if isinstance(value, datetime):  # a time without a zone keeps none
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | memoryview):  # within a list or a struct
        return f"{len(value)} bytes"
    return value if value is None or isinstance(value, str | int) else str(value)


def write(names: Sequence[str], found: Rows, form: str, out: TextIO) -> int:
    """Write an answer; return how many rows it has.

    Args:
        names: of the columns; an answer without rows has them, too.
        found: the rows, taken one after the other.
        form: one of :data:`FORMATS`.
        out: where to.
    """
    return {TABLE: _table, CSV: _csv, JSON: _json, JSONL: _lines}[form](names, found, out)


def _csv(names: Sequence[str], found: Rows, out: TextIO) -> int:
    writer, n = csv.writer(out, lineterminator="\n"), 0
    writer.writerow(names)
    for n, row in enumerate(found, 1):  # noqa: B007 - counts
        writer.writerow([_cell(row[name], none="") for name in names])
    return n


def _json(_: Sequence[str], found: Rows, out: TextIO) -> int:
    n = 0
    for n, row in enumerate(found, 1):
        out.write(f"{',' if n > 1 else '['}\n  {json.dumps(row, ensure_ascii=False)}")
    out.write("\n]\n" if n else "[]\n")
    return n


def _lines(_: Sequence[str], found: Rows, out: TextIO) -> int:
    n = 0
    for n, row in enumerate(found, 1):  # noqa: B007 - counts
        out.write(f"{json.dumps(row, ensure_ascii=False)}\n")
    return n


def _table(names: Sequence[str], found: Rows, out: TextIO) -> int:
    shown = list(itertools.islice(found, MOST_ROWS))
    more = next(found, None) is not None
    title = f"first {MOST_ROWS} rows; add LIMIT, or --format csv for all" if more else counted(len(shown), "row")
    cells = [tuple(_short(_cell(row[name])) for name in names) for row in shown]
    right = tuple(i for i, name in enumerate(names) if _are_numbers([row[name] for row in shown]))
    widths = [max(len(row[i]) for row in (tuple(names), *cells)) + _GAP for i in range(len(names))]
    if out.isatty() and sum(widths) > shutil.get_terminal_size().columns:
        each = enumerate(cells, 1)
        sections = [Section(f"row {n}", tuple(zip(names, row, strict=True))) for n, row in each]
        screen.show([*sections, Section(title, (("",),))], out)
    else:
        screen.show([Section(title, tuple(cells) or (("",) * len(names),), tuple(names), right)], out)
    return len(shown)


def _cell(value: Any, none: str = "-") -> str:
    if value is None:
        return none
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}" if none else repr(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _short(text: str) -> str:
    line = "".join(one for one in " ".join(text.split()) if one.isprintable())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def _are_numbers(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in there)
