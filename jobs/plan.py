"""What a run has to do: the listing without what is done, cut into batches (one commit each) and tasks.

Runs on the driver; all of it is DataFrames of ids and sizes, no name is ever in a plan.

Ids are keyed hashes and so uniform: the position of an id between 0 and 1 cuts the work into even pieces without a sort
over all of it, and each task's rows are one range of ids, which is how the table is sorted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.records import PLAN

NEW, REPLACE = "new", "replace"
TASKS_A_CORE = 6
LEAST_TASK_IMAGES = 12
PLAN_COLUMNS = tuple(PLAN.names)
DONE_COLUMNS = "image_id string, content_version string, policy_digest string, reason string"
"""What :func:`missing` asks of the table; a lake that is not there yet has no rows of it."""


@dataclass(frozen=True)
class Sizes:
    """How large a batch and a task may be.

    Attributes:
        batch_images, batch_bytes: one commit holds about this much: minutes of work, since a commit costs seconds.
        task_images, task_bytes: one task holds about this much: a minute at most, since progress moves with tasks.
        cores: tasks that run at a time; a batch has a few times as many, so that no core waits long for the last one.
    """

    batch_images: int
    batch_bytes: int
    task_images: int
    task_bytes: int
    cores: int


@dataclass(frozen=True)
class Batch:
    """One commit to come: its number, whether rows are new or replaced, its images and their bytes, its tasks."""

    number: int
    operation: str
    images: int
    size_bytes: int
    tasks: int


@dataclass(frozen=True)
class Share:
    """The images of one operation: how many batches from which number on, with how many tasks each."""

    operation: str
    first: int
    batches: int
    tasks: int


def list_images(session: SparkSession, lister: ListPartition) -> DataFrame:
    """Return the listing, kept on disk (encrypted) so that it is made once."""
    one = session.range(1, numPartitions=1)
    return one.mapInArrow(lister, from_arrow_schema(PLAN)).dropDuplicates(["image_id"])


def missing(
    listed: DataFrame,
    images: DataFrame,
    policy_digest: str,
    tiers: Mapping[str, str],
    retry: str | None,
    *,
    decided: DataFrame | None = None,
) -> DataFrame:
    """Return the listed images that are not done, each with ``operation`` ``new`` or ``replace``.

    An image is done when its id, content version and the digest of its own policy are in the table; rows quarantined
    for the reason ``retry`` are taken again, and so are those that do not follow what people decided about them.

    Args:
        listed: the listing.
        images: the table.
        policy_digest: of the run's policy.
        tiers: of the policies that data sets have, by their names.
        retry: a reason.
        decided: which decision each image has to follow, if people decided anything; see :mod:`jobs.applying`.
    """
    follows = F.col("decided") if "decided" in images.columns else F.lit(None).cast("bigint")
    known = images.select(
        "image_id",
        F.col("content_version").alias("_version"),
        F.col("policy_digest").alias("_policy"),
        F.coalesce(F.col("reason"), F.lit("")).alias("_reason"),
        F.coalesce(follows, F.lit(0)).alias("_follows"),
    )
    wanted = F.lit(policy_digest)
    for name, digest in tiers.items():
        wanted = F.when(F.col("policy") == F.lit(name), F.lit(digest)).otherwise(wanted)
    same = (F.col("_version") == F.col("content_version")) & (F.col("_policy") == wanted)
    if retry is not None:
        same = same & (F.col("_reason") != F.lit(retry))
    joined = listed.join(known, "image_id", "left")
    if decided is not None:
        last = decided.select("image_id", "content_version", F.col("decided.upto").alias("_upto"))
        joined = joined.join(F.broadcast(last), ["image_id", "content_version"], "left")
        same = same & (F.col("_follows") == F.coalesce(F.col("_upto"), F.lit(0)))
    operation = F.when(F.col("_version").isNull(), F.lit(NEW)).otherwise(F.lit(REPLACE))
    todo = joined.where(F.col("_version").isNull() | ~same).withColumn("operation", operation)
    return todo.select(*PLAN_COLUMNS, "operation")


def sample(listed: DataFrame, limit: int) -> DataFrame:
    """Return the ``limit`` images with the smallest ids: a random sample, and the same one each time."""
    return listed.orderBy("image_id").limit(limit)


def cut(todo: DataFrame, sizes: Sizes, *, sequential: bool) -> tuple[DataFrame, list[Batch]]:
    """Return the work with its ``batch`` and ``task`` columns, and the batches in order.

    Args:
        todo: what :func:`missing` gives; it is counted here, so it should be persisted.
        sizes: how large a batch and a task may be.
        sequential: whether images are best read in stored order (tables); then a task is a range of that order.
    """
    rows = todo.groupBy("operation").agg(*counted())
    totals = {row["operation"]: (int(row["n"]), int(row["b"])) for row in rows.collect()}
    shares, first = [], 1
    for operation in (NEW, REPLACE):
        images, size = totals.get(operation, (0, 0))
        if images:
            batches = max(math.ceil(images / sizes.batch_images), math.ceil(size / sizes.batch_bytes), 1)
            wanted = max(images / sizes.task_images, size / sizes.task_bytes) / batches
            tasks = _tasks(math.ceil(images / batches), wanted, sizes)
            shares.append(Share(operation, first, batches, tasks))
            first += batches
    planned = _numbered(todo, shares, sequential=sequential)
    return planned, _batches(planned, shares)


def _tasks(images: int, wanted: float, sizes: Sizes) -> int:
    """Return how many tasks a batch of ``images`` has.

    Enough that each keeps within its bounds, and a few for each core, but not so many that a task is hardly any work.
    """
    evenly = min(TASKS_A_CORE * sizes.cores, images // LEAST_TASK_IMAGES)
    return max(1, min(images, max(evenly, min(sizes.cores, images), math.ceil(wanted))))


def _numbered(todo: DataFrame, shares: list[Share], *, sequential: bool) -> DataFrame:
    if sequential:
        window = Window.partitionBy("operation").orderBy("container", "start", "index")
        total = F.count("*").over(Window.partitionBy("operation"))
        where = (F.row_number().over(window) - 1) / total
    else:
        where = F.conv(F.substring("image_id", 1, 8), 16, 10).cast("double") / F.lit(2.0**32)
    out = todo.withColumn("_where", where)
    batch, task = F.lit(0), F.lit(0)
    for share in shares:
        mine = F.col("operation") == F.lit(share.operation)
        place = F.col("_where") * F.lit(float(share.batches))
        batch = F.when(mine, F.lit(share.first) + F.floor(place)).otherwise(batch)
        task = F.when(mine, F.floor((place - F.floor(place)) * F.lit(float(share.tasks)))).otherwise(task)
    return out.withColumn("batch", batch.cast("int")).withColumn("task", task.cast("int")).drop("_where")


def _batches(planned: DataFrame, shares: list[Share]) -> list[Batch]:
    rows = planned.groupBy("batch", "operation").agg(*counted()).collect()
    tasks = {share.operation: share.tasks for share in shares}
    found = (
        Batch(row["batch"], row["operation"], int(row["n"]), int(row["b"]), tasks[row["operation"]]) for row in rows
    )
    return sorted(found, key=lambda batch: batch.number)


def counted() -> tuple[Column, Column]:
    """Return how many images there are, ``n``, and their bytes, ``b``; sizes that nobody knows count as 0."""
    return F.count("*").alias("n"), F.sum(F.greatest("size_bytes", F.lit(0))).alias("b")
