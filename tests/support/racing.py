"""A driver that races another one: ``python -m tests.support.racing TABLE NUMBER COMMITS [LOG_STORE]``.

It appends ``COMMITS`` rows to a Delta table, each in a commit of its own and as fast as it can, and writes the values
of those that Spark said were committed, one a line. It says which log store it uses, and begins when a line comes in,
so that two begin together.
"""

import sys

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import session

DEFAULT = "io.delta.storage.S3SingleDriverLogStore"
"""What Delta takes for ``s3a://`` where nobody says otherwise."""
KEY = "spark.delta.logStore.s3a.impl"


def main(table: str, number: str, commits: str, log_store: str = "") -> int:
    """Race."""
    told = [f"spark.conf.{KEY}={log_store}"] if log_store else []
    local = ["spark.master=local[1]", "spark.driver_memory=600m", "storage.path_style=true"]
    spark = session.create(load("local", [*local, *told]), Storage())
    rows = spark.range(1).repartition(1)
    rows.count()
    sys.stdout.write(f"ready {spark.conf.get(KEY)}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for turn in range(int(commits)):
        value = int(number) * 1000 + turn
        try:
            rows.selectExpr(f"{value}L AS value").write.format("delta").mode("append").save(table)
        except (PySparkException, Py4JError) as error:
            sys.stderr.write(f"{value}: {str(error).splitlines()[0]}\n")
            continue
        sys.stdout.write(f"{value}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
