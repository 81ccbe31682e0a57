"""Members of an uncompressed tar archive: listed by their headers, read by one range each.

The header that precedes a member's data is read with it and compared, so that an archive written anew since the listing
gives ``changed`` and never the bytes of another image.
"""

import io
import math
import tarfile
from collections.abc import Iterator
from typing import Any, ClassVar, cast

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.folders import is_ignored, unique
from anonymizer_udfs.sources.stores import Opened, find, open_object
from anonymizer_udfs.sources.uris import encode

_BLOCK = tarfile.BLOCKSIZE
_AHEAD_BYTES = 256 * 1024
_MOST_US = 2**53
_HEADER_BYTES = 1024 * 1024
"""Most bytes of one extended header: names and times. ``tarfile`` would read whatever size such a header claims."""


class TarSource:
    """A ``.tar`` archive; compressed ones have no random access and are refused where sources are told apart."""

    ordered: ClassVar[bool] = False

    def __init__(self, storage: Storage, content_column: str | None = None) -> None:
        """Keep how to reach the store; members have no columns."""
        del content_column
        self._storage = storage

    def entries(self, uri: str, spec: SourceSpec) -> Iterator[Entry]:
        """Yield the archive's files in their order; see :class:`~anonymizer_udfs.sources.base.Source`.

        Folders and devices are no images. Links and sparse files are entries that end as ``unreadable``: their bytes
        are not at one place. Members of a reproducible archive have no time; the archive's own then stands in ``etag``.
        Memory grows with a digest for each member.
        """
        names: set[bytes] = set()
        whole = find(uri, spec.storage)
        with open_object(uri, spec.storage) as opened:
            for member in _headers(opened):
                plain = member.isreg() and not member.issparse()
                if not (plain or member.issparse() or member.islnk() or member.issym()) or is_ignored(member.name):
                    continue
                name = unique(encode(member.name), names)
                modified_us = _modified_us(member)
                start = member.offset_data if plain else -1
                size_bytes = member.size if plain else -1
                etag = "" if modified_us or whole is None else str(whole.modified_us)
                yield Entry(f"{uri}!{name}", "tar", uri, size_bytes, modified_us, etag, start)

    def fetch(self, entry: Entry, max_bytes: int) -> bytes:
        """Return a member's bytes by one range; see :class:`~anonymizer_udfs.sources.base.Source`."""
        if entry.start < _BLOCK:
            raise BadImageError(Reason.UNREADABLE)
        if entry.size_bytes > max_bytes:
            raise BadImageError(Reason.TOO_LARGE)
        with open_object(entry.container, self._storage) as opened:
            found = opened.read_at(entry.start - _BLOCK, _BLOCK + entry.size_bytes)
        try:
            member = tarfile.TarInfo.frombuf(found[:_BLOCK], "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            raise BadImageError(Reason.CHANGED) from None
        if not member.isreg() or member.size != entry.size_bytes:
            raise BadImageError(Reason.CHANGED)
        if len(found) != _BLOCK + entry.size_bytes:
            raise BadImageError(Reason.UNREADABLE)
        return found[_BLOCK:]

    def close(self) -> None:
        """Do nothing: no archive stays open."""


def _modified_us(member: tarfile.TarInfo) -> int:
    """Return microseconds since 1970; 0, unknown, for a time that is no number: extended headers hold it as text."""
    return min(max(int(member.mtime * 1_000_000), 0), _MOST_US) if math.isfinite(member.mtime) else 0


class _HeaderBytes(io.BufferedReader):
    """What ``tarfile`` reads headers from; it never reads members here."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, and refuse a header that claims to be larger than any is."""
        if size is None or not 0 <= size <= _HEADER_BYTES:
            raise tarfile.ReadError("too large a header")
        return super().read(size)


def _headers(opened: Opened) -> Iterator[tarfile.TarInfo]:
    """Yield all headers without keeping them, and refuse an archive that stops in the middle."""
    buffered = _HeaderBytes(cast("Any", opened.file), _AHEAD_BYTES)
    try:
        archive: Any = tarfile.open(fileobj=buffered, mode="r:", errors="surrogateescape", encoding="utf-8")  # noqa: SIM115  # the file is closed by its owner
        while (member := archive.next()) is not None:
            yield member
            # tarfile keeps every header: a million members would be a gigabyte.
            archive.members.clear()
    # tarfile calls itself for each extended header in a row: a file of nothing else goes beyond Python's stack.
    except (tarfile.TarError, EOFError, ValueError, OverflowError, UnicodeError, RecursionError):
        raise SourceError("expected a tar archive, found something else or one that is damaged") from None
    # tarfile stops in silence at a damaged header; a sound archive ends with zeros.
    rest = opened.read_at(archive.offset, _BLOCK)
    if any(rest):
        raise SourceError("the tar archive is damaged in the middle: what follows cannot be listed")
