"""List and open objects by canonical URI, the same way for local files and for stores.

Local files go through ``os`` with bytes, so that names that are no UTF-8 work; all else through ``pyarrow.fs``.
"""

import errno
import os
import secrets
import stat as modes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Self

from pyarrow import ArrowException
from pyarrow.fs import FileInfo, FileSelector, FileType, PyFileSystem

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources import foreign
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.sources.filesystems import filesystem
from anonymizer_udfs.sources.uris import child, local_path

_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_LASTING_CODES = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENXIO})
_BARE = "HTTP status 400"
_LASTING_WORDS = ("AWS Error ACCESS_DENIED", "AWS Error NO_SUCH_", "AWS Error INVALID_", "HTTP status 403")


@dataclass(frozen=True, slots=True)
class Info:
    """What a store says of one name: ``size_bytes`` -1 and ``modified_us`` 0 where it does not say."""

    uri: str = field(repr=False)
    is_folder: bool
    size_bytes: int = -1
    modified_us: int = 0
    etag: str = ""
    is_link: bool = False
    identity: tuple[int, int] = (0, 0)
    """Local folders: device and inode, which tell one folder under two names; else zeros."""


class Opened:
    """One open object, read by ranges from any number of threads; a context manager."""

    def __init__(
        self, handle: Any, size_bytes: int, read: Callable[[int, int], bytes], modified: Callable[[], int] = lambda: 0
    ) -> None:
        self.file: BinaryIO = handle
        self.size_bytes = size_bytes
        self._read = read
        self._modified = modified

    def modified_us(self) -> int:
        """Return when it was last written, in microseconds since 1970, as the store says now; 0 where it does not."""
        return self._modified()

    def read_at(self, start: int, length: int) -> bytes:
        """Return the bytes from ``start``; fewer than ``length`` only where the object ends."""
        parts: list[bytes] = []
        while length > 0:
            part = self._read(start, length)
            if not part:
                break
            parts.append(part)
            start, length = start + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the object."""
        self.file.close()


def open_object(uri: str, storage: Storage) -> Opened:
    """Open the object at canonical ``uri``.

    Raises:
        OSError: it is missing, forbidden, no regular file, or the store failed; may name it.
    """
    try:
        if uri.startswith("file://"):
            return _open_local(local_path(uri))
        store, path = filesystem(uri, storage)
        handle = store.open_input_file(path)
        return Opened(
            handle, handle.size(), lambda start, length: bytes(handle.read_at(length, start)), lambda: _said(handle)
        )
    except (ValueError, ArrowException) as error:  # a NUL or an empty part in the name: no store has such an object
        raise FileNotFoundError(errno.ENOENT, "no such object") from error


def _open_local(path: bytes) -> Opened:
    # Without O_NONBLOCK, opening a named pipe in a photo folder would wait for ever.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    facts = os.fstat(number)
    if not modes.S_ISREG(facts.st_mode):
        os.close(number)
        raise IsADirectoryError(errno.EISDIR, "not a regular file")
    return Opened(
        os.fdopen(number, "rb"),
        facts.st_size,
        lambda start, length: os.pread(number, length, start),
        lambda: os.fstat(number).st_mtime_ns // 1000,
    )


def _said(handle: Any) -> int:
    """Return what a store said of an object's time when it was opened: whole seconds, at no further request."""
    try:
        text = (handle.metadata() or {}).get("Last-Modified", b"").decode("ascii")
        return int(datetime.fromisoformat(text).timestamp()) * 1_000_000 if text else 0
    except (ValueError, ArrowException):
        return 0


def refuses_us(error: OSError, uri: str, storage: Storage) -> bool:
    """Tell whether a store refuses everything because credentials have expired, and not one object.

    To ask for an object's size is answered with a bare 400 then, as for some objects of their own; what surely is not
    there tells the two apart.
    """
    if "ExpiredToken" in str(error) or "EXPIRED_TOKEN" in str(error):
        return True
    if _BARE not in str(error):
        return False
    try:
        find(f"{uri}.{secrets.token_hex(8)}", storage)
    except OSError as second:
        return _BARE in str(second)
    return False


def find(uri: str, storage: Storage) -> Info | None:
    """Return what is at canonical ``uri``, or ``None`` where nothing is, or nothing that may be seen.

    Raises:
        OSError: the store failed.
        SourceError: no file system knows the scheme.
    """
    try:
        if uri.startswith("file://"):
            return _local_info(uri, local_path(uri))
        store, path = filesystem(uri, storage)
        if isinstance(store, PyFileSystem):
            facts = foreign.facts_of(store.handler.fs, path)
            return None if facts is None else _foreign_info(uri, facts)
        info = store.get_file_info(path)
    except (ValueError, ArrowException):
        return None
    except OSError as error:
        if is_lasting(error):
            return None
        raise
    return None if info.type == FileType.NotFound else _store_info(uri, info)


def children(folder: Info, storage: Storage) -> Iterator[Info]:
    """Yield what lies directly in a folder, sorted by the bytes of its name; memory grows with that one folder's names.

    A name that leads nowhere (a dangling link) has size -1; pipes, sockets and devices are left out.

    Raises:
        OSError: the folder cannot be listed.
    """
    if folder.uri.startswith("file://"):
        path = local_path(folder.uri)
        for name in sorted(os.listdir(path)):  # noqa: PTH208  # Path has no bytes
            full = os.path.join(path, name)  # noqa: PTH118  # Path has no bytes
            info = _local_info(child(folder.uri, name), full, missing_too=True)
            if info is not None:
                yield info
        return
    yield from _store_children(folder.uri, storage)


def is_lasting(error: OSError) -> bool:
    """Tell whether trying again is of no use."""
    text = str(error)
    return isinstance(error, _LASTING) or error.errno in _LASTING_CODES or any(word in text for word in _LASTING_WORDS)


def _local_info(uri: str, path: bytes, *, missing_too: bool = False) -> Info | None:
    try:
        facts = os.stat(path)  # noqa: PTH116  # Path has no bytes
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and not is_lasting(error):
            raise
        return Info(uri, is_folder=False) if missing_too else None
    identity, modified_us = (facts.st_dev, facts.st_ino), facts.st_mtime_ns // 1000
    if modes.S_ISDIR(facts.st_mode):
        link = os.path.islink(path)  # noqa: PTH114  # Path has no bytes
        return Info(uri, is_folder=True, modified_us=modified_us, is_link=link, identity=identity)
    if not modes.S_ISREG(facts.st_mode):
        return None
    return Info(uri, is_folder=False, size_bytes=facts.st_size, modified_us=modified_us)


def _store_info(uri: str, info: FileInfo) -> Info:
    modified_us = (info.mtime_ns or 0) // 1000
    size_bytes = -1 if info.size is None else info.size
    return Info(uri, info.type == FileType.Directory, size_bytes, modified_us)


def _foreign_info(uri: str, facts: dict[str, Any]) -> Info:
    size_bytes, modified_us = foreign.size_bytes(facts), foreign.modified_us(facts)
    return Info(uri, foreign.is_folder(facts), size_bytes, modified_us, foreign.etag(facts))


def _store_children(uri: str, storage: Storage) -> Iterator[Info]:
    store, path = filesystem(uri, storage)
    if isinstance(store, PyFileSystem):
        for name, facts in foreign.inside(store.handler.fs, path):
            yield _foreign_info(child(uri, name), facts)
        return
    try:
        found = store.get_file_info(FileSelector(path, recursive=False))
    except ArrowException as error:
        raise SourceError("a folder of the source cannot be listed: its name has an empty part") from error
    inner = path.rstrip("/") + "/"
    proper = [info for info in found if info.base_name and info.path.rstrip("/") != path.rstrip("/")]
    for info in sorted(proper, key=lambda i: (i.base_name.encode(), i.type == FileType.Directory)):
        yield _store_info(child(uri, info.base_name), info)
    if len(proper) == len(found):
        return
    # A key such as a//b: the store calls it a folder inside a of a's own name, and its client cannot open it.
    for info in store.get_file_info(FileSelector(path, recursive=True)):
        if info.type == FileType.File and info.path.startswith(inner + "/"):
            yield _store_info(child(uri, info.path.removeprefix(inner)), info)
