"""One local Spark for all tests of this folder: a JVM takes seconds to start, and a process has but one."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs import session
from jobs.jars import JarsError


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Return the session that jobs make with the local profile, on two cores."""
    settings = load(
        "local", ["spark.master=local[2]", "spark.driver_memory=1g", "spark.conf.spark.sql.shuffle.partitions=2"]
    )
    try:
        made = session.create(settings, Storage())
    except JarsError as error:
        pytest.fail(f"Spark needs its jars: {error}")
    yield made
    made.stop()
