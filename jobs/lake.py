"""The lake: the only reader and writer of its tables, without Spark and with it.

:class:`Lake` reads and keeps the ledger through ``deltalake`` and starts in a moment; :class:`SparkLake` adds what
needs a cluster: the images. Both run on the driver and answer the same queries with the same views.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from anonymizer_udfs.sources.base import Storage
from jobs import stores, whatlies
from jobs.errors import LakeBusyError, LakeError, LakeMissingError, StoreError
from jobs.ledger import Ledger, SignedBy, unsigned
from jobs.tables import Tables
from schemas import IMAGES, LAKE_TABLES, views

if TYPE_CHECKING:  # half a second of start-up, for commands that never start Spark
    from pyspark.sql import DataFrame, SparkSession

APP = "images"
BATCH_BITS = 32
_WAITS_S = (0.2, 1.0)


@dataclass(frozen=True)
class Commit:
    """Names one commit of images: the epoch of its run and the number of its batch."""

    epoch: int
    batch: int

    @property
    def version(self) -> int:
        """The Delta transaction version: a later epoch outranks every batch of an earlier one."""
        return self.epoch << BATCH_BITS | self.batch


def vault_app(ledger: Ledger) -> str:
    """Return the name under which a lake's runs write to its vault.

    Epochs count the events of one lake. A vault may outlive its lake: a new one begins at 1 again, and under one name
    for both Delta would take what its first run writes for done long ago, and drop it.
    """
    return f"{APP}/{ledger.beginning()}"


def ranges(count: int) -> Iterator[str]:
    """Yield SQL conditions that cut the ids, which are keyed hashes, into parts of about one size.

    Examples:
        >>> list(ranges(2))
        ["image_id < '80000000'", "image_id >= '80000000'"]
        >>> list(ranges(1))
        ['true']
    """
    cuts = [f"{(one << 32) // count:08x}" for one in range(1, count)]
    for low, high in zip([None, *cuts], [*cuts, None], strict=True):
        said = [f"image_id >= '{low}'"] * (low is not None) + [f"image_id < '{high}'"] * (high is not None)
        yield " AND ".join(said) or "true"


class Lake:
    """A lake without Spark.

    Args:
        uri: where it lies.
        storage: how object stores are reached.
        signer: gives who signs the ledger's events; asked for only when one is written.
    """

    def __init__(self, uri: str, storage: Storage | None = None, signer: SignedBy = unsigned) -> None:
        self.uri = stores.normalise(uri)
        self.tables = Tables(self.uri, LAKE_TABLES, storage or Storage())
        self.ledger = Ledger(self.tables, signer)

    def create(self) -> None:
        """Make the tables that are missing.

        Raises:
            LakeError: if the place cannot be reached or written.
        """
        try:
            self.tables.create()
        except stores.FAILURES as error:
            raise LakeError(f"the lake cannot be written: {stores.why(error)}") from error

    def require(self) -> "Lake":
        """Return the lake itself if it is there.

        Raises:
            LakeMissingError: if it is not.
            LakeError: if that cannot be told.
        """
        try:
            there = self.tables.exist()
        except stores.FAILURES as error:
            raise LakeError(f"the lake cannot be read: {stores.why(error)}") from error
        if not there:
            found = whatlies.kind(self.uri)
            what = f": {found.value}" if found and found is not whatlies.Kind.LAKE else ""
            raise LakeMissingError(f"there is no lake at that place{what}; 'faceveil anonymize SOURCE LAKE' makes one")
        return self

    def query(self, sql: str) -> pa.Table:
        """Return the rows of a query over the tables and the views; SQL as DataFusion speaks it."""
        return self.tables.query(sql, **views("unnest"))

    def contents(self, image_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield id and file of some images, in the order given, a few at a time."""
        wanted = list(image_ids)
        some = 16
        for start in range(0, len(wanted), some):
            ids = wanted[start : start + some]
            names = ", ".join(f"'{name}'" for name in ids)
            rows = self.query(f"SELECT image_id, content FROM images WHERE image_id IN ({names})")  # noqa: S608 - ids
            found = {row["image_id"]: row["content"] for row in rows.to_pylist()}
            yield from ((name, found[name]) for name in ids if found.get(name))


class SparkLake(Lake):
    """A lake with a SparkSession: what reads and writes images at scale."""

    def __init__(
        self, uri: str, session: "SparkSession", storage: Storage | None = None, signer: SignedBy = unsigned
    ) -> None:
        super().__init__(uri, storage, signer)
        self.session = session

    def query(self, sql: str) -> pa.Table:
        """Return the rows of a query over the tables and the views; SQL as Spark speaks it."""
        self.register()
        return self.session.sql(sql).toArrow()

    def register(self) -> None:
        """Make tables and views known to the session's SQL, as temporary views."""
        for name in LAKE_TABLES:
            self.frame(name).createOrReplaceTempView(name)
        for name, sql in views("explode").items():
            self.session.sql(sql).createOrReplaceTempView(name)

    def frame(self, name: str) -> "DataFrame":
        """Return a table as a DataFrame."""
        return self.session.read.format("delta").load(self.tables.table_uri(name))

    def fence(self, epoch: int) -> None:
        """Take the table over: from now on no run of an earlier epoch can commit to it, not even one under way.

        Called before the table is read for the plan; else a run that was thought dead could add what is planned again.

        Raises:
            LakeBusyError: if a run of a later epoch is there already.
            StoreError: if the store failed again and again.
        """
        nothing, version = IMAGES.arrow().empty_table(), Commit(epoch, 0).version
        for wait_s in (*_WAITS_S, 0.0):
            try:
                return self.tables.append("images", nothing, APP, version)
            except (LakeBusyError, StoreError) as error:
                # Where the answer to a put was lost, what is there is ours: no other run has this epoch.
                if self.tables.transaction("images", APP) == version:
                    return None
                if isinstance(error, LakeBusyError) or not wait_s:
                    raise
                time.sleep(wait_s)
        return None

    def append(self, rows: "DataFrame", commit: Commit) -> None:
        """Append new images in one idempotent commit.

        Raises:
            LakeBusyError: if a later epoch has committed meanwhile: the rows are then not in the table.
        """
        writer = rows.write.format("delta").mode("append")
        writer.option("txnAppId", APP).option("txnVersion", str(commit.version)).save(self.tables.table_uri("images"))
        self._check(commit)

    def replace(self, rows: "DataFrame", commit: Commit) -> None:
        """Put images in place of the rows that have their ids, in one idempotent commit.

        Raises:
            LakeBusyError: as :meth:`append`.
        """
        from delta.tables import DeltaTable  # noqa: PLC0415 - as above

        from jobs.session import having  # noqa: PLC0415 - as above

        table = DeltaTable.forPath(self.session, self.tables.table_uri("images"))
        # MERGE takes its transaction from the session's settings, not from options.
        named = {"txnAppId": APP, "txnVersion": str(commit.version)}
        with having(self.session, {f"spark.databricks.delta.write.{name}": said for name, said in named.items()}):
            merge = table.alias("t").merge(rows.alias("s"), "t.image_id = s.image_id")
            merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
        self._check(commit)

    def _check(self, commit: Commit) -> None:
        came = self.tables.transaction("images", APP)
        if came != commit.version:
            raise LakeBusyError(
                f"another run has taken over this lake (epoch {came >> BATCH_BITS}, ours is {commit.epoch}); "
                "nothing is lost: run the command again when the other one is done"
            )
