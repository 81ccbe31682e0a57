"""Galleries of any size, as Spark stages: who is ahead of the right one, counted block by block on executors."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.evaluation.blocks import COMPARED, GALLERY, PROBE, STANDING, StandInGallery, ToFigures
from anonymizer_udfs.evaluation.sides import CLEAR, PARROT, RELEASED
from anonymizer_udfs.evidence import FIGURES, Figure
from anonymizer_udfs.recognition import Recognizer


@dataclass(frozen=True)
class Large:
    """An attack that compares templates and learns nothing, against all there are.

    Attributes:
        attack: the attacker's name.
        tier: what it knows.
        side: whose templates the gallery has.
    """

    attack: str
    tier: str
    side: str


LARGE = (Large("static", "T0", CLEAR), Large("parrot", "T1", PARROT))


def ranked(
    faces: DataFrame, recognizer: Recognizer, large: Large, tasks: int, told: ToFigures, *, itself: bool
) -> list[Figure]:
    """Return what an attack reaches in galleries of all sizes.

    Args:
        faces: ``person, number, views``.
        recognizer: by whose templates.
        large: the attack.
        tasks: blocks into which probes are cut; the gallery goes to each.
        told: makes figures of where the right ones stand.
        itself: each photo is compared with itself.
    """
    second = 1 if itself else 2
    released = F.element_at("views", F.lit(f"{RELEASED}.{recognizer.name}"))
    held = F.element_at("views", F.lit(f"{large.side}.{recognizer.name}"))
    gallery = faces.where(F.col("number") == second).select("person", held.alias("template")).dropna()
    mates = gallery.select("person", F.col("template").alias("mate"))
    probes = faces.where(F.col("number") == 1).select("person", released.alias("template")).dropna()
    mated = probes.join(mates, "person")
    if not itself:
        alone = faces.where(F.col("number") == 1).select("person", held.alias("template")).dropna()
        gallery = gallery.unionByName(alone.join(gallery.select("person"), "person", "left_anti"))
    standing = stood(mated, gallery, recognizer, tasks)
    rows = standing.repartition(1).mapInArrow(told, from_arrow_schema(FIGURES)).collect()
    return [Figure.from_row(row.asDict()) for row in rows]


def stood(probes: DataFrame, gallery: DataFrame, recognizer: Recognizer, tasks: int) -> DataFrame:
    """Return rows of ``blocks.STANDING``: where each probe's right one stands in the whole gallery.

    Args:
        probes: ``person, template, mate``.
        gallery: ``person, template``, each person once.
        recognizer: by whose measure.
        tasks: blocks of probes.
    """
    block = F.pmod(F.xxhash64("person"), F.lit(tasks)).cast("int")
    mine = _rows(probes, block, PROBE, F.col("mate"))
    every = F.explode(F.array(*(F.lit(number) for number in range(tasks))))
    theirs = _rows(gallery.withColumn("block", every), F.col("block"), GALLERY, F.lit(None).cast("binary"))
    placed = mine.unionByName(theirs).repartitionById(tasks, F.col("block")).sortWithinPartitions("role")
    return placed.mapInArrow(StandInGallery(recognizer), from_arrow_schema(STANDING))


def _rows(faces: DataFrame, block: Column, role: int, mate: Column) -> DataFrame:
    columns: Sequence[Column] = (
        block.alias("block"),
        F.lit(role).alias("role"),
        F.col("person"),
        F.col("template"),
        mate.alias("mate"),
    )
    return faces.select(*columns).select(*COMPARED.names)
