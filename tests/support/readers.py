"""Readers of Delta that people open a lake with: what each finds in ``images``, in one form. No JVM, no network."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import deltalake
import duckdb
import duckdb_extension_delta
import polars as pl
import pyarrow as pa

Found = set[tuple[str, str | None, int]]
"""Of each row the id, the digest of the picture's bytes, and how many regions it has."""


def by_duckdb(table: Path) -> Found:
    """Return what DuckDB finds, with its extension from the wheel: nothing is downloaded."""
    (extension,) = Path(next(iter(duckdb_extension_delta.__path__))).rglob("delta.duckdb_extension")
    with duckdb.connect() as session:
        session.execute(f"LOAD '{extension}'")
        rows = session.execute("SELECT image_id, content, len(faces) FROM delta_scan(?)", [str(table)]).fetchall()
    return {(image_id, _digest(content), faces) for image_id, content, faces in rows}


def by_polars(table: Path) -> Found:
    """Return what Polars finds, lazily scanned."""
    columns = ("image_id", "content", pl.col("faces").list.len())
    rows = pl.scan_delta(str(table)).select(*columns).collect().rows()
    return {(image_id, _digest(content), faces) for image_id, content, faces in rows}


def by_deltalake(table: Path) -> Found:
    """Return what ``deltalake``'s query engine finds."""
    engine = deltalake.QueryBuilder().register("images", deltalake.DeltaTable(str(table)))
    rows = pa.table(engine.execute("SELECT image_id, content, faces FROM images").read_all()).to_pylist()
    return {(row["image_id"], _digest(row["content"]), len(row["faces"])) for row in rows}


READERS: dict[str, Callable[[Path], Found]] = {"duckdb": by_duckdb, "polars": by_polars, "deltalake": by_deltalake}


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
