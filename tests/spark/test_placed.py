"""Lakes that are named by a catalog: found by commands that only read, and never made by them."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conf.settings import load
from jobs.errors import LakeMissingError
from jobs.options import Common
from jobs.placed import open_lake
from jobs.vault import KeySource
from tests.support import lakes

COMMON = Common(load(), None, KeySource())


def test_a_schema_that_is_missing_is_not_made(spark: SparkSession) -> None:
    """To look for a lake leaves no schema behind."""
    with pytest.raises(LakeMissingError, match="no schema of that name"):
        open_lake("spark_catalog.gone", COMMON)
    assert not spark.catalog.databaseExists("spark_catalog.gone")


def test_a_schema_is_opened_where_it_lies(spark: SparkSession, tmp_path: Path) -> None:
    """The catalog says where; its lake is read without Spark, and its vault lies beside it."""
    lake = lakes.make(tmp_path / "lake", [lakes.row("a")])
    lakes.make_vault(tmp_path / "lake.vault", ["a"])
    spark.sql(f"CREATE SCHEMA spark_catalog.pictures LOCATION '{lake.uri}'")
    try:
        placed = open_lake("spark_catalog.pictures", COMMON)
        assert placed.lake.uri == lake.uri
        assert placed.names() == {lakes.KEY.image_id("a"): "a"}
    finally:
        spark.sql("DROP SCHEMA spark_catalog.pictures")
