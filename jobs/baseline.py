"""What ``assess`` looks at: the whole listing, and a random sample of its images on their way through the job.

Runs on the driver and writes nothing but Spark's own encrypted scratch files. Folder names go to who asked, to no log.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.assessing.looking import SEEN
from anonymizer_udfs.keys import Key
from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.risk import Risk
from anonymizer_udfs.sources import is_sequential
from anonymizer_udfs.udfs import AssessPartition
from jobs import plan, progress, session
from jobs.orders import worker_spec
from jobs.plan import TASKS_A_CORE
from jobs.request import Request

SUFFIXES = ("jpg", "jpeg", "png", "webp", "tif", "tiff", "gif", "bmp", "heic", "heif", "avif", "jxl", "dng", "pdf")
_SUFFIX = r"\.([A-Za-z0-9]{1,5})$"
_JOB = "assess"


@dataclass(frozen=True)
class Folder:
    """One folder of the source and what the listing says of it.

    Attributes:
        name: below what all folders have in common, percent-encoded, ``/`` between its parts; empty for that itself.
        images: how many lie in it and below it.
        size_bytes: of those whose size a listing tells.
    """

    name: str = field(repr=False)
    images: int
    size_bytes: int


@dataclass(frozen=True)
class Baseline:
    """What was listed, and what was seen of the sample.

    Attributes:
        images, size_bytes: of the whole listing; bytes of images whose size it tells.
        unsized: images whose size it does not tell (rows of tables).
        suffixes: how many names end in what, for those that are known.
        folder_count: how many folders there are, down to the depth that was asked for.
        folders: those from which an image was sampled.
        seen: one row of :data:`anonymizer_udfs.assessing.looking.SEEN` a sampled image, ``folder`` in place of ``uri``.
        cores: on how many tasks ran at a time.
        seconds: how long the sample took, model loading included.
    """

    images: int = 0
    size_bytes: int = 0
    unsized: int = 0
    suffixes: dict[str, int] = field(default_factory=dict)
    folder_count: int = 0
    folders: tuple[Folder, ...] = ()
    seen: Sequence[dict[str, Any]] = field(default=(), repr=False)
    cores: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Looking:
    """How to look.

    Attributes:
        request: source, settings and policy, as for a run; its lake is of no account.
        key: what the sample is drawn by.
        risk: the weights of the score.
        region_ratio: of that score.
        sample: most images that are looked at.
        depth: how many folders deep they are told apart.
    """

    request: Request
    key: Key
    risk: Risk
    region_ratio: float
    sample: int
    depth: int


def baseline(asked: Looking, spark: SparkSession) -> Baseline:
    """Return what is in the source, having looked at a sample of it. Cost: a listing, and a run over the sample."""
    with progress.waiting("listing the source"):
        listed = plan.list_images(spark, ListPartition(asked.request.source, asked.key))
        listed = listed.persist(StorageLevel.DISK_ONLY)
        whole = (
            listed.withColumn("_flat", _flat(F.col("uri")))
            .agg(
                F.count("*").alias("images"),
                F.sum(F.greatest("size_bytes", F.lit(0))).alias("size_bytes"),
                F.sum((F.col("size_bytes") < 0).cast("int")).alias("unsized"),
                F.min(F.concat("_flat", F.lit("/"))).alias("first"),
                F.max(F.concat("_flat", F.lit("/"))).alias("last"),
            )
            .collect()[0]
        )
    try:
        if not whole["images"]:
            return Baseline()
        parts = common_parts(whole["first"], whole["last"])
        named = _named(listed, parts, asked.depth)
        drawn = plan.sample(named, asked.sample)
        counted = named.groupBy("folder").agg(F.count("*").alias("n"), F.sum(F.greatest("size_bytes", F.lit(0))))
        kept = counted.join(drawn.select("folder").distinct(), "folder", "left_semi").collect()
        suffixes = {row["suffix"]: int(row["count"]) for row in _suffixes(named)}
        begun = time.monotonic()
        images = min(asked.sample, int(whole["images"]))
        found = looked(asked, spark, drawn, images, lambda rows: _named(rows, parts, asked.depth))
        return Baseline(
            images=int(whole["images"]),
            size_bytes=int(whole["size_bytes"]),
            unsized=int(whole["unsized"]),
            suffixes=dict(sorted(suffixes.items(), key=lambda pair: (-pair[1], pair[0]))),
            folder_count=counted.count(),
            folders=tuple(Folder(row[0], int(row[1]), int(row[2])) for row in kept),
            seen=found,
            cores=session.cores(spark),
            seconds=time.monotonic() - begun,
        )
    finally:
        listed.unpersist()


def looked(
    asked: Looking,
    spark: SparkSession,
    drawn: DataFrame,
    images: int,
    shaped: Callable[[DataFrame], DataFrame] = lambda rows: rows,
) -> list[dict[str, Any]]:
    """Return the rows of :data:`SEEN` for sampled images, in order of their ids, without their names.

    Args:
        asked: how to look.
        spark: where.
        drawn: rows of the plan.
        images: how many they are.
        shaped: what else is made of the rows before their names are dropped.
    """
    rows, tasks = _looking(asked, spark, drawn, images)
    with _counting(spark, images, tasks):
        found = shaped(rows).drop("uri").collect()
    return sorted((row.asDict(recursive=True) for row in found), key=lambda row: str(row["image_id"]))


def _looking(asked: Looking, spark: SparkSession, drawn: DataFrame, images: int) -> tuple[DataFrame, int]:
    """Return the rows of :data:`SEEN` for the sampled images, and in how many tasks they are made."""
    treatments, settings = asked.request.treatments, asked.request.common.settings
    session.ship(spark, {n: f for one in treatments for n, f in one.files.items()} if settings.models.ship else {})
    tasks = max(1, min(images, TASKS_A_CORE * session.cores(spark)))
    placed = drawn.select(*plan.PLAN_COLUMNS).repartition(tasks, "image_id")
    if is_sequential(asked.request.source):
        placed = placed.sortWithinPartitions("container", "start", "index")
    # With no image listed, so that nothing is measured on a sample of the sample.
    spec = worker_spec(asked.request, asked.key, _JOB, 0)
    work = AssessPartition(spec, asked.risk, asked.region_ratio)
    return placed.mapInArrow(work, from_arrow_schema(SEEN)), tasks


@contextmanager
def _counting(spark: SparkSession, images: int, tasks: int) -> Iterator[None]:
    """Show how many images are done, as far as tasks tell."""
    shown = 0
    with progress.Counting("looking at images", images) as counting:

        def look() -> None:
            nonlocal shown
            done = session.finished_tasks(spark, tasks) * images // tasks
            counting.more(max(0, done - shown))
            shown = max(shown, done)

        with progress.watching(look):
            yield


def _suffixes(named: DataFrame) -> list[Any]:
    """Return how many names end in each suffix that is known, or in none of them."""
    found = F.lower(F.regexp_extract("uri", _SUFFIX, 1))
    known = F.when(found.isin(*SUFFIXES), found).otherwise(F.lit("other"))
    return named.select(known.alias("suffix")).groupBy("suffix").count().collect()


def _flat(uri: Column) -> Column:
    """Return the folder of an image: what comes before its last name; an archive and a table's file are folders."""
    table = F.substring_index(uri, "#", 1)
    folder = F.regexp_extract(uri, r"^(.*)[/!]", 1)
    return F.translate(F.when(uri.contains("#"), table).otherwise(folder), "!", "/")


def _named(frame: DataFrame, parts: int, depth: int) -> DataFrame:
    """Return a frame with ``folder``: below the first parts, so many names deep at most; the plan has numbers alone."""
    below = F.slice(F.split(_flat(F.col("uri")), "/"), parts + 1, depth)
    return frame.withColumn("folder", F.array_join(below, "/"))


def common_parts(first: str, last: str) -> int:
    """Return how many names the first and the last folder in order, and so all between them, have in common.

    Args:
        first: in the order of their names, each with a slash at its end, which sorts ``a.b`` before ``a``.
        last: the same.

    Examples:
        >>> common_parts("file:///a/b/", "file:///a/bc/d/"), common_parts("file:///a/", "file:///a/")
        (4, 4)
    """
    pairs = zip(first.split("/")[:-1], last.split("/")[:-1], strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
