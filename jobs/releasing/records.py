"""The table ``releases``, and what the ledger says of each release. Runs on the driver, without Spark.

A release is a run of the ledger: its ``finished`` event has a digest of its row, so that ``verify`` can tell a row that
was changed. A recall is one event for all releases that it takes back; the rows follow it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, Transaction
from deltalake.exceptions import CommitFailedError

from jobs.errors import LakeBusyError, UsageError
from jobs.lake import Lake
from jobs.rowhash import row_hash
from jobs.tables import Tables
from schemas import RELEASE_TABLES, RELEASES

JOB, RECALL = "release", "recall"
RECALLED = ("recalled_at", "recalled_by", "recalled_why")
FIRST = 1
SCHEMA = pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in RELEASES.columns])


def app(name: str) -> str:
    """Return under which name the row of a release is written: once, whoever else writes one of that name."""
    return f"releases/{name}"


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what is said of a release when it goes out; of what comes later nothing counts."""
    said = {name: row.get(name) for name in SCHEMA.names if name not in RECALLED}
    said["model_digests"] = dict(said["model_digests"] or ())
    return row_hash(said, ascii_only=True)


class Releases:
    """The releases of a lake.

    Args:
        lake: the lake.
    """

    def __init__(self, lake: Lake) -> None:
        self.tables = Tables(lake.uri, RELEASE_TABLES, lake.tables.storage)

    def rows(self) -> list[dict[str, Any]]:
        """Return all releases, the oldest first; none where nothing was ever released."""
        if not self.tables.exist():
            return []
        return list(self.tables.query("SELECT * FROM releases ORDER BY at, name").to_pylist())

    def refuse_known(self, name: str) -> None:
        """Refuse a name that a release has already.

        Raises:
            UsageError: it has.
        """
        if any(row["name"] == name for row in self.rows()):
            raise UsageError(f"--name: there is a release {name!r} already, and names are never given twice")

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a release.

        Raises:
            LakeBusyError: somebody else has given the name meanwhile.
        """
        self.tables.create()
        self.tables.append(RELEASES.name, pa.Table.from_pylist([dict(row)], schema=SCHEMA), app(row["name"]), FIRST)

    def recall(self, names: Sequence[str], said: Mapping[str, Any], number: int) -> None:
        """Write into rows that they are recalled, in one commit.

        Args:
            names: of releases that are there.
            said: the columns of :data:`RECALLED` by name, for each release.
            number: of the ledger's event.

        Raises:
            LakeBusyError: another one wrote to the table meanwhile.
        """
        rows = [{"name": name, **said[name]} for name in names]
        schema = pa.schema([SCHEMA.field(one) for one in ("name", *RECALLED)])
        table = self.tables.open(RELEASES.name)
        known = CommitProperties(app_transactions=[Transaction(RECALL, number)])
        merge = table.merge(
            pa.Table.from_pylist(rows, schema=schema), "t.name = s.name", source_alias="s", target_alias="t",
            commit_properties=known,
        )  # fmt: skip
        try:
            merge.when_matched_update({one: f"s.{one}" for one in RECALLED}).execute()
        except CommitFailedError as error:
            raise LakeBusyError("the releases were written to by somebody else meanwhile; run again") from error


def recalled(events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what the ledger says of each release that was recalled, by its name; the first recall counts."""
    out: dict[str, dict[str, Any]] = {}
    for event in events:
        if (event["job"], event["event"]) != (RECALL, "finished"):
            continue
        said = json.loads(event["settings"] or "{}")
        for name, why in said.get("recalled", {}).items():
            columns = {"recalled_at": event["at"], "recalled_by": why["by"], "recalled_why": why["why"]}
            out.setdefault(name, columns | {"number": event["event_seq"]})
    return out
