"""The Delta logs of a lake: which commits no run made, whether tables are as declared, and whether files are there."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler

from jobs import deltalog, stores
from jobs.lake import BATCH_BITS
from jobs.tables import Tables
from jobs.verifying.finding import Finding, Kind

_FILES = ("add", "remove", "cdc")

Known = Callable[[int], bool]
"""Says whether a transaction of this number is a run's."""


def by_epoch(numbers: Collection[int]) -> Known:
    """Return what knows transactions that carry the number of an event and a batch."""
    return lambda version: version >> BATCH_BITS in numbers


def by_number(numbers: Collection[int]) -> Known:
    """Return what knows transactions that are numbers of events."""
    return lambda version: version in numbers


def _nobodys(_: int) -> bool:
    return False


def files_of(tables: Tables, name: str) -> pafs.FileSystem:
    """Return the file system whose root is a table's folder."""
    uri = tables.table_uri(name)
    options = stores.delta_options(uri, tables.storage)
    return pafs.PyFileSystem(DeltaStorageHandler(stores.delta_uri(uri), options or None))


def check(tables: Tables, name: str, known: Mapping[str, Known]) -> Iterator[Finding]:
    """Yield what does not hold of one table: its commits, its declaration, its files.

    Args:
        tables: where it is.
        name: of the table.
        known: of each application that makes transactions on it, whether the number of one is a run's.
    """
    table = tables.open(name)
    files = files_of(tables, name)
    yield from _commits(files, name, known)
    yield from _declared(table, tables, name)
    yield from _present(table, files, name)


def _commits(files: pafs.FileSystem, name: str, known: Mapping[str, Known]) -> Iterator[Finding]:
    listed = files.get_file_info(pafs.FileSelector(deltalog.FOLDER))
    paths = {int(found[1]): one.path for one in listed if (found := deltalog.COMMIT.fullmatch(one.base_name))}
    expected = min(paths, default=0)
    for version in sorted(paths):
        if version != expected:
            yield Finding(Kind.COMMIT, f"table {name!r}: versions {expected} to {version - 1} are not in its log")
        expected = version + 1
        with files.open_input_stream(paths[version]) as opened:
            text = opened.read()
        try:
            actions = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            yield Finding(Kind.COMMIT, f"version {version} of table {name!r} is no commit: its log entry was changed")
            continue
        why = _stranger(actions, known)
        if why:
            yield Finding(Kind.COMMIT, f"version {version} of table {name!r} was written by no run: {why}")


def _stranger(actions: list[dict[str, Any]], known: Mapping[str, Known]) -> str:
    """Return why a commit is no run's; nothing where it is one, or changes no row."""
    named = [one["txn"] for one in actions if "txn" in one]
    operation = next((str(one["commitInfo"].get("operation")) for one in actions if "commitInfo" in one), "unnamed")
    if named:
        strange = [one for one in named if not known.get(one["appId"], _nobodys)(int(one["version"]))]
        return f"{operation}, under a transaction that the ledger does not know" if strange else ""
    changing = any(one[kind].get("dataChange", True) for one in actions for kind in _FILES if kind in one)
    return f"{operation}, under no transaction" if changing else ""


def _declared(table: DeltaTable, tables: Tables, name: str) -> Iterator[Finding]:
    """Yield where constraints and properties are not those of the table's schema version, or columns are strange."""
    said, declared = table.metadata().configuration, tables.declared[name]
    older = int(said.get("faceveil.schemaVersion", 0)) < declared.version
    wanted = declared.properties()
    different = sorted(key for key in {*said, *wanted} if said.get(key) != wanted.get(key))
    if older:  # an older faceveil's had fewer columns and other statistics, and the same constraints
        different = [key for key in different if key.startswith("delta.constraints.") or key == "delta.appendOnly"]
    if different:
        yield Finding(Kind.TABLE, f"table {name!r}: what it checks and keeps was changed: {', '.join(different)}")
    strange = [one.name for one in table.schema().fields if one.name not in declared.arrow().names]
    if strange:
        yield Finding(Kind.TABLE, f"table {name!r} has columns that no run made: {', '.join(strange)}")


def _present(table: DeltaTable, files: pafs.FileSystem, name: str) -> Iterator[Finding]:
    for path, size in live(table):
        found = files.get_file_info(path)
        if found.type is not pafs.FileType.File:
            yield Finding(Kind.FILE, f"table {name!r}: file {path} is gone")
        elif found.size != size:
            yield Finding(Kind.FILE, f"table {name!r}: file {path} has {found.size} bytes, {size} were written")


def live(table: DeltaTable) -> list[tuple[str, int]]:
    """Return path and size of the files that a table's version consists of."""
    found = pa.table(table.get_add_actions(flatten=True))
    return list(zip(found.column("path").to_pylist(), found.column("size_bytes").to_pylist(), strict=True))
