"""Lakes named ``catalog.schema``: where they lie, and their tables and views made known to the catalog. Driver only."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyspark.sql import SparkSession

from jobs import stores
from jobs.errors import LakeMissingError
from jobs.lake import SparkLake
from schemas import LAKE_TABLES, views

_NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")


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
    """Make a lake's tables and views known to the catalog where it is named by one."""
    if not is_catalog_name(lake):
        return
    for name in LAKE_TABLES:
        where = tables.tables.table_uri(name)
        session.sql(f"CREATE TABLE IF NOT EXISTS {lake}.{name} USING delta LOCATION '{where}'")
    for name, sql in views("explode").items():
        session.sql(f"CREATE OR REPLACE VIEW {lake}.{name} AS {sql.replace('FROM images', f'FROM {lake}.images')}")
