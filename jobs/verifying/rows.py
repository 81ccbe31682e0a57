"""The rows of ``images``, read file by file without any engine: each has to be what its run vouched for.

Memory: a batch of rows, one keep mask of a file, and the arrays of the trees.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from numpy.typing import NDArray

from anonymizer_udfs.leaves import CONTENT, Entry
from anonymizer_udfs.merkle import leaf
from jobs import stores
from jobs.lake import Lake
from jobs.verifying import commits
from jobs.verifying.finding import Finding, Kind
from jobs.verifying.trees import Trees, as_ids

ROWS = 1024
BATCH_BYTES = 16 << 20
_SOME = 16

CONSTRAINTS: dict[str, Callable[[dict[str, Any], bool], bool]] = {
    "status_known": lambda row, _: row["status"] in {"anonymized", "clean", "review", "quarantined"},
    "quarantined_has_no_content": lambda row, kept: row["status"] != "quarantined" or not kept,
    "released_has_content": lambda row, kept: row["status"] == "quarantined" or kept,
    "quarantined_says_why": lambda row, _: row["status"] != "quarantined" or row["reason"] is not None,
}
"""What the table's constraints of the same names say of a row, and of whether it has content."""


@dataclass
class Seen:
    """What came of the comparison.

    Attributes:
        rows: how many rows there are.
        held: how many of them are what a root vouches for.
        contents: how many files of images were hashed.
        releasable: how many there are to hash.
        open_ids: images whose rows no root vouches for: their run has not finished, or had no root yet.
        findings: what does not hold.
    """

    rows: int = 0
    held: int = 0
    contents: int = 0
    releasable: int = 0
    open_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Comparison:
    """Compares the rows of a lake with its trees.

    Args:
        lake: the lake.
        trees: what the rows have to be.
        begun: run to the number of its last event, of all runs that the ledger knows.
        sample: of so many images the content is hashed, drawn at random; none: of all.
    """

    def __init__(self, lake: Lake, trees: Trees, begun: dict[str, int], sample: int | None = None) -> None:
        self._lake, self._trees, self._begun, self._sample = lake, trees, begun, sample
        self._newest = trees.newest()
        self._ids = trees.ids[self._newest]
        self._times = np.zeros(len(self._ids), np.uint8)
        self._sealed = {root.run_id for root in trees.roots}
        self._bad: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._strange: dict[str, int] = defaultdict(int)
        self._drawn: list[tuple[str, str]] = []
        self._random = random.SystemRandom()
        self._seen = Seen()
        self._logged: dict[str, tuple[str | None, str | None]] = {}

    def run(self) -> Seen:
        """Read all rows, compare them, and return what came of it."""
        table = self._lake.tables.open("images")
        files = commits.files_of(self._lake.tables, "images")
        masks = dict(_masks(table))
        names = [one.name for one in table.schema().fields]
        self._logged = _logged(table)
        for path, size in commits.live(table):
            keep = next((mask for uri, mask in masks.items() if uri.endswith(f"/{path}")), None)
            try:
                with files.open_input_file(path) as opened:
                    self._file(pq.ParquetFile(opened, coerce_int96_timestamp_unit="us"), path, names, keep, size)
            except (pa.ArrowException, *stores.FAILURES, ValueError) as error:
                said = f"file {path} of table 'images' cannot be read to its end ({type(error).__name__})"
                self._seen.findings.append(Finding(Kind.FILE, said))
        if self._sample is not None:
            self._contents()
        return self._told()

    def _file(
        self, file: pq.ParquetFile, path: str, names: Sequence[str], keep: NDArray[np.bool_] | None, size: int
    ) -> None:
        there = file.schema_arrow.names
        columns = [name for name in names if name in there and (self._sample is None or name != CONTENT)]
        mean = size // max(1, file.metadata.num_rows)
        batch_rows = ROWS if self._sample is not None else max(1, min(ROWS, BATCH_BYTES // max(1, mean)))
        first = 0
        least, most = "", ""
        for batch in file.iter_batches(batch_rows, columns=columns):
            mine = np.ones(batch.num_rows, bool) if keep is None else keep[first : first + batch.num_rows]
            first += batch.num_rows
            self._batch(batch, mine)
            ids = pc.min_max(batch.column("image_id").cast(pa.string()))
            least, most = min(least or ids["min"].as_py(), ids["min"].as_py()), max(most, ids["max"].as_py())
        self._ranges(file, path, least, most)

    def _ranges(self, file: pq.ParquetFile, path: str, least: str, most: str) -> None:
        """Compare the ids of a file with what its log entry and its own footer say: queries skip files by that."""
        meta = file.metadata
        at = next(i for i in range(meta.num_columns) if meta.schema.column(i).path == "image_id")
        said = [meta.row_group(i).column(at).statistics for i in range(meta.num_row_groups)]
        low, high = self._logged.get(path, (None, None))
        lows = {one.min for one in said if one is not None and one.has_min_max} or {least}
        highs = {one.max for one in said if one is not None and one.has_min_max} or {most}
        if (min(lows), max(highs)) != (least, most) or low not in {None, least} or high not in {None, most}:
            text = f"file {path} of table 'images' is said to have other ids than it has: queries would pass it over"
            self._seen.findings.append(Finding(Kind.FILE, text))

    def _batch(self, batch: pa.RecordBatch, keep: NDArray[np.bool_]) -> None:
        contents = batch.column(CONTENT) if CONTENT in batch.schema.names else None
        plain = (batch if contents is None else batch.drop_columns([CONTENT])).to_pylist()
        if not plain:
            return
        if len(keep) < len(plain):
            raise ValueError("a file has more rows than the log says")
        ids = as_ids([str(row["image_id"]) for row in plain])
        places = np.searchsorted(self._ids, ids)
        for number in np.flatnonzero(keep[: len(plain)]).tolist():
            row = plain[number]
            place = int(places[number])
            known = place < len(self._ids) and self._ids[place] == ids[number]
            self._row(row, place if known else None)
            content = None if contents is None else contents[number].as_buffer()
            self._content(row, content, read=contents is not None)

    def _row(self, row: dict[str, Any], place: int | None) -> None:
        seen, image_id = self._seen, str(row["image_id"])
        seen.rows += 1
        begun = self._begun.get(row["run_id"])
        is_open = begun is not None and row["run_id"] not in self._sealed
        if place is None:
            if is_open:
                seen.open_ids.append(image_id)
            else:
                self._bad[Kind.ADDED, "no run vouches for these rows"].append(image_id)
            return
        self._times[place] = min(2, self._times[place] + 1)
        if self._times[place] > 1:
            self._bad[Kind.DOUBLED, "there is more than one row"].append(image_id)
            return
        mine = self._newest[place]
        found = leaf(Entry.of(row).written())
        if found == self._trees.leaves[mine].tobytes():
            seen.held += 1
        elif is_open and begun is not None and begun > self._trees.roots[self._trees.run[mine]].number:
            seen.open_ids.append(image_id)
        elif self._was_once(place, found):
            self._bad[Kind.CHANGED, "an earlier row was put back"].append(image_id)
        else:
            self._bad[Kind.CHANGED, "these rows are not what their runs wrote"].append(image_id)

    def _was_once(self, place: int, found: bytes) -> bool:
        """Return whether an image ever had this row."""
        others = np.flatnonzero(self._trees.ids == self._ids[place])
        return any(one == found for one in self._trees.hashes(others))

    def _content(self, row: dict[str, Any], content: pa.Buffer | None, *, read: bool) -> None:
        image_id, digest = str(row["image_id"]), row["output_sha256"]
        kept = content is not None if read else digest is not None
        for name, holds in CONSTRAINTS.items():
            if not holds(row, kept):
                self._bad[Kind.CONSTRAINT, f"the table's constraint {name} does not hold"].append(image_id)
        if digest is None and not kept:
            return
        self._seen.releasable += 1
        if read:
            self._digest(image_id, digest, content)
        elif self._sample is not None:
            self._draw(image_id, str(digest), self._sample)

    def _digest(self, image_id: str, digest: str | None, content: Any) -> None:
        self._seen.contents += 1
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            self._bad[Kind.CONTENT, "the picture is not the one whose digest the row has"].append(image_id)

    def _draw(self, image_id: str, digest: str, most: int) -> None:
        """Keep each image with the same chance (reservoir sampling)."""
        if len(self._drawn) < most:
            self._drawn.append((image_id, digest))
        elif (place := self._random.randrange(self._seen.releasable)) < most:
            self._drawn[place] = image_id, digest

    def _contents(self) -> None:
        """Hash the pictures of those that were drawn, a few at a time."""
        drawn = dict(self._drawn)
        found = self._lake.contents(drawn)
        came = set()
        for image_id, content in found:
            came.add(image_id)
            self._digest(image_id, drawn[image_id], content)
        for image_id in drawn.keys() - came:
            self._digest(image_id, drawn[image_id], None)

    def _told(self) -> Seen:
        seen = self._seen
        missing = self._ids[self._times == 0]
        if len(missing):
            ids = tuple(one.decode() for one in missing)
            seen.findings.append(Finding(Kind.DROPPED, "these rows are gone", ids))
        seen.findings += [Finding(kind, text, tuple(ids)) for (kind, text), ids in self._bad.items()]
        return seen


def _masks(table: DeltaTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the files that have deleted rows, and which of their rows are kept."""
    for row in pa.table(table.deletion_vectors()).to_pylist():
        yield row["filepath"], np.array(row["selection_vector"], bool)


def _logged(table: DeltaTable) -> dict[str, tuple[str | None, str | None]]:
    """Return of each file the least and the greatest id by the log."""
    said = pa.table(table.get_add_actions(flatten=True))
    nothing = [None] * said.num_rows
    ends = [
        said.column(name).to_pylist() if name in said.column_names else nothing
        for name in ("min.image_id", "max.image_id")
    ]
    return dict(zip(said.column("path").to_pylist(), zip(*ends, strict=True), strict=True))
