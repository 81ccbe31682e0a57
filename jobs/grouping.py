"""People and groups over Spark: the steps of ``anonymizer_udfs.grouping`` in order. Runs on the driver.

What comes to the driver is counts and centres of cells; templates stay on executors, in shuffles and in frames kept on
their disks while the command runs, both encrypted.
"""

import math
from dataclasses import dataclass

import numpy as np
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.grouping import arrow, cells
from anonymizer_udfs.grouping.arrow import KEPT, NEW, TORN
from anonymizer_udfs.grouping.linking import Likeness
from anonymizer_udfs.grouping.partition import LEAST_K
from anonymizer_udfs.grouping.shards import shards
from anonymizer_udfs.methods.base import check_count
from anonymizer_udfs.methods.k_same import K_MAX
from jobs.errors import JobError

ROUNDS_MAX = 40
"""Each round a person's id reaches the faces one cell further; people lie in few cells."""
_PARTS = 2**20


@dataclass(frozen=True)
class Grouping:
    """How people are found and grouped.

    Attributes:
        k: least people of a group, at least 2.
        who: says how alike two templates are; not asked where faces have labels.
        threshold: the similarity from which on two faces are of one person.
        cells: how many cells templates are put into; none: as many as :func:`anonymizer_udfs.grouping.cells.cells_for`
            says.
    """

    k: int
    who: Likeness
    threshold: float
    cells: int | None = None

    def __post_init__(self) -> None:
        """Refuse a k or a threshold that is none."""
        check_count("k", self.k, LEAST_K, K_MAX)
        if not math.isfinite(self.threshold):
            raise SpecError(f"threshold must be a finite number, got {self.threshold}")


@dataclass(frozen=True)
class Counts:
    """What was found: faces, people by what became of them, and new groups with the least and most people of one."""

    faces: int
    people: int
    kept: int
    torn: int
    grouped: int
    groups: int
    least: int
    most: int


@dataclass(frozen=True)
class Groups:
    """What came of a grouping; frames are on executors' disks until :meth:`release`.

    Attributes:
        people: rows of ``arrow.PEOPLE``.
        new: rows of ``arrow.GROUPED`` of the people who are in a new group.
        counts: of both.
    """

    people: DataFrame
    new: DataFrame
    counts: Counts

    def release(self) -> None:
        """Give the disks back."""
        self.new.unpersist()
        self.people.unpersist()


def group(faces: DataFrame, how: Grouping, earlier: DataFrame | None = None, labels: DataFrame | None = None) -> Groups:
    """Return new groups of at least ``k`` people for everybody who is in none yet.

    Args:
        faces: rows of ``arrow.FACES``; read several times, so it should be persisted.
        how: k, and who is one person.
        earlier: ``face_id`` and ``group_id`` of all groups that there are.
        labels: ``face_id`` and ``label``: then faces of one label are of one person, templates are not asked, and faces
            without a label take no part.

    Raises:
        JobError: the people did not settle: templates form chains through very many cells.
    """
    count = faces.count()
    wanted = how.cells or cells.cells_for(count)
    centres = _centres(faces, wanted, count)
    persons = _labelled(faces, labels) if labels is not None else _linked(faces, how, centres)
    people = _people(faces, persons, earlier, centres).persist(StorageLevel.DISK_ONLY)
    new = _formed(people.where(F.col("state") == NEW), how.k, centres).persist(StorageLevel.DISK_ONLY)
    return Groups(people, new, _counts(people, new, count))


def _centres(faces: DataFrame, wanted: int, count: int) -> cells.Centroids:
    """Return the centres of the cells, found on one executor in a sample that depends on the ids alone."""
    share = min(1.0, wanted * cells.SAMPLED / max(1, count))
    if wanted * cells.SAMPLED < cells.CELL_TEMPLATES:
        share = 1.0
    chosen = F.pmod(F.xxhash64("face_id"), F.lit(_PARTS)) < math.ceil(share * _PARTS)
    one = faces.where(chosen).select(*arrow.FACES.names).repartition(1).sortWithinPartitions("face_id")
    found = one.mapInArrow(arrow.FindCentroids(wanted), from_arrow_schema(arrow.CENTROIDS)).toArrow()
    return arrow.templates(found) if len(found) else np.zeros((1, 1), np.float32)


def _linked(faces: DataFrame, how: Grouping, centres: cells.Centroids) -> DataFrame:
    """Return ``face_id`` and ``person`` of each face: the smallest id that chains of likeness lead to."""
    placed = faces.select(*arrow.FACES.names).mapInArrow(arrow.PutInCells(centres), from_arrow_schema(arrow.PLACED))
    together = placed.repartition("cell").sortWithinPartitions("cell")
    made = together.mapInArrow(arrow.LinkCells(how.who, how.threshold), from_arrow_schema(arrow.LINKS))
    links = made.persist(StorageLevel.DISK_ONLY)
    try:
        named = _settled(links)
        rest = faces.select("face_id").join(named, "face_id", "left")
        return rest.select("face_id", F.coalesce("person", "face_id").alias("person")).localCheckpoint()
    finally:
        links.unpersist()


def _settled(links: DataFrame) -> DataFrame:
    """Return the smallest face that each linked face is connected with: ids spread over nodes until none changes."""
    named = links.groupBy("face_id").agg(F.min("face_id").alias("person"))
    for _ in range(ROUNDS_MAX):
        nodes = links.join(named, "face_id").groupBy("node").agg(F.min("person").alias("least"))
        reached = links.join(nodes, "node").groupBy("face_id").agg(F.min("least").alias("least"))
        after = named.join(reached, "face_id").localCheckpoint()
        changed = after.where(F.col("least") < F.col("person")).limit(1).count()
        named = after.select("face_id", F.col("least").alias("person"))
        if not changed:
            return named
    raise JobError(
        f"people did not settle within {ROUNDS_MAX} rounds: faces form chains through very many cells; raise the "
        "threshold, or give labels"
    )


def _labelled(faces: DataFrame, labels: DataFrame) -> DataFrame:
    """Return ``face_id`` and ``person`` of each face that has a label; labels that share a face are of one person."""
    mine = labels.select("face_id", F.col("label").alias("node")).join(faces.select("face_id"), "face_id")
    links = mine.persist(StorageLevel.DISK_ONLY)
    try:
        return _settled(links)
    finally:
        links.unpersist()


def _people(faces: DataFrame, persons: DataFrame, earlier: DataFrame | None, centres: cells.Centroids) -> DataFrame:
    """Return one row a person, with what the groups that there are mean for it."""
    rows = faces.join(persons, "face_id")
    if earlier is None:
        rows = rows.withColumn("group_id", F.lit(None).cast("string"))
    else:
        rows = rows.join(earlier.select("face_id", "group_id"), "face_id", "left")
    rows = rows.select(*arrow.FACES.names, "person", "group_id").repartition("person")
    return rows.mapInArrow(arrow.ToPeople(centres), from_arrow_schema(arrow.PEOPLE))


def _formed(people: DataFrame, k: int, centres: cells.Centroids) -> DataFrame:
    """Return the new people in groups; those who are too few for one are left out."""
    rows = people.groupBy("stratum", "cell").count().collect()
    counts = {(arrow.parts(row["stratum"]), int(row["cell"])): int(row["count"]) for row in rows}
    if sum(counts.values()) < k:
        return people.limit(0).select("person", "faces", "group_id", F.lit(0).alias("people"))
    numbers = shards(counts, cells.line(centres).tolist(), k)
    listed = [(arrow.word(stratum), cell, shard) for (stratum, cell), shard in numbers.items()]
    known = people.sparkSession.createDataFrame(listed, "stratum string, cell int, shard int")
    placed = people.join(F.broadcast(known), ["stratum", "cell"])
    together = placed.repartition("shard").sortWithinPartitions("shard")
    made = together.mapInArrow(arrow.FormGroups(k), from_arrow_schema(arrow.GROUPED))
    return made.where(F.col("group_id").isNotNull())


def _counts(people: DataFrame, new: DataFrame, faces: int) -> Counts:
    states = {row["state"]: int(row["count"]) for row in people.groupBy("state").count().collect()}
    sizes = new.groupBy("group_id").count()
    row = sizes.agg(F.count("*"), F.sum("count"), F.min("count"), F.max("count")).collect()[0]
    groups, grouped, least, most = (int(value or 0) for value in row)
    return Counts(faces, sum(states.values()), states.get(KEPT, 0), states.get(TORN, 0), grouped, groups, least, most)
