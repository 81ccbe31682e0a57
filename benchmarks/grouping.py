"""Groups of k_same over generated templates: whole, disjoint, of at least k, and does the driver grow?

``python -m benchmarks.grouping`` draws the templates of 20,000 people with five faces each on executors and groups them
under a driver that may be sent 4 MiB by all tasks of a stage together (``spark.driver.maxResultSize``): were templates
collected, it would fail. What is checked is counted by Spark, so that no list of faces comes to the driver either.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.grouping.arrow import FACES
from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import session
from jobs.grouping import Grouping, group

SIZE = 128
NOISE = 0.4
"""Length of what a face differs from its person by: two of a person have a cosine of 0.86."""
THRESHOLD = 0.7
RESULT_BYTES = 4 << 20


@dataclass(frozen=True)
class Cosine:
    """Who recognises drawn templates."""

    def similarity(self, probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine of unit vectors, ``(n, m)``."""
        return np.asarray(probes @ gallery.T, np.float32)


@dataclass(frozen=True)
class Draw:
    """Executor: rows of ``arrow.FACES`` for people by their numbers, each from a generator of its own."""

    each: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the faces of one batch of people at a time."""
        for batch in batches:
            rows = []
            for person in batch.column(0).to_pylist():
                draw = np.random.default_rng(person)
                centre = draw.standard_normal(SIZE)
                faces = centre / np.linalg.norm(centre) + draw.standard_normal((self.each, SIZE)) * NOISE / SIZE**0.5
                faces /= np.linalg.norm(faces, axis=1, keepdims=True)
                stratum = ("front/plain", "front/wide", "left/all", "right/all")[person % 4]
                rows += [
                    {"face_id": f"{person:08d}-{i}", "template": face.astype(np.float32), "stratum": stratum}
                    for i, face in enumerate(faces)
                ]
            if rows:
                yield pa.RecordBatch.from_pylist(rows, FACES)


def measured(spark: SparkSession, people: int, each: int, k: int) -> dict[str, float]:
    """Return counts, seconds, and the driver's memory."""
    start = time.monotonic()
    faces = spark.range(people, numPartitions=8).mapInArrow(Draw(each), from_arrow_schema(FACES)).cache()
    found = group(faces, Grouping(k, Cosine(), THRESHOLD))
    seconds = time.monotonic() - start
    out = {**vars(found.counts), **_true(found.new), "seconds": round(seconds, 1)}
    out["driver_python_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    found.release()
    return out


def _true(new: DataFrame) -> dict[str, int]:
    """Return what is so of the people as they were drawn: who is in two groups, and the least of a group."""
    rows = new.select("group_id", F.explode("faces").alias("face")).withColumn("drawn", F.substring("face", 1, 8))
    once = rows.groupBy("face").count().where("count > 1").count()
    split = rows.groupBy("drawn").agg(F.count_distinct("group_id").alias("n")).where("n > 1").count()
    least = rows.groupBy("group_id").agg(F.count_distinct("drawn").alias("n")).agg(F.min("n")).collect()[0][0]
    return {"faces_twice": once, "drawn_in_two_groups": split, "drawn_least": int(least or 0)}


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, group, check; print one line of JSON; return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grouping", description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=20_000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--each", type=int, default=5, metavar="N", help="faces of a person (default: %(default)s)")
    parser.add_argument("--k", type=int, default=20, metavar="N", help="(default: %(default)s)")
    args = parser.parse_args(argv)
    settings = load("local", ["spark.driver_memory=1g", f"spark.conf.spark.driver.maxResultSize={RESULT_BYTES}"])
    spark = session.create(settings, Storage())
    found = measured(spark, args.people, args.each, args.k)
    spark.stop()
    sys.stdout.write(json.dumps({"k": args.k, **found}) + "\n")
    whole = found["grouped"] == found["people"] and not found["faces_twice"] and not found["drawn_in_two_groups"]
    return 0 if whole and min(found["least"], found["drawn_least"]) >= args.k else 1


if __name__ == "__main__":
    sys.exit(main())
