"""Lakes named ``catalog.schema``: where they lie, and their tables and views made known to the catalog. Driver only."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyspark.sql import SparkSession

from jobs import stores
from jobs.errors import LakeMissingError
from jobs.lake import SparkLake
from jobs.tables import Tables
from schemas import READABLE, VIEW_COMMENTS, comments, views

_NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")
_TABLE = re.compile(rf"\b(FROM|JOIN) ({'|'.join(READABLE)})\b")


def is_catalog_name(lake: str) -> bool:
    """Return whether a lake is named ``catalog.schema``; a path that exists wins.

    Examples:
        >>> is_catalog_name("main.photos"), is_catalog_name("./main.photos")
        (True, False)
    """
    return bool(_NAME.fullmatch(lake)) and not Path(lake).exists()


def location(session: SparkSession, lake: str) -> str:
    """Return the normalised URI of a lake: its own, or where the catalog keeps the schema (made if it is not there)."""
    if is_catalog_name(lake):
        session.sql(f"CREATE SCHEMA IF NOT EXISTS {lake}")
    return found(session, lake)


def found(session: SparkSession, lake: str) -> str:
    """Return the normalised URI of a lake; nothing is made.

    Raises:
        LakeMissingError: there is no such schema.
    """
    if not is_catalog_name(lake):
        return stores.normalise(lake)
    if not session.catalog.databaseExists(lake):
        raise LakeMissingError(f"there is no folder {lake!r} and no schema of that name in the catalog")
    rows = session.sql(f"DESCRIBE SCHEMA EXTENDED {lake}").collect()
    where = next(row["info_value"] for row in rows if row["info_name"] == "Location")
    parts = urlsplit(where)
    return stores.normalise(unquote(parts.path) if parts.scheme == "file" else where)


def register(session: SparkSession, lake: str, tables: SparkLake) -> None:
    """Make a lake's tables, as far as they are there, and its views known to the catalog where it is named by one."""
    if not is_catalog_name(lake):
        return
    every = Tables(tables.uri, READABLE, tables.tables.storage)
    there = [name for name, table in READABLE.items() if Tables(every.uri, {name: table}, every.storage).exist()]
    for statement in statements(lake, {name: every.table_uri(name) for name in there}):
        session.sql(statement)


def statements(lake: str, places: dict[str, str]) -> list[str]:
    """Return the SQL that makes tables and views known, in words that a Hive metastore and Unity Catalog share.

    A view is made anew each time, since what it shows may have grown; a table follows its log by itself. Views over
    images are told whatever is there: who asks has made that table.

    Args:
        lake: ``catalog.schema``; with the name of a table that is the three-part name of Unity.
        places: table to its URI.

    Examples:
        >>> statements("main.photos", {"runs": "s3a://lake/runs"})[0]
        "CREATE TABLE IF NOT EXISTS main.photos.runs USING delta LOCATION 's3a://lake/runs'"
    """
    made = [f"CREATE TABLE IF NOT EXISTS {lake}.{name} USING delta LOCATION {_said(at)}" for name, at in places.items()]
    for name, sql in views("explode", {"images", *places}).items():
        columns = ", ".join(f"{column} COMMENT {_said(said)}" for column, said in comments(name).items())
        query = _TABLE.sub(rf"\1 {lake}.\2", sql)
        made.append(f"CREATE OR REPLACE VIEW {lake}.{name} ({columns}) COMMENT {_said(VIEW_COMMENTS[name])} AS {query}")
    return made


def _said(text: str) -> str:
    """Return a text as Spark's SQL writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
