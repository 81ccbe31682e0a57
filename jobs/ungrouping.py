"""Erased images leave the groups of k_same: their faces' rows go, and no other row is named after one of them.

Runs on the driver. The means of a group stay: each is of k people or more, and names no image. The ledger of groups
gets an entry that says what is left of each run's rows before they are changed, so that an erasure cut off shows.
"""

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses

from jobs.groups import ERASED, Entry, GroupStore

_ID_HEX = 32


def leave(spark: SparkSession, store: GroupStore, ids: DataFrame) -> None:
    """Take images out of the groups; may be done again after any interruption.

    Args:
        spark: the session.
        store: of the vault.
        ids: one column, ``image_id``, each id once.

    Raises:
        LakeBusyError: somebody was put into groups at the same time.
    """
    store.tables.create()
    uri = store.tables.table_uri("members")
    rows = spark.read.format("delta").load(uri)
    gone = ids.select(F.col("image_id").alias("gone"))
    named = rows.join(gone, F.substring("person", 1, _ID_HEX) == F.col("gone"), "left_semi")
    theirs = rows.join(gone, F.col("image_id") == F.col("gone"), "left_semi")
    touched = [row["run_id"] for row in named.union(theirs).select("run_id").distinct().collect()]
    kept = rows.join(gone, F.col("image_id") == F.col("gone"), "left_anti")
    others = kept.join(gone, F.substring("person", 1, _ID_HEX) == F.col("gone"), "left_semi")
    names = others.groupBy("run_id", F.col("person").alias("before")).agg(F.min("face_id").alias("now")).cache()
    for run_id in sorted(touched):
        left = _renamed(kept, names).where(F.col("run_id") == F.lit(run_id))
        store.reseal(spark, Entry(run_id, 0, ERASED, 0, 0, left.count()), left)
    table = DeltaTable.forPath(spark, uri)
    same = "t.run_id = s.run_id AND t.person = s.before"
    table.alias("t").merge(names.alias("s"), same).whenMatchedUpdate(set={"person": "s.now"}).execute()
    table.alias("t").merge(ids.alias("s"), "t.image_id = s.image_id").whenMatchedDelete().execute()
    names.unpersist()


def _renamed(kept: DataFrame, names: DataFrame) -> DataFrame:
    both = kept.join(names.withColumnRenamed("before", "person"), ["run_id", "person"], "left")
    return both.withColumn("person", F.coalesce("now", "person")).drop("now")
