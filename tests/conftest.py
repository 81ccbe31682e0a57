"""What all tests share: property tests that are the same each time, and a Spark that forgets other modules' tables."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A busy machine is no failure of what they test; and whoever changes one line is not told of a rare case in another.
# FACEVEIL_SOAK=1 draws other cases each time.
settings.register_profile("the-same-each-time", deadline=None, derandomize=os.environ.get("FACEVEIL_SOAK") != "1")
settings.load_profile("the-same-each-time")


@pytest.fixture(scope="module", autouse=True)
def _tables_of_others_are_forgotten() -> Iterator[None]:
    """Let the JVM drop what it keeps of each Delta table, some megabytes of plans, once a module is done.

    A run opens a dozen tables; a process of tests hundreds, and its JVM then spends a third of its time on garbage.
    """
    yield
    if "pyspark" in sys.modules:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - unit tests do without Spark

        session = SparkSession.getActiveSession()
        if session is not None:
            session.catalog.clearCache()
            session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # Delta has no other way
