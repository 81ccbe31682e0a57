"""The faces of a lake as frames: to be read again, known from earlier groups, and added to these. Runs on the driver.

All of it is lazy; nothing of a face but its place and ids is in a plan.
"""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses

from anonymizer_udfs.grouping import arrow, reading
from anonymizer_udfs.records import LISTED
from anonymizer_udfs.steps import STEPS
from jobs.grouping import Groups
from jobs.groups import GroupStore
from jobs.lake import SparkLake
from jobs.vault import Vault

SAME_IOU = 0.3
"""A face is the one that was put into a group earlier where their boxes overlap by this much.

Another policy's detectors draw other boxes, and a face that is not known again would be put into a second group."""
CORNERS = ("x0", "y0", "x1", "y1")
MOVING = tuple(name for name, step in STEPS.items() if step.moves)
"""Steps after which a recorded box is not where the face is in the original: such images have no groups."""


def stills(lake: SparkLake) -> DataFrame:
    """Return rows of ``images`` whose places are those of their originals: stills that no step moved, with content."""
    images = lake.frame("images").where("frames = 1 AND status <> 'quarantined'")
    if "steps" in images.columns:  # else no run of today has written to it
        moving = " OR ".join(f"step LIKE '{name}%'" for name in MOVING)
        images = images.where(f"NOT exists(coalesce(steps, array()), step -> {moving})")
    return images


def listed(spark: SparkSession, vault: Vault) -> DataFrame:
    """Return where each version of an image was listed last: its ids, ``entry`` with the rest, and ``policy``.

    ``policy`` is that of its data set, null where it had the run's.
    """
    work = spark.read.format("delta").load(vault.tables.table_uri("work"))
    named = F.col("policy") if "policy" in work.columns else F.lit(None).cast("string")
    entry = F.struct(*(name for name in LISTED.names if name not in {"image_id", "content_version"}))
    newest = F.max_by(F.struct(entry.alias("entry"), named.alias("policy")), "epoch")
    return (
        work.groupBy("image_id", "content_version")
        .agg(newest.alias("newest"))
        .select("image_id", "content_version", "newest.entry", "newest.policy")
    )


def wanted(spark: SparkSession, lake: SparkLake, vault: Vault) -> DataFrame:
    """Return rows of ``reading.WANTED``: still images with faces, where the vault knows their originals.

    Boxes are looked for in the originals, so images that a step moved are left out.
    """
    images = stills(lake)
    numbered = F.transform(
        "faces",
        lambda face, i: F.struct(
            F.format_string("%s-%04d", F.col("image_id"), i).alias("face_id"),
            face["kind"].alias("kind"),
            face["box"].alias("box"),
            face["landmarks"].alias("landmarks"),
            face["detectors"].alias("detectors"),
            F.lit(None).cast("string").alias("person"),
            F.lit(None).cast("string").alias("group_id"),
        ),
    )
    faces = F.transform(
        F.filter(numbered, lambda face: face["kind"] == F.lit("face")), lambda face: face.dropFields("kind")
    )
    rows = images.select("image_id", "content_version", "source_digest", faces.alias("faces"))
    known = rows.where(F.size("faces") > 0).join(listed(spark, vault), ["image_id", "content_version"])
    return known.select("image_id", "content_version", "entry.*", "source_digest", "faces").select(
        *reading.WANTED.names
    )


def earlier(spark: SparkSession, listed: DataFrame, store: GroupStore) -> DataFrame:
    """Return ``face_id`` and ``group_id`` of faces that lie where a member of a group does.

    One that lies on members of two groups gets a name that is no group's: its person is in none.
    """
    members = store.frame(spark, "members").where("group_id <> ''")
    old = members.select("image_id", *(F.col(n).alias(f"m{n}") for n in CORNERS), "group_id")
    faces = listed.select("image_id", F.explode("faces").alias("face"))
    box = {name: F.col(f"face.box.{name}") for name in CORNERS}
    both = F.greatest(F.lit(0), F.least(box["x1"], "mx1") - F.greatest(box["x0"], "mx0")) * F.greatest(
        F.lit(0), F.least(box["y1"], "my1") - F.greatest(box["y0"], "my0")
    )
    one = (box["x1"] - box["x0"]) * (box["y1"] - box["y0"])
    other = (F.col("mx1") - F.col("mx0")) * (F.col("my1") - F.col("my0"))
    same = faces.join(old, "image_id").where(both >= F.lit(SAME_IOU) * (one + other - both))
    names = F.array_sort(F.collect_set("group_id"))
    return same.groupBy(F.col("face.face_id").alias("face_id")).agg(F.concat_ws("+", names).alias("group_id"))


def added(spark: SparkSession, store: GroupStore, found: Groups, known: DataFrame, new: DataFrame) -> DataFrame:
    """Return what is added: faces of new groups, new faces of known people, and faces that lose their group."""
    old = found.people.where(F.col("state") != F.lit(arrow.NEW))
    every = old.select("person", "state", "group_id", F.explode("faces").alias("face_id"))
    before = every.join(known.select("face_id"), "face_id", "left_semi")
    real = store.frame(spark, "surrogates").select("group_id")
    joining = (
        every.where(F.col("state") == F.lit(arrow.KEPT))
        .join(known.select("face_id"), "face_id", "left_anti")
        .join(real, "group_id", "left_semi")
    )
    lost = store.frame(spark, "members").where("group_id = ''").select("face_id")
    losing = before.where(F.col("state") == F.lit(arrow.TORN)).join(lost, "face_id", "left_anti")
    rows = new.select("face_id", "person", "group_id").unionByName(joining.select("face_id", "person", "group_id"))
    return rows.unionByName(losing.select("face_id", "person", F.lit("").alias("group_id")))
