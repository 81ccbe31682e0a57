"""What a table is: columns with types and comments, what its rows must hold, and how it is kept.

This package only declares; ``jobs.lake`` creates, reads and writes. Types are Arrow's.
"""

from dataclasses import dataclass

import pyarrow as pa

STRINGS = pa.map_(pa.string(), pa.string())
COUNTS = pa.map_(pa.string(), pa.int64())
FIGURES = pa.map_(pa.string(), pa.float64())
MOMENT = pa.timestamp("us", "UTC")

FEATURES = ("appendOnly", "invariants", "changeDataFeed", "checkConstraints", "deletionVectors")
"""Delta writer features of every table, and no other: Spark, Polars, DuckDB and deltalake all read these."""


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, what it says (stored as the column's comment), and whether it may be null."""

    name: str
    type: pa.DataType
    comment: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One Delta table.

    Attributes:
        name: folder below the lake's or the vault's URI.
        comment: what one row is.
        key: columns that tell rows apart.
        columns: all columns, in order.
        constraints: name to SQL expression over top-level columns, checked by every writer.
        statistics: columns whose minimum and maximum are kept for each file.
        append_only: rows are never changed or deleted.
        version: of the schema; changes are additive and raise it.
    """

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    constraints: tuple[tuple[str, str], ...] = ()
    statistics: tuple[str, ...] = ()
    append_only: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse a key or a statistic that is no column."""
        names = {column.name for column in self.columns}
        strangers = [name for name in (*self.key, *self.statistics) if name not in names]
        if strangers:
            raise ValueError(f"table {self.name}: {strangers} are no columns of it")

    def arrow(self) -> pa.Schema:
        """Return the Arrow schema, with the comments as metadata of the fields."""
        return pa.schema(
            [pa.field(c.name, c.type, nullable=c.nullable, metadata={"comment": c.comment}) for c in self.columns]
        )

    def properties(self) -> dict[str, str]:
        """Return the Delta table properties."""
        out = {
            "delta.enableChangeDataFeed": "true",
            "delta.enableDeletionVectors": "true",
            "delta.dataSkippingStatsColumns": ",".join(self.statistics or self.key),
            "faceveil.schemaVersion": str(self.version),
        }
        if self.append_only:
            out["delta.appendOnly"] = "true"
        return out | {f"delta.constraints.{name}": sql for name, sql in self.constraints}
