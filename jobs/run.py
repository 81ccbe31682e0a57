"""One run of ``anonymize``: list, plan, freeze, process batch by batch, record. Runs on the driver.

Whatever stops it, the lake is whole: each batch is one idempotent commit, and the next run takes up what is missing.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import DataFrame, DataFrameWriter, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.records import OUT, TIMINGS
from anonymizer_udfs.sources import is_sequential
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.udfs import AnonymizePartition
from jobs import applying, groups, listing, mirror, orders, plan, progress, sealing, session, tracking
from jobs.erasing import Eraser
from jobs.errors import UsageError, VaultError
from jobs.figures import Sitting, collect
from jobs.lake import Commit, SparkLake, vault_app
from jobs.lease import Lease
from jobs.ledger import Event
from jobs.orders import worker_spec
from jobs.originals import Originals
from jobs.placed import Placed
from jobs.request import Report, Request
from jobs.site import Ready, Site, opened, prepared, warn_of_default_log_store
from jobs.telling import Telling
from jobs.vault import Vault

__all__ = ["Report", "Request", "run", "worker_spec"]


@dataclass
class Running:
    """What is known once a run has begun."""

    request: Request
    spark: SparkSession
    lake: SparkLake
    vault: Vault | None
    key: Key
    started: Event
    epoch: int
    told: Telling
    lease: Lease
    suppressed: frozenset[str] = field(default=frozenset(), repr=False)
    seconds: Counter[str] = field(default_factory=Counter)
    timed: int = 0
    decided: DataFrame | None = None
    stopping: Callable[[], bool] = lambda: False


class Stopped(Exception):  # noqa: N818 - it is no error
    """A run was asked to stop, and did so between two batches; the next one takes it up."""


def run(request: Request) -> Report:
    """Do what is asked for and return what was done.

    Raises:
        JobError: if it cannot go on; the lake is whole, and the same command goes on where this one stopped.
    """
    clock = time.monotonic()
    with opened(request) as site:
        return once(site, clock)


def once(site: Site, clock: float) -> Report:
    """Do one run and return what was done.

    Raises:
        JobError: as :func:`run`.
        Stopped: it was asked to.
    """
    with site.telling() as told:
        running = _begin(prepared(site), site, told)
        try:
            return _process(running, clock)
        except Stopped:
            raise  # in the ledger it is one that has begun, so that the next one takes it up
        except BaseException:
            with contextlib.suppress(FaceveilError):  # what stopped the run is what has to be told
                site.lease.check()  # of a run that another one has gone on with there is no more to say
                running.lake.ledger.append(running.started.then("failed"))
            raise


def _begin(ready: Ready, site: Site, told: Telling) -> Running:
    lake = ready.lake
    warn_of_default_log_store(ready.request, lake.uri)
    event = orders.event(ready.request, lake, ready.key)
    site.lease.say(event.run_id)
    epoch = lake.ledger.append(event)
    lake.fence(epoch)
    told.started(event, epoch)
    return Running(
        ready.request,
        site.spark,
        lake,
        ready.vault,
        ready.key,
        event,
        epoch,
        told,
        site.lease,
        # Read when the table is ours: an erasure that adds to it later takes the table over first.
        suppressed=ready.suppressed,
        stopping=site.stopping,
    )


def _process(running: Running, clock: float) -> Report:
    request, lake = running.request, running.lake
    with progress.waiting("listing the source"):
        listed, total = _list(running)
    erased = _mirrored(running, listed, total) if request.mirror else 0
    with progress.waiting("planning"):
        images, running.decided = lake.frame("images"), applying.decided(request, lake)
        todo = listing.todo(request, listed, images, running.decided).persist(StorageLevel.DISK_ONLY)
        cut, batches = plan.cut(todo, listing.sizes(request, running.spark), sequential=is_sequential(request.source))
        work = _freeze(running, cut, listed) if batches else cut
    spec = worker_spec(request, running.key, running.started.run_id, total, running.suppressed)
    session.ship(running.spark, _files(request))
    count = sum(batch.images for batch in batches)
    if batches and (kept := work.count()) != count:
        raise VaultError(
            f"the vault kept {kept} of {count} entries of the work list: another run or an erasure has taken it over; "
            "run the command again"
        )
    running.told.planned(total, count, len(batches))
    begun = time.monotonic()
    with progress.Display(count) as display:
        for batch in batches:
            if running.stopping():
                raise Stopped
            running.lease.check()
            _batch(running, work, batch, spec, display)
    steady = time.monotonic() - begun
    running.lease.check()
    figures = collect(lake, running.started.run_id, Sitting(count, steady, running.seconds, running.timed))
    with progress.waiting("committing to the images"):
        sealed = sealing.seal(lake, running.started.run_id, running.epoch)
    finished = running.started.then(
        "finished",
        table_versions=lake.tables.versions(),
        counts=figures.counts,
        figures=figures.values,
        images_root=sealed.root,
    )
    lake.ledger.append(finished)
    running.told.finished(figures, time.monotonic() - clock)
    listed.unpersist()
    todo.unpersist()
    seconds = time.monotonic() - clock
    tracked = tracking.track(
        request.common.settings,
        lake,
        finished,
        figures,
        request.treatment.policy,
        others=[one.policy for one in request.others.values()],
        source_uri=request.source.uri,
        originals=_originals(running),
    )
    return Report(finished.run_id, lake.uri, total, count, seconds, figures, tracked, erased)


def _mirrored(running: Running, listed: DataFrame, total: int) -> int:
    """Erase rows of this source that it no longer has; return how many."""
    request, lake, vault = running.request, running.lake, running.vault
    if vault is None:
        raise UsageError("--mirror needs a vault")
    runs = [e["run_id"] for e in lake.ledger.events() if e["source_id"] == running.started.source_id]
    found = mirror.lost(lake.frame("images"), listed, sorted(set(runs)))
    found.check(total, request.source.uri, request.mirror_lost)
    eraser = Eraser(running.spark, lake, vault, running.key, request.common, running.epoch)
    with progress.waiting("erasing what is gone"):
        done = mirror.follow(Placed(lake, request.common), eraser, found)
    return done.order.images if done else 0


def _files(request: Request) -> dict[str, Path]:
    """Return the model files that workers are sent, by name."""
    shipped = [one.files for one in request.treatments if request.common.settings.models.ship]
    return {
        name: file for files in (*shipped, *(one.learned for one in request.treatments)) for name, file in files.items()
    }


def _list(running: Running) -> tuple[DataFrame, int]:
    """Return the listing, kept on executors' disks, and how many images it has."""
    request, suppressed = running.request, running.suppressed
    listed = listing.listed(request, running.spark, running.key, running.lake.uri, running.vault, suppressed)
    return listed, listed.count()


def _originals(running: Running) -> Originals | None:
    """Return what reads originals for a sheet of a policy that shows them; only a vault knows where they are."""
    if running.vault is None:
        return None
    request = running.request
    most = request.common.settings.limits.max_bytes
    return Originals(running.vault, request.common.storage, most, request.source.content_column)


def _freeze(running: Running, cut: DataFrame, listed: DataFrame) -> DataFrame:
    """Write work list and names into the vault, before the lake has any of it; return the list read back."""
    if running.vault is None:
        return cut.persist(StorageLevel.DISK_ONLY)
    run_id, epoch = running.started.run_id, running.epoch
    tables = running.vault.tables
    mine = cut.withColumn("run_id", F.lit(run_id)).withColumn("epoch", F.lit(epoch).cast("bigint"))
    app = vault_app(running.lake.ledger)
    _once(mine, app, epoch).save(tables.table_uri("work"))
    names = running.spark.read.format("delta").load(tables.table_uri("sources"))
    columns = ("image_id", "content_version", "uri", "size_bytes", "etag", "modified_us")
    fresh = listed.select(*columns).join(names, ["image_id", "content_version"], "left_anti")
    stamped = fresh.select(*columns, F.current_timestamp().alias("listed_at"))
    _once(stamped, app, epoch).save(tables.table_uri("sources"))
    back = running.spark.read.format("delta").load(tables.table_uri("work"))
    return back.where((F.col("run_id") == F.lit(run_id)) & (F.col("epoch") == F.lit(epoch)))


def _once(rows: DataFrame, app: str, epoch: int) -> DataFrameWriter:
    """Return what appends rows to the vault, unless a later run or an erasure has taken it over."""
    named = {"txnAppId": app, "txnVersion": str(Commit(epoch, 1).version)}
    return rows.write.format("delta").mode("append").options(**named)


def _batch(running: Running, work: DataFrame, batch: plan.Batch, spec: WorkerSpec, display: progress.Display) -> None:
    """Process and commit one batch."""
    order = ("container", "start", "index") if is_sequential(running.request.source) else ("image_id",)
    mine = work.where(F.col("batch") == F.lit(batch.number)).select(*plan.PLAN_COLUMNS, "task")
    if running.request.shares and running.vault is not None:
        mine = groups.GroupStore(running.vault, running.request.common.storage).joined(running.spark, mine)
    mine = applying.joined(mine, running.decided)
    placed = mine.repartitionById(batch.tasks, F.col("task")).sortWithinPartitions(*order).drop("task")
    rows = placed.mapInArrow(AnonymizePartition(spec), from_arrow_schema(OUT))
    if order != ("image_id",):
        rows = rows.sortWithinPartitions("image_id")
    seen = Observation()
    sums = [F.sum(F.col(f"timings_ms.{name}")).alias(name) for name in TIMINGS]
    watched = rows.observe(seen, F.count(F.lit(1)).alias("rows"), F.sum(F.size("faces")).alias("faces"), *sums)
    commit = Commit(running.epoch, batch.number)

    def look() -> None:
        done = session.finished_tasks(running.spark, batch.tasks) / batch.tasks
        display.estimate(display.committed + done * batch.images)

    paged = session.pages(batch.size_bytes / batch.images)
    with session.having(running.spark, paged), progress.watching(look):
        if batch.operation == plan.NEW:
            running.lake.append(watched.drop("timings_ms"), commit)
            measured = seen.get
            running.timed += batch.images
            spent = {name: (measured[name] or 0.0) / 1000 for name in TIMINGS}
            running.seconds.update(spent)
            display.batch_done(batch.images, measured["faces"] or 0)
            running.told.committed(batch, measured["faces"] or 0, spent)
        else:
            running.lake.replace(rows.drop("timings_ms"), commit)
            display.batch_done(batch.images, 0)
            running.told.committed(batch, 0, {})
