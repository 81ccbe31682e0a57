"""An erasure carried out: rows, files, history, vault and MLflow, then the tombstone. Runs on the driver, with Spark.

Every step may be done again: an order stays in the vault until all of them are through, and whoever comes next with a
vault finishes it. The order of the steps is that in which a crash does least harm: first nothing can bring the image
back, then it is gone, and last it is said so.
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
from jobs.suppression import Suppression
from jobs.sweep import Sweep, Swept
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import DECISIONS, LEAVES, METRIC_TABLES

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
        leaves = sealing.tables(self.lake)
        if leaves.exist():
            with self._purged(leaves, LEAVES.name, epoch, fenced=False) as done:
                self._unnamed(leaves, ids)
            swept += done[0]
        decided = decisions.tables(self.lake)
        if decided.exist():
            with self._purged(decided, DECISIONS.name, epoch, fenced=False) as done:
                self._emptied(decided, ids)
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

    def _unnamed(self, leaves: Tables, ids: DataFrame) -> None:
        """Leave the hashes of rows that are gone, without which the roots of their runs would no longer follow."""
        table = DeltaTable.forPath(self.spark, leaves.table_uri(LEAVES.name))
        table.alias("t").merge(ids.alias("s"), _SAME).whenMatchedUpdate(set={"image_id": "null"}).execute()

    def _emptied(self, decided: Tables, ids: DataFrame) -> None:
        """Leave number and hash of decisions about images that are gone: the ledger vouches for them by these."""
        table = DeltaTable.forPath(self.spark, decided.table_uri(DECISIONS.name))
        nothing = {c.name: "null" for c in DECISIONS.columns if c.name not in decisions.KEPT}
        table.alias("t").merge(ids.alias("s"), _SAME).whenMatchedUpdate(set=nothing).execute()

    def _undecided(self, events: list[dict[str, Any]]) -> int:
        """Return how many decisions were emptied since the last tombstone: also where this is the second try."""
        told = [dict(row["counts"] or {}).get(DECISIONS.name, 0) for row in events if row["event"] == "erased"]
        return decisions.Decisions(self.lake).checked().erased - int(sum(told))

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

    def _leaves(self, events: list[dict[str, Any]]) -> int:
        """Return how many leaves have lost their image since the last tombstone: also where this is the second try."""
        leaves = sealing.tables(self.lake)
        if not leaves.exist():
            return 0
        found = leaves.query("SELECT COUNT(*) AS n FROM leaves WHERE image_id IS NULL").to_pylist()
        told = [dict(row["counts"] or {}).get("leaves", 0) for row in events if row["event"] == "erased"]
        return int(found[0]["n"]) - int(sum(told))

    def _told(self, began: Event, order: Order, swept: Swept, shown: int) -> None:
        """Append the tombstone, once: that something was erased and how much, not what."""
        events = self.lake.ledger.events()
        if any((event["run_id"], event["event"]) == (order.run_id, "erased") for event in events):
            return
        counts = {"images": order.images, "copies": order.copies, order.why: order.images}
        counts |= {
            "leaves": self._leaves(events),
            DECISIONS.name: self._undecided(events),
            "files": swept.files,
            "artifacts": shown,
            "suppressed": order.images if order.suppress else 0,
        }
        self.lake.ledger.append(began.then("erased", table_versions=self.lake.tables.versions(), counts=counts))


def new_run_id() -> str:
    """Return the name of an erasure in the ledger."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def finish_for(run: str, eraser: Eraser) -> list[Erased]:
    """Finish what was cut off before another command begins.

    Raises:
        JobError: it cannot be finished, so that the command does not begin.
    """
    try:
        return eraser.finish()
    except FaceveilError as error:
        raise JobError(f"an erasure was cut off and cannot be finished before {run}: {error}") from error
