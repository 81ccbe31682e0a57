"""Lakes that are named by a catalog: found by commands that only read, and never made by them."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conf.settings import load
from jobs import catalog, release
from jobs.asking import Asked
from jobs.errors import LakeMissingError
from jobs.lake import SparkLake
from jobs.options import Common
from jobs.placed import open_lake
from jobs.vault import KeySource
from schemas import VIEWS, comments
from tests.support import evaluated_lakes, lakes

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


def test_a_catalog_knows_the_lakes_tables_and_views(spark: SparkSession, tmp_path: Path) -> None:
    """Nobody needs a path: tables that are there, and views with their comments; told twice is told once."""
    lake = evaluated_lakes.make(tmp_path / "o'lake", evaluated_lakes.good())
    assert release.main([lake.uri, str(tmp_path / "v1"), "--name", "v1"]) == 0
    spark.sql("CREATE SCHEMA spark_catalog.analysts")
    try:
        for _ in range(2):
            catalog.register(spark, "spark_catalog.analysts", SparkLake(lake.uri, spark))
        names = {row["tableName"] for row in spark.sql("SHOW TABLES IN spark_catalog.analysts").collect()}
        assert names == {"images", "runs", "metrics", "releases", "released", *VIEWS}
        with Asked(lake) as asked:
            for name in sorted(names):
                _, rows = asked.ask(f"SELECT * FROM {name}")  # noqa: S608 - names of ours
                mine = spark.table(f"spark_catalog.analysts.{name}").count()
                assert mine == sum(batch.num_rows for batch in rows), name
        for name in ("faces", "holdings"):
            told = spark.sql(f"DESCRIBE TABLE spark_catalog.analysts.{name}").collect()
            assert {row["col_name"]: row["comment"] for row in told} == comments(name)
    finally:
        spark.sql("DROP SCHEMA spark_catalog.analysts CASCADE")
