"""Where runs take place: Spark, the lease of the lake, keys, vault, and what has to be true before a run begins.

Runs on the driver. A command has one place for one run, ``--stream`` one for many.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pyspark.sql import SparkSession

from anonymizer_udfs.keys import Key
from jobs import (
    catalog,
    early,
    erasing,
    groups,
    keeplist,
    lease,
    orders,
    progress,
    runkeys,
    session,
    stores,
    tiers,
    tracking,
    vaultmodels,
)
from jobs.erasing import Eraser
from jobs.erasures import Orders
from jobs.lake import SparkLake
from jobs.lease import Lease
from jobs.request import Request
from jobs.sparkerrors import translated
from jobs.suppression import Suppression
from jobs.telling import Telling
from jobs.vault import Vault, open_vault


@dataclass
class Site:
    """Where runs of one process take place: its Spark, the lease of the lake, and who may ask it to stop.

    Attributes:
        request: what is asked for.
        given: the key, where it is not the vault's.
        told: of the first run, made early, so that what cannot be told is refused before Spark starts.
        stopping: says, between two batches, whether to stop there.
    """

    request: Request
    spark: SparkSession
    given: Key | None
    lease: Lease
    told: Telling | None = None
    stopping: Callable[[], bool] = lambda: False

    def telling(self) -> Telling:
        """Return what tells of the next run."""
        first, self.told = self.told, None
        return first or Telling(self.request.common.settings.prometheus, self.request.treatment.policy.name)


@dataclass(frozen=True)
class Ready:
    """A lake that may be worked on: its lease is ours, its keys fit, and no erasure is half done."""

    request: Request
    lake: SparkLake
    vault: Vault | None
    key: Key

    @property
    def suppressed(self) -> frozenset[str]:
        """Words of images that were erased, and are never listed again."""
        return Suppression(self.vault, self.request.common.storage).words() if self.vault else frozenset[str]()


@contextlib.contextmanager
def opened(request: Request) -> Iterator[Site]:
    """Give a place for runs, for the length of a block; the lease is given back at its end.

    Raises:
        JobError: if it cannot go on, such as where another run has the lake.
    """
    given = early.checked(request.source, request.lake, request.common)
    request = tiers.early(request)
    mine = lease.of(orders.JOB, request.common, request.wait_s)
    if not catalog.is_catalog_name(request.lake):
        mine.look(stores.normalise(request.lake))  # whoever has to wait does so before a cluster is kept waiting
    tracking.prepare(request.common.settings)
    told = Telling(request.common.settings.prometheus, request.treatment.policy.name)
    with progress.waiting("starting Spark"):
        spark = session.create(request.common.settings, request.common.storage)
    with translated(), mine:
        yield Site(request, spark, given, mine, told)


def prepared(site: Site) -> Ready:
    """Return the lake with all that a run has to know of it; before that nothing is listed, and no event written."""
    request, storage, spark = site.request, site.request.common.storage, site.spark
    uri = catalog.location(spark, request.lake)
    vault = open_vault(uri, request.common.vault, storage)
    lake = SparkLake(uri, spark, storage, lambda: runkeys.signer(request.common, vault))
    if vault is not None:
        vault.prepare()
    key = runkeys.for_run(site.given, request.common, vault)
    site.lease.take(uri)
    _finish_erasures(request, lake, vault, key)
    request = tiers.resolved(request, vault)
    if request.shares:
        head = groups.checked_head(vault, storage, spark)
        request = request.each(lambda one: replace(one, groups=head) if one.shares else one)
    request = request.each(lambda one: vaultmodels.bound(one, vault, storage))
    request = request.each(lambda one: keeplist.bound(one, vault, storage, request.common.settings, key))
    runkeys.ensure_signer(request.common, vault)
    lake.create()
    catalog.register(spark, request.lake, lake)
    runkeys.check(lake.ledger.events(), key)
    return Ready(request, lake, vault, key)


def warn_of_default_log_store(request: Request, uri: str) -> None:
    """Say once more what may happen where Spark commits to S3 without our log store."""
    if not stores.is_local(uri) and not session.guards_commits(request.common.settings):
        sys.stderr.write(
            "faceveil: Spark commits without our log store, so that on S3 only the lease keeps two runs apart: "
            "a run that is paused for longer than lease.expire_seconds may overwrite a commit; see: faceveil doctor\n"
        )


def _finish_erasures(request: Request, lake: SparkLake, vault: Vault | None, key: Key) -> None:
    """Finish erasures that were cut off, before anything is listed."""
    if vault is None or not Orders(vault, request.common.storage).open():
        return
    runkeys.check(lake.ledger.events(), key)
    for done in erasing.finish_for("the run", Eraser(lake.session, lake, vault, key, request.common)):
        sys.stderr.write(f"faceveil: finished the erasure {done.order.run_id}, which was cut off\n")
