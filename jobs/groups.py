"""The groups of a vault: read, checked against their ledger, and added to; nothing in them is ever changed.

Runs on the driver. Members and surrogates are read and written by Spark; the ledger, a row a run, without it.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_type

from anonymizer_udfs.shares import SHARE
from anonymizer_udfs.sources.base import Storage
from jobs.errors import VaultError
from jobs.placed import readable
from jobs.rowhash import row_hash
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import GROUP_TABLES, GROUPS

APP = "groups"
NO_HEAD = "0" * 64
ERASED = "erased"
"""``linked_by`` of an entry that says what an erasure left of an earlier run's rows."""
_BOX = ("x0", "y0", "x1", "y1")
_SAID = {
    "members": ("face_id", "image_id", "content_version", "x0", "y0", "x1", "y1", "person", "group_id"),
    "surrogates": ("group_id", "people", "sha256"),
}
"""What of a row its digest is taken of; the canvas is checked against its own digest where it is used."""


@dataclass(frozen=True)
class Entry:
    """What one run adds; the columns of ``schemas.GROUPS`` that are not the chain's own."""

    run_id: str
    k: int
    linked_by: str
    people: int
    groups: int
    faces: int


def hashed(row: dict[str, Any]) -> str:
    """Return the hash of an entry: SHA-256 of its other columns as canonical JSON."""
    return row_hash({one.name: row[one.name] for one in GROUPS.columns if one.name != "hash"}, ascii_only=True)


class GroupStore:
    """The three tables of k_same in a vault."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self.tables = Tables(vault.uri, GROUP_TABLES, storage)

    def prepare(self) -> None:
        """Make the tables that are missing."""
        with readable():
            self.tables.create()

    def entries(self) -> list[dict[str, Any]]:
        """Return the ledger in order, its chain checked; none where nobody was ever grouped.

        Raises:
            VaultError: an entry was changed, dropped or added by hand.
        """
        with readable():
            if not self.tables.exist():
                return []
            rows = list(self.tables.query('SELECT * FROM "groups" ORDER BY entry').to_pylist())
        previous = NO_HEAD
        for number, row in enumerate(rows, 1):
            if row["entry"] != number or row["previous_hash"] != previous or row["hash"] != hashed(row):
                raise VaultError(f"the ledger of groups is broken at entry {number}: it was changed by hand")
            previous = row["hash"]
        return rows

    def head(self) -> str:
        """Return the hash of the newest entry that grouped somebody; 64 zeros where there is none.

        An erasure moves no head: no other image is taken again for it.
        """
        made = [row["hash"] for row in self.entries() if row["linked_by"] != ERASED]
        return str(made[-1]) if made else NO_HEAD

    def frame(self, spark: SparkSession, name: str) -> DataFrame:
        """Return the rows of a table that the ledger vouches for: none of a run that never finished."""
        runs = [row["run_id"] for row in self.entries()]
        rows = spark.read.format("delta").load(self.tables.table_uri(name))
        return rows.where(F.col("run_id").isin(runs) if runs else F.lit(False))  # noqa: FBT003 - Spark's literal

    def joined(self, spark: SparkSession, planned: DataFrame) -> DataFrame:
        """Return planned images with a column ``shares``, rows of ``shares.SHARE``; null where no face is in a group.

        Of another version of an image than the one that was grouped nothing is known; who lost a group has none.
        """
        if not self.entries():
            return planned.withColumn("shares", F.lit(None).cast(from_arrow_type(pa.list_(SHARE))))
        members, keys = self.frame(spark, "members"), ["image_id", "content_version"]
        lost = members.where("group_id = ''").select("image_id", *_BOX)
        held = members.where("group_id <> ''").join(lost, ["image_id", *_BOX], "left_anti")
        mine = held.join(planned.select(*keys), keys, "left_semi").select(*keys, *_BOX, "group_id").distinct()
        made = self.frame(spark, "surrogates").select("group_id", "people", "sha256", "canvas")
        share = F.struct(*(F.col(name) for name in (*_BOX, "people", "sha256", "canvas")))
        by = mine.join(made, "group_id").groupBy(*keys).agg(F.collect_list(share).alias("shares"))
        return planned.join(by, keys, "left")

    def verify(self, spark: SparkSession) -> None:
        """Compare all rows with their ledger.

        Raises:
            VaultError: rows were changed, dropped or added.
        """
        newest = {row["run_id"]: row for row in self.entries()}
        for row in newest.values():
            if self.digest(spark, row["run_id"]) != row["digest"]:
                raise VaultError(
                    f"groups are not those of the ledger's entry {row['entry']}: they were changed by hand"
                )

    def digest(self, spark: SparkSession, run_id: str, members: DataFrame | None = None) -> str:
        """Return the digest of the rows of one run, in whatever order; 256 sums come to the driver.

        Args:
            spark: the session.
            run_id: the run.
            members: what its rows of ``members`` will be; those that are there if nothing is said.
        """
        out = hashlib.sha256()
        for name, columns in _SAID.items():
            rows = spark.read.format("delta").load(self.tables.table_uri(name)).where(F.col("run_id") == F.lit(run_id))
            if name == "members" and members is not None:
                rows = members
            each = F.sha2(F.concat_ws("|", *(F.col(one).cast("string") for one in columns)), 256)
            by = rows.select(each.alias("one")).groupBy(F.substring("one", 1, 2).alias("start"))
            sums = by.agg(F.sha2(F.concat_ws("", F.array_sort(F.collect_list("one"))), 256).alias("all")).collect()
            out.update(name.encode())
            for row in sorted(sums, key=lambda row: str(row["start"])):
                out.update(str(row["all"]).encode())
        return out.hexdigest()

    def write(self, name: str, rows: DataFrame, run_id: str) -> None:
        """Append rows of a run; they count once :meth:`seal` has written the run's entry."""
        columns = [column.name for column in GROUP_TABLES[name].columns]
        stamped = rows.withColumn("run_id", F.lit(run_id)).select(*columns)
        stamped.write.format("delta").mode("append").save(self.tables.table_uri(name))

    def seal(self, spark: SparkSession, entry: Entry) -> None:
        """Append the run's entry; of two runs at a time one alone succeeds.

        Raises:
            LakeBusyError: another run was first: nothing of this one counts, run again.
        """
        self._append(entry, self.digest(spark, entry.run_id), self.entries())

    def reseal(self, spark: SparkSession, entry: Entry, members: DataFrame) -> None:
        """Append what will be left of a run's rows, unless the newest entry of the run says so already.

        Raises:
            LakeBusyError: as :meth:`seal`.
        """
        before, digest = self.entries(), self.digest(spark, entry.run_id, members)
        said = [row["digest"] for row in before if row["run_id"] == entry.run_id]
        if said and said[-1] != digest:
            self._append(entry, digest, before)

    def _append(self, entry: Entry, digest: str, before: list[dict[str, Any]]) -> None:
        number = len(before) + 1
        row: dict[str, Any] = {
            **vars(entry),
            "entry": number,
            "at": datetime.now(UTC),
            "digest": digest,
            "previous_hash": before[-1]["hash"] if before else NO_HEAD,
        }
        row["hash"] = hashed(row)
        self.tables.append_rows(GROUPS.name, [row], APP, number)


def checked_head(vault: Vault | None, storage: Storage, spark: SparkSession) -> str:
    """Return the head of a vault's groups, all rows compared with their ledger; 64 zeros where there is no vault.

    Raises:
        VaultError: the groups were changed by hand.
    """
    if vault is None:
        return NO_HEAD
    store = GroupStore(vault, storage)
    store.verify(spark)
    return store.head()
