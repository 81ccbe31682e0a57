"""What somebody does to a lake who may write its files and does not want it to be seen. Without a JVM."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake import Lake
from jobs.verifying import commits
from schemas import LAKE_TABLES, LEAF_TABLES
from tests.support import lakes

Rows = list[dict[str, Any]]
_DECLARED = LAKE_TABLES | LEAF_TABLES


def files(lake: Lake, table: str = "images") -> list[Path]:
    """Return the Parquet files that a table's newest version consists of."""
    opened = lake.tables.open(table) if table in lake.tables.declared else None
    if opened is None:
        return sorted(Path(lake.uri, table).glob("*.parquet"))
    return [Path(lake.uri, table, name) for name, _ in commits.live(opened)]


def rewrite(lake: Lake, change: Callable[[Rows], None], table: str = "images", number: int = 0) -> Path:
    """Change the rows of one file in place, and its size in the log with it, so that only the rows can tell."""
    path = files(lake, table)[number]
    rows = pq.read_table(path).to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=lakes.arrow(_DECLARED[table])), path)
    resize(path)
    return path


def resize(path: Path) -> None:
    """Write a file's size and number of rows into the log entry that added it."""
    rows = pq.ParquetFile(path).metadata.num_rows
    for entry in (path.parent / "_delta_log").glob("*.json"):
        lines = [json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            if line.get("add", {}).get("path") == path.name:
                stats = json.loads(line["add"]["stats"])
                stats |= {"numRecords": rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
                line["add"] |= {"size": path.stat().st_size, "stats": json.dumps(stats)}
        entry.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def other(value: Any, kind: pa.DataType) -> Any:  # noqa: PLR0911 - one a type
    """Return another value of a type: the smallest change that there is."""
    if pa.types.is_list(kind):
        return [*(value or []), other(None, kind.value_type)]
    if pa.types.is_map(kind):
        return [*(value or []), ("another", other(None, kind.item_type))]
    if pa.types.is_struct(kind):
        first = kind.field(0)
        return {**(value or {}), first.name: other((value or {}).get(first.name), first.type)}
    if pa.types.is_boolean(kind):
        return not value
    if pa.types.is_timestamp(kind):
        return value.replace(microsecond=(value.microsecond + 1) % 1_000_000)
    if pa.types.is_binary(kind):
        return bytes([(value or b"\x00")[0] ^ 1, *(value or b"")[1:]])
    if pa.types.is_string(kind):
        return f"{(value or 'a')[:-1]}{'b' if (value or '').endswith('a') else 'a'}"
    return (value or 0) + 1
