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


_WORDS = {pa.int32(): "int", pa.int64(): "long", pa.bool_(): "boolean", pa.float32(): "float", pa.float64(): "double"}

_FEW = 6


def spoken(kind: pa.DataType) -> str:
    """Return a type as people write it; of a struct the names of its fields.

    Examples:
        >>> [spoken(kind) for kind in (pa.binary(), MOMENT, COUNTS, pa.list_(pa.struct([("x0", pa.int32())])))]
        ['binary', 'timestamp', 'map<string, long>', 'array<struct<x0>>']
    """
    if pa.types.is_map(kind):
        return f"map<{spoken(kind.key_type)}, {spoken(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{spoken(kind.value_type)}>"
    if pa.types.is_struct(kind):
        few = kind.num_fields <= _FEW
        return f"struct<{', '.join(field.name for field in kind) if few else f'{kind.num_fields} fields'}>"
    return "timestamp" if pa.types.is_timestamp(kind) else _WORDS.get(kind) or str(kind).removesuffix("_view")


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, what it says (stored as the column's comment), and whether it may be null."""

    name: str
    type: pa.DataType
    comment: str
    nullable: bool = True


ENTRY = Column("entry", pa.int64(), "Number of the entry, from 1", nullable=False)
"""The number of an entry of a log: what is decided or made later is a later entry."""


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
