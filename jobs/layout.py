"""How a table's files lie: how many there are, how large, and in how many of them a key may be. Reads the log alone."""

import bisect
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable


@dataclass(frozen=True)
class Layout:
    """How a table's files lie.

    Attributes:
        files: how many there are.
        rows: of all of them, as far as the log tells.
        size_bytes: of all of them.
        shared: in how many of them a key may lie, on average over the files' first keys; at least 1 where there is one.
    """

    files: int
    rows: int
    size_bytes: int
    shared: float


def of(table: DeltaTable, key: str) -> Layout:
    """Return how the files of a table's version lie, by the least and greatest key that its log has for each.

    A file without these may hold any key. Cost: the log, and the number of files times its logarithm.
    """
    found = pa.table(table.get_add_actions(flatten=True))
    columns = {name: found.column(name).to_pylist() for name in found.column_names}
    known = zip(columns.get(f"min.{key}", ()), columns.get(f"max.{key}", ()), strict=True)
    ranges = [(low, high) for low, high in known if low is not None and high is not None]
    rows = sum(count or 0 for count in columns.get("num_records", ()))
    return Layout(found.num_rows, rows, sum(columns["size_bytes"]), shared(ranges) + found.num_rows - len(ranges))


def shared(ranges: list[tuple[str, str]]) -> float:
    """Return how many ranges hold the start of one of them, on average; 0 where there is none.

    Examples:
        >>> shared([("a", "c"), ("b", "d"), ("x", "z")])
        1.3333333333333333
        >>> shared([])
        0.0
    """
    lows, highs = sorted(low for low, _ in ranges), sorted(high for _, high in ranges)
    holding = (bisect.bisect_right(lows, low) - bisect.bisect_left(highs, low) for low in lows)
    return sum(holding) / len(ranges) if ranges else 0.0
