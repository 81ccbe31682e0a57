"""A small file that is only changed by whoever has seen its newest version, among any number of drivers.

Runs on the driver. In an object store a change is a put on condition of the etag that was read. A disk has no such
thing: there each version is a file of its own, made on condition that there is none of its number.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError

from anonymizer_udfs.sources.base import Storage
from jobs import stores

_NEVER_AN_ETAG = '"00000000000000000000000000000000"'


@dataclass(frozen=True)
class Version:
    """What a record says, and what tells this version from every other one.

    Attributes:
        mark: etag or number.
        content: the bytes.
    """

    mark: str
    content: bytes


class Record(Protocol):
    """One record; both methods raise :data:`jobs.stores.FAILURES` where the store fails."""

    def read(self) -> Version | None:
        """Return the newest version, or ``None`` where there is none."""
        ...

    def swap(self, content: bytes, seen: Version | None) -> Version | None:
        """Put a new version in place of the one that was seen, and return it; ``None`` where another was first.

        Args:
            content: no version before may have had the same bytes.
            seen: what :meth:`read` or :meth:`swap` gave last; none: there must be no version yet.
        """
        ...


def open_record(uri: str, name: str, storage: Storage, patience_s: float) -> Record:
    """Return the record of a name below a lake or vault.

    Args:
        uri: normalised.
        name: of the record; a folder of this name is made.
        storage: how to reach object stores.
        patience_s: for so many seconds a request to a store is tried again.
    """
    folder = stores.child(uri, name)
    if stores.is_local(uri):
        return _Files(Path(folder), storage)
    return _Object(stores.open_store(folder, storage, patience_s))


class _Files:
    """A record on a disk: numbered files, of which the highest counts."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self._folder, self._storage = folder, storage

    def read(self) -> Version | None:
        while (number := self._newest()) is not None:
            with contextlib.suppress(FileNotFoundError):  # a newer one has come, and this one is gone
                return Version(str(number), (self._folder / _name(number)).read_bytes())
        return None

    def swap(self, content: bytes, seen: Version | None) -> Version | None:
        number = int(seen.mark) + 1 if seen else 1
        mine = self._folder / _name(number)
        if not stores.create_once(str(self._folder), mine.name, content, self._storage):
            return None
        newest = self._newest()
        if newest is not None and newest > number:
            # Written into a gap: others have gone on since, and removed what they left behind.
            mine.unlink(missing_ok=True)
            return None
        for old in self._numbers():
            if old < number:
                (self._folder / _name(old)).unlink(missing_ok=True)
        return Version(str(number), content)

    def _newest(self) -> int | None:
        return max(self._numbers(), default=None)

    def _numbers(self) -> list[int]:
        names = os.listdir(self._folder) if self._folder.is_dir() else []  # noqa: PTH208 - names are all that is asked
        return [int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdecimal()]


def _name(number: int) -> str:
    return f"{number:020d}.json"


class _Object:
    """A record in an object store: one object, changed on condition of its etag."""

    _NAME = "now.json"

    def __init__(self, store: Any) -> None:
        self._store = store
        self._checked = False

    def read(self) -> Version | None:
        try:
            found = obstore.get(self._store, self._NAME)
        except (FileNotFoundError, NotFoundError):
            return None
        return Version(str(found.meta["e_tag"]), bytes(found.bytes()))

    def swap(self, content: bytes, seen: Version | None) -> Version | None:
        for wait_s in stores.WAITS_S:
            try:
                return self._put(content, seen)
            except BaseError:
                # The client itself tries no conditional put again that broke off: it may have been heard.
                time.sleep(wait_s)
        return self._put(content, seen)

    def _put(self, content: bytes, seen: Version | None) -> Version | None:
        if seen is not None and not self._checked:
            self._check(content)
        try:
            put = obstore.put(self._store, self._NAME, content, mode={"e_tag": seen.mark} if seen else "create")
        except (AlreadyExistsError, PreconditionError):
            # Where the answer to a put was lost and it was put again, what is there is ours.
            now = self.read()
            return now if now is not None and now.content == content else None
        return Version(str(put["e_tag"]), content)

    def _check(self, content: bytes) -> None:
        """Refuse a server that heeds no conditions: on it two runs would both be told that they were first.

        Raises:
            OSError: it took a put on condition of an etag that no object has.
        """
        with contextlib.suppress(AlreadyExistsError, PreconditionError, FileNotFoundError, NotFoundError):
            obstore.put(self._store, "none.json", content, mode={"e_tag": _NEVER_AN_ETAG})
            raise OSError(0, "the S3 server ignores conditions on puts (If-Match); use one that heeds them")
        self._checked = True
