"""A driver that races another one: ``python -m tests.support.racing TABLE [LOG_STORE]``.

It says which log store it uses, and then does what lines on its standard input say, and answers each with yes or no:
``put N WORD`` writes version N of a log beside the table, as for a commit; ``append N WORD`` has Spark
append the row N.
"""

import sys
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import session

DEFAULT = "io.delta.storage.S3SingleDriverLogStore"
"""What Delta takes for ``s3a://`` where nobody says otherwise."""
KEY = "spark.delta.logStore.s3a.impl"


def put(spark: SparkSession, table: str, version: int, word: str) -> bool:
    """Write one version of a log through the log store alone; return whether it says that it did."""
    jvm: Any = spark._jvm
    conf = spark._jsparkSession.sessionState().newHadoopConf()
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    store = jvm.java.lang.Class.forName(spark.conf.get(KEY), True, loader)  # noqa: FBT003 - as Java has it
    made = store.getConstructors()[0].newInstance(_list(spark, conf))
    path = jvm.org.apache.hadoop.fs.Path(f"{table}-log/{version:020d}.json")
    lines = jvm.java.util.ArrayList()
    lines.add(word)
    try:
        made.write(path, lines.iterator(), False, conf)  # noqa: FBT003 - as Java has it
    except Py4JError as error:
        if "FileAlreadyExists" not in str(error):
            raise
        return False
    return True


def _list(spark: SparkSession, value: Any) -> Any:
    gateway: Any = spark.sparkContext._gateway
    array = gateway.new_array(spark._jvm.java.lang.Object, 1)
    array[0] = value
    return array


def append(spark: SparkSession, table: str, value: int, _word: str) -> bool:
    """Append one row in a commit of its own; return whether Spark says that it did."""
    try:
        row = spark.range(1).repartition(1).selectExpr(f"{value}L AS value")
        row.write.format("delta").mode("append").save(table)
    except (PySparkException, Py4JError):
        return False
    return True


def main(table: str, log_store: str = "") -> int:
    """Race."""
    told = [f"spark.conf.{KEY}={log_store}"] if log_store else []
    local = ["spark.master=local[1]", "spark.driver_memory=600m", "storage.path_style=true"]
    spark = session.create(load("local", [*local, *told]), Storage())
    sys.stdout.write(f"ready {spark.conf.get(KEY)}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        what, number, word = line.split()
        done = {"put": put, "append": append}[what](spark, table, int(number), word)
        sys.stdout.write("yes\n" if done else "no\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
