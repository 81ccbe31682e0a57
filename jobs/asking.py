"""Questions in SQL to a lake as it was at one moment, by an engine that starts in a moment. Driver only, no Spark.

The engine is DataFusion, as ``deltalake`` brings it (docs/developing.md says why). It could write files and read any;
so only statements that are queries by their first words reach it.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import DeltaError

from jobs import moments, stores
from jobs.errors import LakeError, LakeMissingError, UsageError
from jobs.lake import Lake
from jobs.moments import Moment
from jobs.parsing import nearest
from jobs.tables import Tables
from schemas import READABLE, views

CHANGES = "changes"
CHANGE_COLUMNS = {
    "_change_type": (pa.string(), "insert, update_preimage, update_postimage or delete"),
    "_commit_version": (pa.int64(), "The version of images that the change made"),
    "_commit_timestamp": (pa.timestamp("us"), "When it was made, in UTC"),
}
"""What the change feed says beside the columns of ``images``: type and comment."""
FIRST_WRITTEN_BY = {
    "metrics": "evaluate",
    "leaves": "anonymize",
    "decisions": "review",
    "releases": "release",
    "released": "release",
    "holdings": "release",
}
"""Which command makes a table that a new lake has not."""

_FIRST = ("SELECT", "WITH", "VALUES", "EXPLAIN", "DESCRIBE")
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_QUERY = re.compile(
    r"(?:EXPLAIN\s+(?:ANALYZE\s+|VERBOSE\s+)*)?(?:SELECT|WITH|VALUES)\b|\(|(?:DESCRIBE|DESC)\s+\w+\s*$", re.IGNORECASE
)
_NO_TABLE = re.compile(r"table '(?:[^'.]*\.){0,2}([^']*)' not found")
_NO_COLUMN = re.compile(r"No field named (\S+?)\.(?:\s|$)")
_PARSER = re.compile(r'ParserError\("(.*)"\)', re.DOTALL)
_WIDE = {"datafusion.execution.batch_size": "16", "datafusion.execution.target_partitions": "1"}
"""For results with whole images in them."""


def checked(statement: str) -> str:
    r"""Return a statement without its end mark if it only reads.

    Raises:
        UsageError: it is empty, or no query.

    Examples:
        >>> checked("-- how many\nSELECT COUNT(*) FROM images;")
        '-- how many\nSELECT COUNT(*) FROM images'
    """
    bare = statement.strip().removesuffix(";").rstrip()
    started = _COMMENTS.match(bare)
    words = bare[started.end() if started else 0 :]
    if not words:
        raise UsageError("expected a SQL statement, got nothing")
    if not _QUERY.match(words):
        raise UsageError(f"expected a query that only reads ({', '.join(_FIRST)}), got {_instead(words.split()[0])}")
    return bare


def _instead(word: str) -> str:
    """Return a first word that no query has, and what was meant where that can be guessed."""
    if word.lower() in {"show", "list", "tables"}:
        return f"{word!r}: 'faceveil sql LAKE --list' shows tables and columns"
    near = nearest(word.upper(), _FIRST, alike=0.8)  # DELETE is no misspelt SELECT
    return f"{word!r}; did you mean {near}?" if near else repr(word)


@dataclass
class Asked:
    """A lake's tables and views at one moment; a context manager, since the change feed is put down beside it.

    Attributes:
        lake: the lake.
        at: the moment; none is now.
        since: where the change feed begins; none is the first version that is kept.
        tables: the tables that were there, by name.
        views: the views that the tables of that moment can show.
        version: of ``images``.
    """

    lake: Lake
    at: Moment | None = None
    since: Moment | None = None
    tables: dict[str, DeltaTable] = field(init=False, default_factory=dict)
    views: dict[str, str] = field(init=False, default_factory=dict)
    version: int = field(init=False, default=0)
    _kept: dict[int, datetime] = field(init=False, default_factory=dict)
    _open: ExitStack = field(init=False, default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Open the tables.

        Raises:
            UsageError: nothing was there at that moment.
            LakeError: the tables cannot be read.
        """
        try:
            self._find()
        except stores.FAILURES as error:
            raise LakeError(f"the lake cannot be read: {stores.why(error)}") from error
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was put down."""
        self._open.close()

    def _find(self) -> None:
        every = Tables(self.lake.uri, READABLE, self.lake.tables.storage)
        for name in READABLE:
            try:
                self.tables[name] = every.open(name)
            except LakeMissingError:
                continue
        images = self.tables["images"]
        if self.at is not None:
            self._kept = moments.versions(images)
            self.version, time = self.at.of_images(self._kept)
            images.load_as_version(self.version)
            self.tables = {n: t for n, t in self.tables.items() if n == "images" or moments.as_of(t, time)}
        self.version = images.version()
        builder = self._builder({})
        for name, sql in views("unnest", self.tables).items():
            try:
                builder.execute(f"CREATE VIEW {name} AS {sql}")
            except DeltaError:  # an older lake, or moment, has fewer columns
                continue
            self.views[name] = sql

    def ask(self, statement: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Return the columns of an answer and its rows, a batch at a time, as they come.

        Raises:
            UsageError: the statement is no query, or names what is not there.
            LakeError: the query cannot be carried through.
        """
        sql = checked(statement)
        if re.search(rf"\b{CHANGES}\b", sql, re.IGNORECASE) and CHANGES not in self.tables:
            self.tables[CHANGES] = self._changes()
        try:
            schema, batches = self._run(sql, {})
            if any(map(holds_bytes, schema.types)):  # pictures: a few at a time
                return self._run(sql, _WIDE)
        except DeltaError as error:
            raise self.explained(str(error)) from None
        else:
            return schema, batches

    def _run(self, sql: str, config: dict[str, str]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        builder = self._builder(config)
        for name, view in self.views.items():
            builder.execute(f"CREATE VIEW {name} AS {view}")
        reader = builder.execute(sql)
        return pa.schema(reader.schema), self._rows(reader)

    def _rows(self, reader: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                yield pa.record_batch(batch)
        except Exception as error:  # noqa: BLE001 - as the next line says
            # The engine raises bare exceptions here; what it quotes is from the tables, or a path, and stays out.
            raise failed(str(error)) from None

    def _builder(self, config: dict[str, str]) -> QueryBuilder:
        builder = QueryBuilder(config or None)
        for name, table in self.tables.items():
            builder.register(name, table)
        return builder

    def _changes(self) -> DeltaTable:
        """Return the change feed of ``images``, without pictures, as a table in a folder that is ours alone."""
        images = self.tables["images"]
        kept = self._kept or moments.versions(images)
        first = min(kept) if self.since is None else self.since.of_images(kept)[0]
        columns = [name for name in columns_of(images) if name != "content"]
        folder = str(Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="faceveil-"))) / CHANGES)
        try:
            feed = images.load_cdf(first, self.version, columns=[*columns, *CHANGE_COLUMNS])
            write_deltalake(folder, pa.RecordBatchReader.from_stream(feed))
        except (DeltaError, *stores.FAILURES) as error:
            raise UsageError(
                f"the change feed cannot be read from version {first} on: files of it are gone, which an erasure and "
                "'faceveil maintain' see to; give a later --since"
            ) from error
        return DeltaTable(folder)

    def explained(self, said: str) -> UsageError:
        """Return what the engine said of a statement in our words, with the nearest name that is there."""
        known = [*self.tables, *self.views, *({CHANGES} - self.tables.keys())]
        if table := _NO_TABLE.search(said):
            hint = _nearest(table[1], known)
            if table[1] in FIRST_WRITTEN_BY:
                hint = f"the first 'faceveil {FIRST_WRITTEN_BY[table[1]]}' makes it; "
            return UsageError(f"no table or view {table[1]!r}; {hint}there are: {', '.join(known)}")
        if column := _NO_COLUMN.search(said):
            name = column[1].replace('"', "")
            columns = sorted({one for table in self.tables.values() for one in columns_of(table)})
            near = _nearest(name.rpartition(".")[2], columns)
            return UsageError(f"no column {name!r}; {near}'faceveil sql LAKE --list' shows all columns")
        if parser := _PARSER.search(said):
            return UsageError(f"that is no SQL: {parser[1]}")
        if "single SQL statement" in said:
            return UsageError("expected one statement, got several; ask one after the other")
        return UsageError(f"the statement cannot be carried out: {said.splitlines()[0]}")


def failed(said: str) -> LakeError:
    """Return what the engine said while it read in our words: neither values nor paths are quoted.

    Examples:
        >>> print(failed("External error: Arrow error: Cast error: Cannot cast string 'a' to value of Int32 type"))
        the query broke off: Cast error: Cannot cast string '...' to value of Int32 type
    """
    if "not found" in said or "No such file" in said:
        return LakeError(
            "files of that version are gone, which an erasure and 'faceveil maintain' see to; ask for a later one"
        )
    line = said.splitlines()[0].removeprefix("External error: ").removeprefix("Arrow error: ")
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", line)
    without_paths = re.sub(r"\S*/\S+", "...", bare)
    return LakeError(f"the query broke off: {without_paths}")


def _nearest(name: str, known: Sequence[str]) -> str:
    near = nearest(name.lower(), known)
    return f"did you mean {near!r}? " if near else ""


def columns_of(table: DeltaTable) -> dict[str, pa.DataType]:
    """Return a table's columns, in order, and their types."""
    return {one.name: one.type for one in pa.schema(table.schema().to_arrow())}


def holds_bytes(kind: pa.DataType) -> bool:
    """Return whether a column is of bytes, as pictures are."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))
