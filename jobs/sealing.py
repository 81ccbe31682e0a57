"""What a finished run vouches for: the leaves of its images go into the table ``leaves``, their root into its event.

Runs on the driver. Leaves pass by in the order of their ids, and the root is folded while they are written: no more
than one commit of them is ever held. Rows are hashed on the driver where they are few, else on executors.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.leaves import CONTENT, PACKED, HashPartition, hashed, unpacked
from anonymizer_udfs.merkle import Fold
from jobs.lake import Commit, Lake, SparkLake, ranges
from jobs.tables import Tables
from schemas import LEAF_TABLES, LEAVES

APP = "leaves"
KEPT = tuple(column.name for column in LEAVES.columns if column.name != "image_id")
"""What an erasure leaves of a row."""
FEW = 20_000
"""Up to so many images are hashed on the driver, in about 3 seconds; a Spark job takes about as long to begin."""
PIECE = 200_000
"""Leaves that are held and committed at a time: some 30 MB."""
RANGE = 50_000
"""Images that are sorted at a time: some 100 MB of rows."""


@dataclass(frozen=True)
class Sealed:
    """A run's tree: how many images, and the root in hexadecimal."""

    images: int
    root: str


def tables(lake: Lake) -> Tables:
    """Return the table ``leaves`` of a lake, which is there from the first run on that committed to a root."""
    return Tables(lake.uri, LEAF_TABLES, lake.tables.storage)


def seal(lake: Lake, run_id: str, epoch: int) -> Sealed:
    """Write the leaves of all images that a run wrote, and return their root.

    Args:
        lake: with Spark, or without where they are few.
        run_id: the run; all its sittings count.
        epoch: of the sitting that finishes it.

    Raises:
        LakeBusyError: a later run was first.
    """
    sql = f"SELECT COUNT(*) AS n FROM images WHERE {_of(run_id)}"  # noqa: S608 - ours
    count = int(lake.tables.query(sql).to_pylist()[0]["n"])
    if isinstance(lake, SparkLake) and count > FEW:
        return sealed(lake, run_id, epoch, on_executors(lake, run_id, count))
    return sealed(lake, run_id, epoch, here(lake, run_id, count)) if count else Sealed(0, Fold().root().hex())


def sealed(lake: Lake, run_id: str, epoch: int, found: Iterable[pa.RecordBatch]) -> Sealed:
    """Write leaves that come in the order of their ids, and return their root.

    Args:
        lake: whose.
        run_id: as :func:`seal`.
        epoch: as :func:`seal`.
        found: batches of :data:`anonymizer_udfs.leaves.HASHED`.
    """
    fold, kept = Fold(), tables(lake)
    kept.create()
    for number, some in enumerate(_pieces(found), 1):
        first = fold.size
        leaves = some.column("leaf").to_pylist()
        for one in leaves:
            fold.add(one)
        n = len(leaves)
        columns = [[run_id] * n, [epoch] * n, range(first, first + n), some.column("image_id"), leaves]
        kept.append(LEAVES.name, pa.table(columns, schema=LEAVES.arrow()), APP, Commit(epoch, number).version)
    return Sealed(fold.size, fold.root().hex())


def _pieces(found: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield batches put together, each as large as one commit."""
    held: list[pa.RecordBatch] = []
    for batch in found:
        held.append(batch)
        if sum(one.num_rows for one in held) >= PIECE:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def here(lake: Lake, run_id: str, count: int) -> Iterator[pa.RecordBatch]:
    """Yield the leaves of a run's images in the order of their ids, hashed on the driver."""
    columns = ", ".join(name for name in lake.tables.columns("images") if name != CONTENT)
    for within in ranges(max(1, -(-count // RANGE))):
        sql = f"SELECT {columns} FROM images WHERE {_of(run_id)} AND {within} ORDER BY image_id"  # noqa: S608 - ours
        for batch in lake.tables.batches(sql):
            yield hashed(batch)


def on_executors(lake: SparkLake, run_id: str, count: int) -> Iterator[pa.RecordBatch]:
    """Yield the same, hashed on executors; the driver holds the leaves of one task at a time."""
    tasks = max(1, -(-count // FEW))
    task = F.floor(F.conv(F.substring("image_id", 1, 8), 16, 10).cast("double") / F.lit(2.0**32 / tasks))
    rows = lake.frame("images").where(F.col("run_id") == F.lit(run_id)).drop(CONTENT)
    placed = rows.withColumn("_task", task.cast("int")).repartitionById(tasks, F.col("_task")).drop("_task")
    packed = placed.sortWithinPartitions("image_id").mapInArrow(HashPartition(), from_arrow_schema(PACKED))
    for row in packed.toLocalIterator(prefetchPartitions=True):
        yield unpacked(bytes(row["ids"]), bytes(row["leaves"]))


def _of(run_id: str) -> str:
    """Return the SQL condition of a run's rows.

    Raises:
        ValueError: for what is no run id of ours.
    """
    if not run_id.replace("-", "").isalnum():
        raise ValueError("expected a run id: letters, digits and hyphens")
    return f"run_id = '{run_id}'"
