"""The table ``released``: a row for each line of each release's ``members.jsonl``. Runs on the driver, without Spark.

Rows are written before the row of ``releases`` that makes them count, under the run that writes them: what a release
that was cut off left counts nowhere, also when a later one gets its name. An erasure takes all but hash and place out
of a row, so that how many images of a release were erased stays known, and the hashes still give the release's root.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from anonymizer_udfs.merkle import leaf
from jobs.errors import LakeBusyError, StoreError
from jobs.lake import Lake
from jobs.releasing.base import line
from jobs.releasing.records import JOB
from jobs.tables import Tables
from schemas import RELEASED, RELEASED_TABLES

PIECE = 20_000
"""Rows that are held and committed at a time."""
FENCE = 1 << 32
"""The transaction that an erasure makes in the name of a release that is under way: it outranks every piece."""
RENAMED = {"sha256": "output_sha256", "member": "file_member", "row": "file_row"}
"""What a line of ``members.jsonl`` calls otherwise than the table does."""
KEPT = ("name", "run_id", "position", "leaf")
"""What an erasure leaves of a row."""
SCHEMA = pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in RELEASED.columns])
_SAID = {name: name for name in SCHEMA.names if name not in (*KEPT, *RENAMED.values())}
KEYS = _SAID | RENAMED
"""Each key of a line, and the column that has its value."""
_WHERE = ("member", "row")
"""Keys that a line has only in a layout of files with many images."""


def app(run_id: str) -> str:
    """Return under which name the rows of a release are written."""
    return f"{RELEASED.name}/{run_id}"


class Members:
    """The images of a lake's releases.

    Args:
        lake: the lake.
    """

    def __init__(self, lake: Lake) -> None:
        self.tables = Tables(lake.uri, RELEASED_TABLES, lake.tables.storage)

    def add(self, name: str, run_id: str, lines: Iterable[bytes]) -> int:
        """Write the members of a release, a piece at a time, and return how many there are.

        Args:
            name: of the release.
            run_id: of the run that writes it.
            lines: those of ``members.jsonl``, without their ends.

        Raises:
            LakeBusyError: an erasure came in between.
        """
        count, number, coming = 0, 0, iter(lines)
        while some := list(islice(coming, PIECE)):
            number += 1
            self._append(rows(name, run_id, count, some), run_id, number)
            count += len(some)
        return count

    def _append(self, piece: pa.Table, run_id: str, number: int) -> None:
        try:
            self.tables.append(RELEASED.name, piece, app(run_id), number)
        except (LakeBusyError, StoreError):
            # Where the answer to a put was lost, what is there is ours: no other run has this name.
            if self.tables.transaction(RELEASED.name, app(run_id)) != number:
                raise

    def fence(self, run_ids: Iterable[str]) -> None:
        """Keep releases that are under way from writing one more row: what is erased now could be in it.

        Raises:
            StoreError: the store failed.
        """
        for run_id in run_ids:
            if self.tables.transaction(RELEASED.name, app(run_id)) < FENCE:
                self.tables.append(RELEASED.name, SCHEMA.empty_table(), app(run_id), FENCE)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return run to how many rows it has, and how many of these were erased."""
        if not self.tables.exist():
            return {}
        found = self.tables.query(
            "SELECT run_id, COUNT(*) AS n, COUNT(*) - COUNT(image_id) AS erased FROM released GROUP BY run_id"
        )
        return {row["run_id"]: (int(row["n"]), int(row["erased"])) for row in found.to_pylist()}


def rows(name: str, run_id: str, first: int, lines: Sequence[bytes]) -> pa.Table:
    """Return rows of ``released`` for lines of ``members.jsonl``, of which the first is at place ``first``."""
    out = []
    for position, one in enumerate(lines, first):
        said = json.loads(one)
        mine = {"name": name, "run_id": run_id, "position": position, "leaf": leaf(one)}
        out.append(mine | {column: said.get(key) for key, column in KEYS.items()})
    return pa.Table.from_pylist(out, schema=SCHEMA)


def line_of(row: Mapping[str, Any]) -> bytes:
    """Return the line of ``members.jsonl`` that a row was made of; of an erased image there is none any more."""
    said = {key: row[column] for key, column in KEYS.items()}
    return line({key: value for key, value in said.items() if value is not None or key not in _WHERE})


def under_way(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the releases, by their runs, that began and did not end, or were killed, by the events of a ledger."""
    open_: dict[str, bool] = {}
    for event in events:
        if event["job"] == JOB:
            open_[event["run_id"]] = event["event"] == "started"
    yield from (run_id for run_id, still in open_.items() if still)
