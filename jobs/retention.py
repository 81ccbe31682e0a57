"""What is past its time: rows, work lists and figures, by the settings of the group ``retention``. Runs on the driver.

Nothing but history is dropped unless a setting says so. Rows of images are erased, as ``faceveil erase`` does it; work
lists and figures are deleted, and their files go with the history.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyspark.sql import SparkSession

from anonymizer_udfs import __version__
from conf.groups import Retention
from jobs import metrics as figures
from jobs import session, targets
from jobs.erasing import Erased, Eraser
from jobs.erasures import RETENTION
from jobs.lake import SparkLake
from jobs.ledger import Event, new_run_id
from jobs.placed import Placed, readable
from jobs.tables import Tables
from schemas import (
    DECISION_TABLES,
    GROUP_TABLES,
    KEEP_TABLES,
    LEAF_TABLES,
    METRIC_TABLES,
    MODEL_TABLES,
    RELEASE_TABLES,
    RELEASED_TABLES,
    SUPPRESSED_TABLES,
    TIER_TABLES,
)

JOB = "maintain"
COMPACT_FROM = 16
"""Small tables are put together from so many files on: each run adds some of a few kilobytes."""
_VACUUM = {
    # History may be kept for less than a week where a policy says so.
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    # Two commits that say nothing would look as if the table had changed.
    "spark.databricks.delta.vacuum.logging.enabled": "false",
}


@dataclass(frozen=True)
class Past:
    """What is past its time.

    Attributes:
        image_ids: of rows of images; hidden from ``repr``.
        epoch: work lists of runs up to this number; 0 for none.
        work: how many entries these have.
        metrics: how many figures.
        before: figures measured before this; none: figures are kept.
    """

    image_ids: tuple[str, ...] = field(repr=False)
    epoch: int = 0
    work: int = 0
    metrics: int = 0
    before: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How much of each, for people and programs."""
        return {"images": len(self.image_ids), "work": self.work, "metrics": self.metrics}


@dataclass(frozen=True)
class Size:
    """One table at the end: rows as far as the log tells, files and bytes of its newest version."""

    table: str
    rows: int
    files: int
    size_bytes: int


def past(placed: Placed, policy: Retention, now: datetime) -> Past:
    """Return what is past its time; nothing is changed.

    Raises:
        VaultError: work lists have a time, and there is no vault.
    """
    tables = placed.lake.tables
    ids: list[str] = []
    if policy.images_days is not None:
        sql = f"SELECT image_id FROM images WHERE processed_at < {_moment(now, policy.images_days)}"  # noqa: S608 - ours
        ids = tables.query(sql).column("image_id").to_pylist()
    epoch = work = count = 0
    if policy.work_days is not None:
        cut = now - timedelta(days=policy.work_days)
        epoch = max((e["event_seq"] for e in placed.lake.ledger.events() if e["at"] < cut), default=0)
        with readable():
            found = placed.vault().tables.query(f"SELECT COUNT(*) AS n FROM work WHERE epoch <= {epoch}")  # noqa: S608 - ours
        work = int(found.to_pylist()[0]["n"])
    before, figures = None, Tables(tables.uri, METRIC_TABLES, tables.storage)
    if policy.metrics_days is not None and figures.exist():
        before = now - timedelta(days=policy.metrics_days)
        sql = f"SELECT COUNT(*) AS n FROM metrics WHERE measured_at < {_moment(now, policy.metrics_days)}"  # noqa: S608 - ours
        count = int(figures.query(sql).to_pylist()[0]["n"])
    return Past(tuple(sorted(ids)), epoch, work, count, before)


def _moment(now: datetime, days: int) -> str:
    cut = (now - timedelta(days=days)).astimezone(UTC)
    return f"TIMESTAMP '{cut:%Y-%m-%dT%H:%M:%S}Z'"


def drop(placed: Placed, spark: SparkSession, found: Past) -> Erased | None:
    """Drop what is past its time; return the erasure of rows, if there was one.

    Raises:
        VaultError: rows have a time, and there is no vault that would remember them.
    """
    if found.metrics and found.before is not None:
        metrics = Tables(placed.lake.uri, METRIC_TABLES, placed.common.storage)
        metrics.create()  # one of an older schema lets no row be deleted
        cut = f"{found.before.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        where = f"measured_at < TIMESTAMP '{cut}'"
        with _recorded(placed, spark, {"metrics": found.metrics}):
            spark.sql(f"DELETE FROM delta.`{metrics.table_uri('metrics')}` WHERE {where}").collect()  # noqa: S608 - ours
    if found.work:
        uri = placed.vault().tables.table_uri("work")
        spark.sql(f"DELETE FROM delta.`{uri}` WHERE epoch <= {found.epoch}").collect()  # noqa: S608 - ours
    if not found.image_ids:
        return None
    lake = SparkLake(placed.lake.uri, spark, placed.common.storage, placed.signer)
    eraser = Eraser(spark, lake, placed.vault(), placed.key(), placed.common)
    return eraser.erase(targets.order(placed, new_run_id(), found.image_ids, RETENTION))


@contextlib.contextmanager
def _recorded(placed: Placed, spark: SparkSession, counts: dict[str, int]) -> Iterator[None]:
    """Do something to the figures under a number of the ledger, which then says how many are gone."""
    ledger = placed.lake.ledger
    event = Event(run_id=new_run_id(), event="started", job=JOB, pipeline_version=__version__)
    named = {"txnAppId": figures.APP, "txnVersion": str(ledger.append(event))}
    with session.having(spark, {f"spark.databricks.delta.write.{name}": said for name, said in named.items()}):
        yield
    ledger.append(event.then("finished", counts=counts))


def every(placed: Placed, *, vault: bool) -> list[tuple[Tables, str]]:
    """Return all tables that are there, those of the lake first; those of the vault only where it is asked for."""
    lake, storage = placed.lake.tables, placed.common.storage
    later = (METRIC_TABLES, LEAF_TABLES, DECISION_TABLES, RELEASE_TABLES, RELEASED_TABLES)
    groups = [lake, *(Tables(lake.uri, declared, storage) for declared in later)]
    if vault:
        found = placed.vault().tables
        more = (GROUP_TABLES, TIER_TABLES, MODEL_TABLES, SUPPRESSED_TABLES, KEEP_TABLES)
        groups += [found, *(Tables(found.uri, declared, storage) for declared in more)]
    return [(tables, name) for tables in groups if tables.exist() for name in tables.declared]


def compact(spark: SparkSession, tables: Sequence[tuple[Tables, str]]) -> None:
    """Put the small files of all tables but ``images`` together, where there are many."""
    for some, name in tables:
        if name != "images" and len(some.open(name).file_uris()) >= COMPACT_FROM:
            spark.sql(f"OPTIMIZE delta.`{some.table_uri(name)}`").collect()


def vacuum(spark: SparkSession, tables: Sequence[tuple[Tables, str]], days: int) -> None:
    """Remove files that no version of the last days needs, changes included."""
    with session.having(spark, _VACUUM):
        for some, name in tables:
            spark.sql(f"VACUUM delta.`{some.table_uri(name)}` RETAIN {24 * days} HOURS").collect()


def sizes(tables: Sequence[tuple[Tables, str]]) -> list[Size]:
    """Return how large all tables are."""
    out = []
    for some, name in tables:
        found = pa.table(some.open(name).get_add_actions(flatten=True))
        rows = sum(count or 0 for count in found.column("num_records").to_pylist()) if found.num_rows else 0
        out.append(Size(name, rows, found.num_rows, sum(found.column("size_bytes").to_pylist())))
    return out
