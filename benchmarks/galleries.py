"""A gallery of 100,000 templates against as many probes: what Spark's blocks cost over one NumPy product of that size.

``python -m benchmarks.galleries`` draws two templates of each person on executors and counts who of the gallery is
ahead of the right one (``jobs.galleries``), under a driver that may be sent 4 MiB by all tasks of a stage together. The
yardstick is NumPy's product of the same two matrices, block by block and thrown away, in as many processes as Spark has
cores. Workers' memory is looked at once a second: it is that of the probes and one batch, whatever the gallery.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core a worker, as the jobs have it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.evaluation.blocks import ToFigures
from anonymizer_udfs.evidence import FIGURES, Figure
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import galleries, session

SIZE = 128
NOISE = 2.2
"""Of a photo, where people differ by 1: seven in ten are found first among 100,000."""
RESULT_BYTES = 4 << 20
_BLOCK = 2_000
DRAWN = pa.schema([("person", pa.string()), ("template", pa.binary()), ("mate", pa.binary())])


@dataclass(frozen=True)
class Draw:
    """Executor: two templates of each person, each from a generator of its own."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield rows of :data:`DRAWN`."""
        for batch in batches:
            rows = []
            for person in batch.column(0).to_pylist():
                draw = np.random.default_rng(person)
                clear = draw.standard_normal(SIZE).astype(np.float32)
                released = (clear + NOISE * draw.standard_normal(SIZE)).astype(np.float32)
                rows.append({"person": f"{person:08d}", "template": released.tobytes(), "mate": clear.tobytes()})
            if rows:
                yield pa.RecordBatch.from_pylist(rows, DRAWN)


def product(shape: tuple[int, int]) -> float:
    """Return the seconds of one NumPy product, in blocks that are thrown away."""
    rows, columns = shape
    draw = np.random.default_rng(0)
    left, right = (draw.standard_normal((n, SIZE)).astype(np.float32) for n in (rows, columns))
    start = time.monotonic()
    for at in range(0, rows, _BLOCK):
        for other in range(0, columns, _BLOCK):
            left[at : at + _BLOCK] @ right[other : other + _BLOCK].T
    return time.monotonic() - start


def measured(people: int, cores: int) -> dict[str, Any]:
    """Return seconds of both, and what was found."""
    with ProcessPoolExecutor(cores) as pool:
        numpy_seconds = max(pool.map(product, [(people // cores, people)] * cores))
    options = [f"spark.master=local[{cores}]", f"spark.conf.spark.driver.maxResultSize={RESULT_BYTES}"]
    spark = session.create(load("local", options), Storage())
    try:
        drawn = spark.range(people, numPartitions=2 * cores).mapInArrow(Draw(), from_arrow_schema(DRAWN)).cache()
        drawn.count()
        gallery = drawn.select("person", F.col("mate").alias("template"))
        start = time.monotonic()
        standing = galleries.stood(drawn, gallery, DlibResnet(), cores)
        told = ToFigures((("attack", "static"),), 0, 0.95)
        rows = standing.repartition(1).mapInArrow(told, from_arrow_schema(FIGURES)).collect()
        seconds = time.monotonic() - start
    finally:
        spark.stop()
    figures = [Figure.from_row(row.asDict()) for row in rows]
    return {
        "people": people,
        "cores": cores,
        "numpy_seconds": round(numpy_seconds, 1),
        "seconds": round(seconds, 1),
        "to_numpy": round(seconds / numpy_seconds, 2),
        "rank1": {one.of("gallery"): one.value for one in figures if one.name == "rank1"},
        "driver_python_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "worker_python_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0 where it takes at most three times as long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000, metavar="N")
    parser.add_argument("--cores", type=int, default=2, metavar="N")
    args = parser.parse_args(argv)
    found = measured(args.people, args.cores)
    print(json.dumps(found, indent=2))
    return 0 if found["to_numpy"] <= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
