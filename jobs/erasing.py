"""An erasure carried out: rows, files, history, vault and MLflow, then the tombstone. Runs on the driver, with Spark.

Every step may be done again: an order stays in the vault until all of them are through, and whoever comes next with a
vault finishes it. The order of the steps is that in which a crash does least harm: first nothing can bring the image
back, then it is gone, and last it is said so.
"""

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from anonymizer_udfs import __version__
from anonymizer_udfs.canaries import files
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.keys import Key
from jobs import decisions, layout, sealing, session, stores, tracked_pictures, ungrouping
from jobs.erasures import JOB, Order, Orders
from jobs.errors import JobError, VaultError
from jobs.groups import GroupStore
from jobs.lake import Commit, SparkLake, vault_app
from jobs.ledger import Event
from jobs.options import Common
from jobs.releasing import members
from jobs.releasing.members import Members
from jobs.suppression import Suppression
from jobs.sweep import Sweep, Swept
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import DECISIONS, LEAVES, METRIC_TABLES, RELEASED

CANARIES = "canaries"
_SAME = "t.image_id = s.image_id"
_NAMED = "t.dimensions['image_id'] = s.image_id"
_WHOLE_FILE = str(1 << 40)


@dataclass(frozen=True)
class Erased:
    """What one erasure did."""

    order: Order
    swept: Swept
    artifacts: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``: how many, and not whom."""
        return {
            "run_id": self.order.run_id,
            "why": self.order.why,
            "images": self.order.images,
            "copies": self.order.copies,
            "suppressed": self.order.suppress,
            "files_removed": self.swept.files,
            "bytes_removed": self.swept.size_bytes,
            "mlflow_artifacts_removed": self.artifacts,
        }


@dataclass(frozen=True)
class Eraser:
    """Carries out orders on one lake.

    Attributes:
        spark: the session.
        lake: whose images go.
        vault: what names them.
        key: of the lake.
        common: what the command line said.
        epoch: of a run that has fenced the lake already and is at work itself; none: each erasure fences it.
    """

    spark: SparkSession
    lake: SparkLake
    vault: Vault
    key: Key = field(repr=False)
    common: Common
    epoch: int | None = None

    def finish(self) -> list[Erased]:
        """Carry out what was decided and cut off."""
        return [self._carried_out(order) for order in Orders(self.vault, self.common.storage).open()]

    def erase(self, order: Order) -> Erased:
        """Write an order down and carry it out.

        Raises:
            JobError: it could not be done to the end; it stays in the vault, and the next command finishes it.
        """
        Orders(self.vault, self.common.storage).keep(order)
        return self._carried_out(order)

    def _carried_out(self, order: Order) -> Erased:
        began, epoch = self._begun(order)
        if order.suppress:
            Suppression(self.vault, self.common.storage).add(
                self.key, order.run_id, epoch, order.image_ids, order.digests
            )
        self._fence(epoch)
        ids = self.spark.createDataFrame([(one,) for one in order.image_ids], "image_id string").coalesce(1)
        swept = self._without(ids, epoch)
        self._without_canaries()
        shown = tracked_pictures.remove(self.common.settings, self.lake.uri, order.shown_by)
        self._told(began, order, swept, shown)
        Orders(self.vault, self.common.storage).done(order)
        return Erased(order, swept, shown)

    def _begun(self, order: Order) -> tuple[Event, int]:
        known = any(event["run_id"] == order.run_id for event in self.lake.ledger.events())
        event = Event(
            run_id=order.run_id,
            event="resumed" if known else "started",
            job=JOB,
            key_id=self.key.key_id,
            pipeline_version=__version__,
            table_versions=self.lake.tables.versions(),
        )
        return event, self.lake.ledger.append(event)

    def _fence(self, epoch: int) -> None:
        """Keep every earlier run from committing to the lake, or to the vault, what is erased now."""
        if self.epoch is None:
            self.lake.fence(epoch)
        # A run that is at work itself has to write its own list after this.
        fence, app = Commit(self.epoch or epoch, 0).version, vault_app(self.lake.ledger)
        for name, table in self.vault.tables.declared.items():
            if self.vault.tables.transaction(name, app) < fence:
                self.vault.tables.append(name, table.arrow().empty_table(), app, fence)
        released = Members(self.lake)
        if released.tables.exist():
            released.fence(members.under_way(self.lake.ledger.events()))

    def _without(self, ids: DataFrame, epoch: int) -> Swept:
        """Take images out of all tables of the lake and the vault, and their files and history away."""
        lake, vault, swept = self.lake.tables, self.vault.tables, Swept()
        with self._purged(lake, "images", epoch, fenced=True) as done:
            self._delete(lake, "images", ids, _SAME)
        swept += done[0]
        metrics = Tables(lake.uri, METRIC_TABLES, lake.storage)
        if metrics.exist():
            metrics.create()  # one of an older schema lets no row be deleted
            with self._purged(metrics, "metrics", epoch, fenced=False) as done:
                self._delete(metrics, "metrics", ids, _NAMED)
            swept += done[0]
        # Hashes stay: else roots of runs and releases, and what the ledger says of decisions, would no longer follow.
        for tables, name, kept, fenced in (
            (sealing.tables(self.lake), LEAVES.name, sealing.KEPT, False),
            (decisions.tables(self.lake), DECISIONS.name, decisions.KEPT, False),
            (Members(self.lake).tables, RELEASED.name, members.KEPT, True),
        ):
            if tables.exist():
                with self._purged(tables, name, epoch, fenced=fenced) as done:
                    self._emptied(tables, name, ids, kept)
                swept += done[0]
        for name in vault.declared:
            with self._purged(vault, name, epoch, fenced=True) as done:
                self._delete(vault, name, ids, _SAME)
            swept += done[0]
        groups = GroupStore(self.vault, self.common.storage)
        if groups.tables.exist():
            with self._purged(groups.tables, "members", epoch, fenced=False) as done:
                ungrouping.leave(self.spark, groups, ids)
            swept += done[0]
        return swept

    def _delete(self, tables: Tables, name: str, ids: DataFrame, same: str) -> None:
        """Delete rows by a join: a condition would be in the table's log, with the ids."""
        table = DeltaTable.forPath(self.spark, tables.table_uri(name))
        table.alias("t").merge(ids.alias("s"), same).whenMatchedDelete().execute()

    def _emptied(self, tables: Tables, name: str, ids: DataFrame, kept: Collection[str]) -> None:
        """Leave place and hash of rows about images that are gone; what else they said becomes null."""
        table = DeltaTable.forPath(self.spark, tables.table_uri(name))
        nothing = {c.name: "null" for c in tables.declared[name].columns if c.name not in kept}
        table.alias("t").merge(ids.alias("s"), _SAME).whenMatchedUpdate(set=nothing).execute()

    def _empty(self) -> dict[str, int]:
        """Return how many rows of each table have lost their image, by this erasure and all before it."""
        leaves, found = sealing.tables(self.lake), 0
        if leaves.exist():
            rows = leaves.query("SELECT COUNT(*) AS n FROM leaves WHERE image_id IS NULL").to_pylist()
            found = int(rows[0]["n"])
        return {
            LEAVES.name: found,
            DECISIONS.name: decisions.Decisions(self.lake).checked().erased,
            RELEASED.name: sum(erased for _, erased in Members(self.lake).counts().values()),
        }

    @contextlib.contextmanager
    def _purged(self, tables: Tables, name: str, epoch: int, *, fenced: bool) -> Iterator[list[Swept]]:
        """Do something to a table; then write files that hide rows anew without these, and remove what is left over."""
        sweep, out = Sweep.begin(tables, name, fenced=fenced), list[Swept]()
        yield out
        lay = layout.of(tables.open(name), tables.declared[name].key[0])
        wanted = {
            # Each file is written anew by itself and read in one piece, so that its rows stay in the order of their
            # ids: the default would put neighbours together, and one image would then cost a read of all of them.
            "spark.databricks.delta.optimize.maxFileSize": "1",
            "spark.sql.files.maxPartitionBytes": _WHOLE_FILE,
        }
        with session.having(self.spark, wanted | session.pages(lay.size_bytes / max(1, lay.rows))):
            self.spark.sql(f"REORG TABLE delta.`{tables.table_uri(name)}` APPLY (PURGE)").collect()
        out.append(sweep.end(epoch))

    def _without_canaries(self) -> None:
        """Remove canaries that an evaluation left or kept: they are laid into copies of originals."""
        try:
            files.remove(stores.child(self.vault.uri, CANARIES), self.common.storage)
        except OSError as error:
            raise VaultError(f"the vault's canaries cannot be removed: {stores.why(error)}; check access") from error

    def _told(self, began: Event, order: Order, swept: Swept, shown: int) -> None:
        """Append the tombstone, once: that something was erased and how much, not what."""
        events = self.lake.ledger.events()
        if any((event["run_id"], event["event"]) == (order.run_id, "erased") for event in events):
            return
        counts = {"images": order.images, "copies": order.copies, order.why: order.images}
        # Since the last tombstone: also where this is the second try.
        before = [dict(event["counts"] or {}) for event in events if event["event"] == "erased"]
        counts |= {name: count - sum(one.get(name, 0) for one in before) for name, count in self._empty().items()}
        counts |= {
            "files": swept.files,
            "artifacts": shown,
            "suppressed": order.images if order.suppress else 0,
        }
        self.lake.ledger.append(began.then("erased", table_versions=self.lake.tables.versions(), counts=counts))


def finish_for(run: str, eraser: Eraser) -> list[Erased]:
    """Finish what was cut off before another command begins.

    Raises:
        JobError: it cannot be finished, so that the command does not begin.
    """
    try:
        return eraser.finish()
    except FaceveilError as error:
        raise JobError(f"an erasure was cut off and cannot be finished before {run}: {error}") from error
