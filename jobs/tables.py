"""Delta tables without Spark: made with exactly the features that all readers know, read, and appended to.

Runs on the driver. Tables of images are written by Spark (``jobs.lake``); small ones, such as the ledger, here.
"""

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Schema, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from anonymizer_udfs.sources.base import Storage
from jobs import deltalog, stores
from jobs.errors import LakeBusyError, LakeError, LakeMissingError, StoreError
from schemas import FEATURES, Table

_UPGRADE_TRIES = 5
_READER_FEATURES = ("deletionVectors",)
_STREAMED = {"datafusion.execution.batch_size": "1", "datafusion.execution.target_partitions": "1"}


@dataclass(frozen=True)
class Tables:
    """The tables below one URI.

    Attributes:
        uri: normalised URI of a lake or a vault.
        declared: the tables that belong there, by name.
        storage: how to reach object stores.
    """

    uri: str
    declared: dict[str, Table]
    storage: Storage = field(default_factory=Storage)

    def table_uri(self, name: str) -> str:
        """Return where one table lies."""
        return stores.child(self.uri, name)

    def log_uri(self, name: str) -> str:
        """Return where the Delta log of one table lies."""
        return stores.child(self.table_uri(name), deltalog.FOLDER)

    def exist(self) -> bool:
        """Return whether all tables are there."""
        return all(self._open(name) is not None for name in self.declared)

    def create(self) -> None:
        """Make the tables that are not there, and bring older ones to the schema of today. Safe among many drivers.

        The first commit is written here, since neither Spark nor ``deltalake`` can be told to use exactly these table
        features and all constraints in one atomic step.
        """
        for name, table in self.declared.items():
            present = self._open(name)
            if present is None:
                log = self.log_uri(name)
                stores.create_once(log, _commit_name(0), first_commit(table), self.storage)
            else:
                self._upgrade(table, present)

    def _upgrade(self, table: Table, present: DeltaTable) -> None:
        """Give a table of an older schema version the columns of today, in one commit that touches no data.

        Changes are additive: in rows written before, the new columns and fields are null.

        Raises:
            LakeBusyError: if others write to the table all the time.
            LakeError: if it was written by a newer faceveil.
        """
        for _ in range(_UPGRADE_TRIES):
            if _check_version(table, present) == table.version:
                return
            log = self.log_uri(table.name)
            stores.create_once(log, _commit_name(present.version() + 1), upgrade_commit(table, present), self.storage)
            present = self.open(table.name)
        raise LakeBusyError(f"table {table.name!r}: other runs write to it all the time; run again when they are done")

    def open(self, name: str) -> DeltaTable:
        """Return a table.

        Raises:
            LakeMissingError: if it is not there.
            LakeError: if it was written by a newer faceveil.
        """
        found = self._open(name)
        if found is None:
            raise LakeMissingError(f"no table {name!r} there: expected a folder that 'faceveil anonymize' wrote")
        _check_version(self.declared[name], found)
        return found

    def _open(self, name: str) -> DeltaTable | None:
        uri = self.table_uri(name)
        try:
            return DeltaTable(stores.delta_uri(uri), storage_options=stores.delta_options(uri, self.storage))
        except TableNotFoundError:
            return None

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table as it is: one that an older faceveil wrote has fewer of them."""
        return tuple(field.name for field in self.open(name).schema().fields)

    def versions(self) -> dict[str, int]:
        """Return the Delta version of each table."""
        return {name: self.open(name).version() for name in self.declared}

    def transaction(self, name: str, app_id: str) -> int:
        """Return the version of an application's last transaction on a table; 0 if it made none."""
        found = deltalog.last_transaction(self.log_uri(name), app_id, self.storage)
        return (self.open(name).transaction_version(app_id) or 0) if found is None else found

    def query(self, sql: str, **views: str) -> pa.Table:
        """Return the rows of a query over all tables.

        Args:
            sql: DataFusion SQL.
            views: name to SQL of further views that the query, and those that follow, may use.
        """
        return pa.table(self._builder({}).execute(_with(views, sql)).read_all())

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query one at a time, for columns of whole images: memory does not grow with the table.

        Rows come in the order of the table's files, so one version of a table always gives the same order.
        """
        for batch in self._builder(_STREAMED).execute(sql):
            yield pa.record_batch(batch)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query in batches, as they come: memory does not grow with the table."""
        for batch in self._builder({}).execute(sql):
            yield pa.record_batch(batch)

    def _builder(self, config: dict[str, str]) -> QueryBuilder:
        builder = QueryBuilder(config or None)
        for name in self.declared:
            builder = builder.register(name, self.open(name))
        return builder

    def append_rows(self, name: str, rows: Sequence[Mapping[str, Any]], app_id: str, version: int) -> None:
        """Append rows given as plain values, as :meth:`append` does; a column that a row lacks is null there."""
        self.append(name, pa.Table.from_pylist(list(rows), schema=self.declared[name].arrow()), app_id, version)

    def append(self, name: str, rows: pa.Table, app_id: str, version: int) -> None:
        """Append rows in one commit that succeeds only if no transaction of this or a later version is there.

        Raises:
            LakeBusyError: if another driver was first.
            StoreError: if the store failed; the rows may be there or not.
        """
        found = self.open(name)
        if (found.transaction_version(app_id) or 0) >= version:
            raise LakeBusyError(f"table {name!r}: another run wrote transaction {version} first; run again")
        commit = CommitProperties(app_transactions=[Transaction(app_id, version)])
        try:
            # Written onto the version that was looked at: Delta then refuses what came in between. By the URI it would
            # be opened once more, and two drivers could both write this transaction.
            write_deltalake(found, rows, mode="append", commit_properties=commit)
        except CommitFailedError as error:
            raise LakeBusyError(f"table {name!r}: another run wrote transaction {version} first; run again") from error
        except DeltaError as error:
            raise LakeError(f"table {name!r}: the rows were refused: {error}") from error
        except stores.FAILURES as error:
            raise StoreError(f"table {name!r} cannot be written: {stores.why(error)}") from error


def _with(views: dict[str, str], sql: str) -> str:
    """Return a query with views in front of it, whether or not it begins with some of its own."""
    if not views:
        return sql
    ours = ", ".join(f"{name} AS ({view})" for name, view in views.items())
    own = re.match(r"\s*WITH\s", sql, re.IGNORECASE)
    return f"WITH {ours}, {sql[own.end() :]}" if own else f"WITH {ours} {sql}"


def first_commit(table: Table) -> bytes:
    """Return the content of a table's version 0, as the Delta protocol lays it down."""
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": list(_READER_FEATURES),
        "writerFeatures": list(FEATURES),
    }
    now = int(time.time() * 1000)
    return _commit("CREATE TABLE", now, {"protocol": protocol}, {"metaData": _metadata(table, str(uuid.uuid4()), now)})


def upgrade_commit(table: Table, present: DeltaTable) -> bytes:
    """Return the content of a commit that gives a table the schema and the properties of today."""
    was, now = present.metadata(), int(time.time() * 1000)
    return _commit("UPGRADE SCHEMA", now, {"metaData": _metadata(table, str(was.id), was.created_time or now)})


def _commit_name(version: int) -> str:
    return f"{version:020d}.json"


def _metadata(table: Table, table_id: str, created_ms: int) -> dict[str, Any]:
    return {
        "id": table_id,
        "name": table.name,
        "description": table.comment,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": Schema.from_arrow(table.arrow()).to_json(),
        "partitionColumns": [],
        "configuration": table.properties(),
        "createdTime": created_ms,
    }


def _commit(operation: str, now_ms: int, *actions: dict[str, Any]) -> bytes:
    info = {"timestamp": now_ms, "operation": operation, "operationParameters": {}, "engineInfo": "faceveil"}
    return "".join(json.dumps(line) + "\n" for line in ({"commitInfo": info}, *actions)).encode()


def _check_version(table: Table, found: DeltaTable) -> int:
    """Return a table's schema version, or raise :class:`LakeError` where it cannot be worked with."""
    came = int(found.metadata().configuration.get("faceveil.schemaVersion", 0))
    if came > table.version:
        raise LakeError(
            f"table {table.name!r} has schema version {came}, this faceveil knows {table.version}: install a newer one"
        )
    if came < 1:
        raise LakeError(f"table {table.name!r} was not made by faceveil; give another folder")
    return came
