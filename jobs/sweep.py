"""The end of an erasure in one table: the files and the log of what is no longer in it are removed.

Runs on the driver, without Spark. This is no VACUUM: VACUUM of zero hours also takes what another run is just writing,
and keeps the log, whose commits hold the least and greatest id of each file that ever was. Here only files are removed
that were there when the table was fenced or that this erasure wrote itself; then a checkpoint takes the place of
the log before it. Earlier versions of the table can no longer be read: they would hold what was erased.
"""

import base64
import io
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import obstore
import pyarrow.parquet as pq

from jobs import stores
from jobs.tables import Tables

APP = "erasure"
YOUNG = timedelta(days=1)
"""Of a table that no epoch fences, a file that no commit names may be a writer's who is still at work."""
LOG = "_delta_log/"
_CHANGES = "_change_data/"
_VERSION = re.compile(r"\.?(\d{20})\.")
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_UUID_CHARS = 20


@dataclass(frozen=True)
class Swept:
    """How much was removed of the tables' data; the log is not counted."""

    files: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        """Return both together."""
        return Swept(self.files + other.files, self.size_bytes + other.size_bytes)


@dataclass(frozen=True)
class Sweep:
    """What was in a table's folder before anything was erased from it.

    Attributes:
        tables: of the lake or the vault.
        name: the table.
        before: path below the table to size and time of all files.
        version: the newest version then.
        fenced: whether no earlier writer can commit any more, so that files which no commit names are nobody's.
    """

    tables: Tables
    name: str
    before: dict[str, tuple[int, datetime]]
    version: int
    fenced: bool

    @classmethod
    def begin(cls, tables: Tables, name: str, *, fenced: bool) -> "Sweep":
        """Look at a table; to be called after it is fenced and before a row is erased."""
        version = tables.open(name).version()
        return cls(tables, name, dict(_files(tables, name)), version, fenced)

    def end(self, epoch: int) -> Swept:
        """Remove what the table no longer has, its history with it; may be done again after any interruption.

        Args:
            epoch: of the erasure.

        Raises:
            LakeBusyError: if a later erasure is at work on this table.
        """
        # Spark wants a commit beside a checkpoint: one that says nothing.
        self.tables.append(self.name, self.tables.declared[self.name].arrow().empty_table(), APP, epoch)
        found = self.tables.open(self.name)
        found.create_checkpoint()
        last, store = found.version(), self._store()
        checkpoint = _read(store, f"{LOG}{last:020d}.checkpoint.parquet")
        live = set(named(pq.read_table(io.BytesIO(checkpoint), columns=["add"]).to_pylist()))
        now = dict(_files(self.tables, self.name))
        # What a run that came later has added since is in its own commits.
        live |= set(named(self._actions(store, now, last + 1, None)))
        gone = sorted(self._mine(store, now, last) - live)
        gone += [side for side in map(_beside, gone) if side in now]
        removed = Swept(len(gone), sum(now[path][0] for path in gone))
        remove(store, [*gone, *(path for path in now if _outdated(path, last))])
        return removed

    def _store(self) -> Any:
        return stores.open_store(self.tables.table_uri(self.name), self.tables.storage)

    def _mine(self, store: Any, now: dict[str, tuple[int, datetime]], last: int) -> set[str]:
        """Return the data files that may be removed where they are not live."""
        young = datetime.now(UTC) - YOUNG
        known = set(named(self._actions(store, now, None, last)))
        old = {
            path
            for path, (_, at) in self.before.items()
            if self.fenced or path in known or path.startswith(_CHANGES) or at < young
        }
        written = set(named(self._actions(store, now, self.version + 1, last)))
        return {path for path in old | written if path in now and is_data(path)}

    def _actions(
        self, store: Any, now: dict[str, tuple[int, datetime]], first: int | None, last: int | None
    ) -> Iterator[dict[str, Any]]:
        """Yield the actions of all commits from a version to another, as far as they are still there."""
        for path in sorted(now):
            version = version_of(path)
            if version is None or not path.endswith(".json") or path.rpartition("/")[2].startswith("."):
                continue
            if (first is None or version >= first) and (last is None or version <= last):
                yield from map(json.loads, _read(store, path).splitlines())


def named(actions: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the files that actions of a log name: data, changes, and deletion vectors.

    Examples:
        >>> list(named([{"add": {"path": "a%20b.parquet", "deletionVector": None}}, {"txn": {}}]))
        ['a b.parquet']
    """
    for action in actions:
        for kind in ("add", "remove", "cdc"):
            said = action.get(kind)
            if said and said.get("path"):
                yield unquote(said["path"])
                vector = said.get("deletionVector")
                if vector and vector["storageType"] == "u":
                    yield vector_path(vector["pathOrInlineDv"])


def vector_path(said: str) -> str:
    """Return where a deletion vector lies below its table: a prefix of its folder, then a UUID in Z85.

    Examples:
        >>> vector_path("ab^-aqEH.-t@S}K{vb[*k^")
        'ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin'
    """
    prefix, packed = said[:-_UUID_CHARS], said[-_UUID_CHARS:].encode()
    name = f"deletion_vector_{uuid.UUID(bytes=base64.b85decode(packed.translate(bytes.maketrans(_Z85, _B85))))}.bin"
    return f"{prefix}/{name}" if prefix else name


def version_of(path: str) -> int | None:
    """Return the version that a file of the log is of; none for what is no part of the log.

    Examples:
        >>> version_of("_delta_log/.00000000000000000012.json.crc"), version_of("_delta_log/_last_checkpoint")
        (12, None)
    """
    found = _VERSION.match(path.removeprefix(LOG)) if path.startswith(LOG) else None
    return int(found[1]) if found else None


def is_data(path: str) -> bool:
    """Return whether a file is one of rows, changes or deletions."""
    return not path.startswith(LOG) and path.endswith((".parquet", ".bin"))


def remove(store: Any, paths: list[str]) -> None:
    """Remove files, in order; those that are gone already are no matter."""
    for path in paths:
        try:
            obstore.delete(store, path)
        except FileNotFoundError:
            continue


def _outdated(path: str, last: int) -> bool:
    """Return whether a file of the log is of an earlier version; checksums may list all files that there were."""
    version = version_of(path)
    return version is not None and (version < last or (version == last and path.endswith(".crc")))


def _beside(path: str) -> str:
    """Return the checksum that Hadoop keeps beside a local file."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}.{name}.crc"


def _files(tables: Tables, name: str) -> Iterator[tuple[str, tuple[int, datetime]]]:
    store = stores.open_store(tables.table_uri(name), tables.storage)
    for some in obstore.list(store):
        for one in some:
            yield one["path"], (one["size"], one["last_modified"])


def _read(store: Any, path: str) -> bytes:
    return bytes(obstore.get(store, path).bytes())
