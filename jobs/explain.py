"""``faceveil anonymize --explain``: what a run would do, and what it would cost. Nothing is written.

The source is listed and planned as a run does it. Time comes from the last run of the same policy over this lake, as
the ledger has it; where there is none, some of the images are sent through the job and what comes out is dropped.
"""

from dataclasses import asdict, dataclass
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from anonymizer_udfs.assessing.estimates import Share, Total, share, total
from anonymizer_udfs.keys import Key
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.records import TIMINGS
from anonymizer_udfs.sources import is_sequential
from jobs import (
    applying,
    assess,
    baseline,
    catalog,
    early,
    groups,
    keeplist,
    listing,
    orders,
    plan,
    progress,
    runkeys,
    session,
    tiers,
)
from jobs.errors import UsageError
from jobs.lake import SparkLake
from jobs.ledger import Ledger
from jobs.options import Common
from jobs.request import Request
from jobs.screen import Section, bytes_text, counted, seconds_text
from jobs.sparkerrors import translated
from jobs.suppression import Suppression
from jobs.vault import Vault, open_vault

SAMPLE = 48
"""Images that are tried where no run has measured: a minute or two of one core under the slowest policy."""
LEAST_MEASURED = 50
"""Fewer images of an earlier run say less than a sample of these."""


@dataclass(frozen=True)
class Estimate:
    """What a run's work takes.

    Attributes:
        core_seconds: of all images to do; start-up and commits apart.
        held_back: the share that ends in review or quarantine; none where an earlier run was asked.
        measured: on how many images.
        run_id: of the run that measured, or none: a sample of the images to do.
    """

    core_seconds: Total
    held_back: Share | None
    measured: int
    run_id: str | None = None


@dataclass(frozen=True)
class Explained:
    """What would be done.

    Attributes:
        lake: where to; ``exists``: whether it is there.
        images, size_bytes: of the listing; bytes of images whose size it tells.
        todo: how many of them are new and how many replace a row.
        todo_bytes: of these.
        policies: how many of these each policy treats, before any image is raised by its risk.
        batches, tasks: commits, and Spark tasks in all.
        cores: that work at a time here.
        estimate: none where there is nothing to do.
        core_hour: the price of one, or none.
    """

    lake: str
    exists: bool
    images: int
    size_bytes: int
    todo: dict[str, int]
    todo_bytes: int
    policies: dict[str, int]
    batches: int
    tasks: int
    cores: int
    estimate: Estimate | None
    core_hour: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return asdict(self)

    def sections(self) -> list[Section]:
        """Return what a person reads."""
        count = sum(self.todo.values())
        rows = [
            ("in the source", f"{counted(self.images, 'image')}, {bytes_text(self.size_bytes)}"),
            ("done before", str(self.images - count) if self.exists else "0: the lake is not there yet"),
            ("to do", ", ".join(f"{n} {name}" for name, n in self.todo.items()) or "nothing"),
        ]
        if count:
            rows += [
                ("policy", ", ".join(f"{name}: {n}" for name, n in self.policies.items())),
                ("commits", f"{self.batches}, of {counted(self.tasks, 'task')} in all"),
            ]
        return [Section("a run would do this; nothing was written", tuple(rows)), *self._costs()]

    def _costs(self) -> list[Section]:
        if self.estimate is None:
            return []
        count, spent = sum(self.todo.values()), self.estimate.core_seconds
        whole = spent.value or 0.0
        rows = [
            ("work", f"{seconds_text(whole)} of one core{_between(spent)}"),
            ("time", f"about {seconds_text(whole / self.cores)} on the {self.cores} cores here, start-up apart"),
            ("lake", f"about {bytes_text(self.todo_bytes)} more: what comes out is about as large as what goes in"),
            ("requests", f"{count} objects read, where the source is an object store"),
        ]
        held = self.estimate.held_back
        if held is not None and held.value is not None:
            rows.append(("held back", f"{held.value:.0%} of the images ({held.low:.0%} to {held.high:.0%})"))
        if self.core_hour is not None:
            rows.append(("cost", f"{whole / 3600 * self.core_hour:.2f}, at {self.core_hour:g} a core hour"))
        by = f"run {self.estimate.run_id}" if self.estimate.run_id else "a random sample, tried here"
        return [Section(f"it would take, by {counted(self.estimate.measured, 'image')} of {by}", tuple(rows))]


def _between(spent: Total) -> str:
    if spent.low is None or spent.high is None or spent.exact:
        return ""
    return f" ({seconds_text(spent.low)} to {seconds_text(spent.high)})"


def explain(request: Request, core_hour: float | None = None) -> Explained:
    """Return what :func:`jobs.run.run` would do with a request; neither lake nor vault is made or changed.

    Raises:
        JobError: for what would stop the run before its first image.
    """
    given = early.checked(request.source, request.lake, request.common)
    request = tiers.early(request)
    with progress.waiting("starting Spark"):
        spark = session.create(request.common.settings, request.common.storage)
    with translated():
        uri = catalog.found(spark, request.lake)
        vault = open_vault(uri, request.common.vault, request.common.storage)
        request = tiers.resolved(request, vault)
        if request.shares:
            groups.checked_head(vault, request.common.storage, spark)
        request = request.each(lambda one: keeplist.bound(one, vault, request.common.storage, request.common.settings))
        lake = SparkLake(uri, spark, request.common.storage)
        exists = lake.tables.exist()
        return _explained(
            request, lake, vault, _key(given, request.common, vault, lake.ledger if exists else None), core_hour
        )


def _key(given: Key | None, common: Common, vault: Vault | None, ledger: Ledger | None) -> Key:
    """Return the key of the run; for a lake that is not there yet any serves, since its ids are never seen."""
    found = given or (vault.key() if vault else None)
    noise = common.noise_key.read()
    if found is not None and noise is not None:
        found = Key(found.secret, noise.secret)
    if ledger is not None:
        if found is None:
            raise UsageError("the lake is there, its key is not: give --key-file, --key-env or --key-command")
        runkeys.check(ledger.events(), found)
    return found or assess.seeded(0)


def _explained(request: Request, lake: SparkLake, vault: Vault | None, key: Key, core_hour: float | None) -> Explained:
    spark, exists = lake.session, lake.tables.exist()
    with progress.waiting("listing the source"):
        suppressed = Suppression(vault, request.common.storage).words() if vault else frozenset[str]()
        found = listing.listed(request, spark, key, lake.uri, vault, suppressed)
        images, size_bytes = _sums(found)
    with progress.waiting("planning"):
        rows = lake.frame("images") if exists else spark.createDataFrame([], plan.DONE_COLUMNS)
        decided = applying.decided(request, lake) if exists else None
        todo = listing.todo(request, found, rows, decided).persist(StorageLevel.DISK_ONLY)
        sizes = listing.sizes(request, spark)
        _, batches = plan.cut(todo, sizes, sequential=is_sequential(request.source))
        policies = {row["policy"]: int(row["count"]) for row in todo.groupBy("policy").count().collect()}
    count = sum(one.images for one in batches)
    try:
        return Explained(
            lake=lake.uri,
            exists=exists,
            images=images,
            size_bytes=size_bytes,
            todo={name: n for name in (plan.NEW, plan.REPLACE) if (n := _of(batches, name))},
            todo_bytes=sum(one.size_bytes for one in batches),
            policies={name or request.treatment.policy.name: n for name, n in sorted(policies.items(), key=str)},
            batches=len(batches),
            tasks=sum(one.tasks for one in batches),
            cores=sizes.cores,
            estimate=_estimated(request, lake, todo, count, key) if count else None,
            core_hour=core_hour,
        )
    finally:
        todo.unpersist()
        found.unpersist()


def _of(batches: list[plan.Batch], operation: str) -> int:
    return sum(one.images for one in batches if one.operation == operation)


def _sums(found: DataFrame) -> tuple[int, int]:
    row = found.agg(*plan.counted()).collect()[0]
    return int(row["n"]), int(row["b"] or 0)


def _estimated(request: Request, lake: SparkLake, todo: DataFrame, count: int, key: Key) -> Estimate:
    earlier = _earlier(request, lake, count) if lake.tables.exist() else None
    return earlier or _tried(request, lake.session, todo, count, key)


def _earlier(request: Request, lake: SparkLake, count: int) -> Estimate | None:
    """Return what the last run of the same policy took, if it was large enough and said so."""
    digest = request.treatment.digest
    for event in reversed(lake.ledger.events()):
        if (event["job"], event["event"], event["policy_digest"]) != (orders.JOB, "finished", digest):
            continue
        figures = dict(event["figures"])
        images = int(figures.get("timed_images", 0))
        spent = sum(value for name, value in figures.items() if name.startswith("seconds."))
        if images >= LEAST_MEASURED and spent:
            return Estimate(Total(spent / images * count), None, images, event["run_id"])
    return None


def _tried(request: Request, spark: SparkSession, todo: DataFrame, count: int, key: Key) -> Estimate:
    """Return what a sample takes that goes through the job here."""
    images = min(SAMPLE, count)
    seen = baseline.looked(assess.look(request, key, images), spark, plan.sample(todo, images), images)
    spent = [sum(row[f"{name}_ms"] for name in TIMINGS) / 1000 for row in seen]
    held = sum(row["status"] in {Status.REVIEW.value, Status.QUARANTINED.value} for row in seen)
    return Estimate(total(spent, count), share(held, len(seen), count), len(seen))


__all__ = ["Estimate", "Explained", "explain"]
