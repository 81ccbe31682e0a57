"""The steps of grouping as functions over Arrow, which run on executors.

Templates stay there: what goes to the driver is centres of cells and counts. Each step is a named callable with its
parameters over the batches of a partition (``mapInArrow``); those that work on one cell or shard at a time want the
partition sorted by it.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.grouping import cells, frozen
from anonymizer_udfs.grouping.linking import Likeness, linked
from anonymizer_udfs.grouping.partition import partition
from anonymizer_udfs.grouping.strata import Stratum, usual

TEMPLATE = pa.list_(pa.float32())
FACES = pa.schema([("face_id", pa.string()), ("template", TEMPLATE), ("stratum", pa.string())])
"""One face: its id, its template, and its stratum as ``pose/expression``."""
CENTROIDS = pa.schema([("template", TEMPLATE)])
PLACED = pa.schema([("cell", pa.int32()), ("face_id", pa.string()), ("template", TEMPLATE)])
LINKS = pa.schema([("face_id", pa.string()), ("node", pa.string())])
"""A face and a component of one cell that it belongs to; faces of one node are of one person."""
PEOPLE = pa.schema(
    [
        ("person", pa.string()),
        ("faces", pa.list_(pa.string())),
        ("state", pa.string()),
        ("group_id", pa.string()),
        ("stratum", pa.string()),
        ("cell", pa.int32()),
        ("template", TEMPLATE),
    ]
)
"""One person: the smallest id of the faces, all of them, ``new``, ``kept`` or ``torn``, the group where it is kept, the
usual stratum, and the mean template with its cell."""
GROUPED = pa.schema(
    [("person", pa.string()), ("faces", pa.list_(pa.string())), ("group_id", pa.string()), ("people", pa.int32())]
)
"""One person of a new group, and how many it has; none of both where there are too few."""
NEW, KEPT, TORN = "new", "kept", "torn"
ID_HEX = 32


def templates(table: pa.Table) -> NDArray[np.float32]:
    """Return the column ``template``, ``(n, d)``."""
    column = table.column("template").combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(table), -1)


def _lists(values: NDArray[np.floating]) -> pa.Array:
    """Return ``(n, d)`` as a column of lists."""
    n, d = values.shape
    ends = pa.array(np.arange(n + 1) * d, pa.int32())
    return pa.ListArray.from_arrays(ends, pa.array(values.astype(np.float32).ravel(), pa.float32()))


@dataclass(frozen=True)
class FindCentroids:
    """Executor, one partition that holds a sample in a fixed order: rows of :data:`CENTROIDS`, at most ``cells``."""

    cells: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch; none where there is no template."""
        rows = list(batches)
        if any(map(len, rows)):
            found = cells.centroids(templates(pa.Table.from_batches(rows)), self.cells)
            yield pa.record_batch([_lists(found)], schema=CENTROIDS)


@dataclass(frozen=True, eq=False)
class PutInCells:
    """Executor, once a batch of :data:`FACES`: each face in its nearest cells, rows of :data:`PLACED`."""

    centres: cells.Centroids = field(repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield as many rows for each face as it has cells."""
        for batch in batches:
            table = pa.Table.from_batches([batch])
            if len(table):
                near = cells.nearest(templates(table), self.centres, cells.NEAREST)
                rows = np.repeat(np.arange(len(table)), near.shape[1])
                again = table.select(["face_id", "template"]).take(pa.array(rows))
                placed = again.add_column(0, "cell", pa.array(near.ravel(), pa.int32()))
                yield from placed.cast(PLACED).to_batches()


def runs(batches: Iterable[pa.RecordBatch], column: str) -> Iterator[pa.Table]:
    """Yield the rows of each value of a column by which a partition is sorted; memory is that of one value.

    Examples:
        >>> rows = [pa.record_batch({"cell": cells}) for cells in ([1, 1], [1, 2], [], [3])]
        >>> [one.column("cell").to_pylist() for one in runs(rows, "cell")]
        [[1, 1, 1], [2], [3]]
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        values = np.array(batch.column(batch.schema.get_field_index(column)).to_pylist(), object)
        starts = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
        for start, end in itertools.pairwise(starts):
            if start == end:
                continue
            if held and held[-1].column(column)[0].as_py() != values[start]:
                yield pa.Table.from_batches(held)
                held = []
            held.append(batch.slice(start, end - start))
    if held:
        yield pa.Table.from_batches(held)


@dataclass(frozen=True)
class LinkCells:
    """Executor, a partition sorted by cell, rows of :data:`PLACED`: rows of :data:`LINKS` for faces that are not alone.

    Attributes:
        who: says how alike two templates are.
        threshold: the similarity from which on two faces are of one person.
    """

    who: Likeness
    threshold: float

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield a row for each face that is like another of its cell."""
        for table in runs(batches, "cell"):
            yield from self.of(table.sort_by("face_id")).to_batches()

    def of(self, table: pa.Table) -> pa.Table:
        """Return the rows of one cell, in the order of its faces."""
        roots = linked(templates(table), self.who, self.threshold)
        alone = np.bincount(roots, minlength=len(roots))[roots] < 2  # noqa: PLR2004 - itself
        ids = np.array(table.column("face_id").to_pylist(), object)
        cell = table.column("cell")[0].as_py()
        nodes = [f"{cell}/{root}" for root in ids[roots[~alone]]]
        return pa.table([pa.array(ids[~alone].tolist(), pa.string()), pa.array(nodes, pa.string())], schema=LINKS)


@dataclass(frozen=True, eq=False)
class ToPeople:
    """Executor, a partition that holds all faces of each of its people: one row of :data:`PEOPLE` a person.

    Rows are those of :data:`FACES` with the person's id and the group that the face was put into earlier, if any.
    """

    centres: cells.Centroids = field(repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch."""
        rows = list(batches)
        if not any(map(len, rows)):
            return
        table = pa.Table.from_batches(rows).sort_by([("person", "ascending"), ("face_id", "ascending")])
        ids, who = table.column("face_id").to_pylist(), np.array(table.column("person").to_pylist(), object)
        starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
        ends = np.append(starts[1:], len(ids))
        number = np.repeat(np.arange(len(starts)), ends - starts)
        before = {face: group for face, group in zip(ids, table.column("group_id").to_pylist(), strict=True) if group}
        settled = frozen.settle(dict(zip(ids, number.tolist(), strict=True)), before)
        values = templates(table).astype(np.float64)
        means = np.add.reduceat(values, starts, 0) / (ends - starts)[:, None]
        strata = table.column("stratum").to_pylist()
        group = [settled.kept.get(ids[start]) for start in starts]
        state = [TORN if i in settled.torn else KEPT if group[i] else NEW for i in range(len(starts))]
        near = cells.nearest(means.astype(np.float32), self.centres, 1)[:, 0]
        yield pa.record_batch(
            [
                pa.array(who[starts].tolist(), pa.string()),
                pa.array([ids[a:b] for a, b in zip(starts, ends, strict=True)], pa.list_(pa.string())),
                pa.array(state, pa.string()),
                pa.array(group, pa.string()),
                pa.array([word(usual(list(map(parts, strata[a:b])))) for a, b in zip(starts, ends, strict=True)]),
                pa.array(near, pa.int32()),
                _lists(means),
            ],
            schema=PEOPLE,
        )


@dataclass(frozen=True)
class FormGroups:
    """Executor, a partition sorted by shard, rows of :data:`PEOPLE` who are new: rows of :data:`GROUPED`, as many."""

    k: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row a person."""
        for table in runs(batches, "shard"):
            yield from self.of(table.sort_by("person")).to_batches()

    def of(self, table: pa.Table) -> pa.Table:
        """Return the people of one shard, in the order of their ids."""
        numbers = partition(templates(table), self.k)
        who = np.array(table.column("person").to_pylist(), object)
        members = {n: who[numbers == n].tolist() for n in np.unique(numbers).tolist() if n >= 0}
        named = {n: group_id(of) for n, of in members.items()}
        return pa.table(
            [
                table.column("person"),
                table.column("faces"),
                pa.array([named.get(n) for n in numbers.tolist()], pa.string()),
                pa.array([len(members[n]) if n >= 0 else None for n in numbers.tolist()], pa.int32()),
            ],
            schema=GROUPED,
        )


def group_id(people: list[str]) -> str:
    """Return the id of a group, 32 hex digits: the same people make the same one.

    Examples:
        >>> group_id(["b", "a"]) == group_id(["a", "b"])
        True
    """
    return hashlib.sha256("\n".join(sorted(people)).encode()).hexdigest()[:ID_HEX]


def word(stratum: Stratum) -> str:
    """Return a stratum as one word."""
    return "/".join(stratum)


def parts(said: str) -> Stratum:
    """Return the stratum of a word.

    Examples:
        >>> parts("front/wide")
        ('front', 'wide')
    """
    pose, _, expression = said.partition("/")
    return pose, expression
