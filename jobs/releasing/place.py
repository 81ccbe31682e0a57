"""Where a release goes: a folder or a prefix of an object store, in which it becomes visible whole or not at all.

Runs on the driver. Everything is written below ``_part/`` first and then moved to where it belongs; the manifest comes
last, under a name that nobody else may have taken. Without its manifest a release is none.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore

from anonymizer_udfs.sources.base import Storage
from jobs import stores
from jobs.errors import JobError, UsageError

MANIFEST = "manifest.json"
PART = "_part/"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Stored:
    """A file of a release.

    Attributes:
        name: below the release's URI.
        sha256: of its content, in hexadecimal.
        size_bytes: of it.
    """

    name: str
    sha256: str
    size_bytes: int


class Place:
    """A new or empty folder of this machine, or a prefix of an object store with nothing below it.

    Args:
        uri: normalised.
        storage: how object stores are reached.

    Raises:
        UsageError: something is there already.
        JobError: it cannot be reached.
    """

    def __init__(self, uri: str, storage: Storage) -> None:
        self.uri = uri
        self._storage = storage
        if stores.is_local(uri) and Path(uri).exists() and not Path(uri).is_dir():
            raise UsageError("expected a new or empty folder to release into, got a file")
        with reached():
            self._check()
            self._store: Any = stores.open_store(uri, storage)

    def _check(self) -> None:
        """Refuse what is not empty; a local folder is looked at and not made."""
        if stores.is_local(self.uri):
            found = [one.name for one in Path(self.uri).iterdir()] if Path(self.uri).is_dir() else []
        else:
            some = next(iter(obstore.list(stores.open_store(self.uri, self._storage))), [])
            found = [one["path"].split("/")[0] for one in some]
        if MANIFEST in found:
            raise UsageError("a release lies there already, and none is ever written over; give another URI")
        if PART.rstrip("/") in found:
            raise UsageError("a release was cut off there, or is being written; remove it, or give another URI")
        if found:
            raise UsageError("the URI to release to is not empty; give a new one")

    def put(self, name: str, content: bytes | Path) -> Stored:
        """Write a file, not visible yet; one on disk passes in pieces."""
        with reached():
            obstore.put(self._store, PART + name, content)
        return stored(name, content)

    def publish(self, names: Iterable[str]) -> None:
        """Move files to where they belong; the release is still none, for want of its manifest."""
        with reached():
            for name in names:
                obstore.rename(self._store, PART + name, name)

    def seal(self, manifest: bytes) -> None:
        """Write the manifest: from here on there is a release.

        Raises:
            JobError: it cannot be written, or another release was sealed there meanwhile.
        """
        with reached():
            if stores.is_local(self.uri):
                _without_empty(Path(self.uri, PART))
            if not stores.create_once(self.uri, MANIFEST, manifest, self._storage):
                raise JobError("another release was written to the same URI meanwhile; this one is none, give another")


def stored(name: str, content: bytes | Path) -> Stored:
    """Return digest and size of a file."""
    if isinstance(content, bytes):
        return Stored(name, hashlib.sha256(content).hexdigest(), len(content))
    digest, size = hashlib.sha256(), 0
    with content.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Stored(name, digest.hexdigest(), size)


@contextlib.contextmanager
def scratch(suffix: str) -> Iterator[Path]:
    """Give a file of this machine for what is made before it is written; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="faceveil-release-") as folder:
        yield Path(folder, f"scratch{suffix}")


def _without_empty(folder: Path) -> None:
    """Remove a folder in which there is nothing but folders."""
    for one in sorted((p for p in folder.rglob("*") if p.is_dir()), key=lambda p: len(p.parts), reverse=True):
        one.rmdir()
    if folder.is_dir():
        folder.rmdir()


@contextlib.contextmanager
def reached() -> Iterator[None]:
    """Turn what a full disk or a store raises into one line that quotes no request."""
    try:
        yield
    except stores.FAILURES as error:
        raise JobError(f"the release cannot be written: {stores.why(error)}") from error
