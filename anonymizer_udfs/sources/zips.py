"""Members of a zip archive: listed from its central directory, read by one range each.

The listing keeps where a member's local header is and how long its compressed data; so a worker needs no central
directory, and threads share nothing.
"""

import io
import struct
import zipfile
import zlib
from calendar import timegm
from collections.abc import Iterator
from typing import Any, ClassVar, cast

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.folders import is_ignored, unique
from anonymizer_udfs.sources.stores import Opened, open_object
from anonymizer_udfs.sources.uris import encode

_AHEAD_BYTES = 256 * 1024
_LOCAL = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_NAMES_BYTES = 512
_ENCRYPTED = 0x1 | 0x40
_STREAMED = 0x8
_SLACK_BYTES = 64 * 1024


class ZipSource:
    """A ``.zip`` archive whose members are stored or deflated; other methods and encryption end as ``unreadable``."""

    ordered: ClassVar[bool] = False

    def __init__(self, storage: Storage, content_column: str | None = None) -> None:
        """Keep how to reach the store; members have no columns."""
        del content_column
        self._storage = storage

    def entries(self, uri: str, spec: SourceSpec) -> Iterator[Entry]:
        """Yield the archive's files in their order; see :class:`~anonymizer_udfs.sources.base.Source`.

        Memory grows with the central directory, about a kilobyte a member. Times in a zip have no zone: taken as UTC.
        """
        names: set[bytes] = set()
        with open_object(uri, spec.storage) as opened:
            try:
                archive = zipfile.ZipFile(io.BufferedReader(cast("Any", opened.file), _AHEAD_BYTES))
            except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError):
                raise SourceError("expected a zip archive, found something else or one that is damaged") from None
            for member in archive.infolist():
                if member.filename.endswith("/") or is_ignored(member.filename):
                    continue
                name = unique(encode(member.filename), names)
                etag, where = f"{member.CRC:08x}", (member.header_offset, member.compress_size)
                yield Entry(f"{uri}!{name}", "zip", uri, member.file_size, _modified_us(member), etag, *where)

    def fetch(self, entry: Entry, max_bytes: int) -> bytes:
        """Return a member's bytes; see :class:`~anonymizer_udfs.sources.base.Source`.

        Never makes more than the listed size plus one byte, whatever the compressed data would expand to.
        """
        if entry.start < 0:
            raise BadImageError(Reason.UNREADABLE)
        if entry.size_bytes > max_bytes or entry.index > max_bytes + _SLACK_BYTES:
            raise BadImageError(Reason.TOO_LARGE)
        with open_object(entry.container, self._storage) as opened:
            method, packed = _member(opened, entry)
        content = _unpacked(method, packed, entry.size_bytes)
        if len(content) != entry.size_bytes or f"{zlib.crc32(content):08x}" != entry.etag:
            raise BadImageError(Reason.UNREADABLE)
        return content

    def close(self) -> None:
        """Do nothing: no archive stays open."""


def _modified_us(member: zipfile.ZipInfo) -> int:
    """Return microseconds since 1970; months and days that no calendar has count on, as zip writers leave zeros."""
    year, month, day, hour, minute, second = member.date_time
    years, month = divmod(max(month, 1) - 1, 12)  # four bits: up to 15
    return max(timegm((year + years, month + 1, max(day, 1), hour, minute, second)), 0) * 1_000_000


def _member(opened: Opened, entry: Entry) -> tuple[int, bytes]:
    """Return the compression method and the compressed bytes."""
    found = opened.read_at(entry.start, _LOCAL.size + _NAMES_BYTES + entry.index)
    if len(found) < _LOCAL.size:
        raise BadImageError(Reason.CHANGED)
    signature, _, flags, method, _, _, crc, _, _, name_bytes, extra_bytes = _LOCAL.unpack_from(found)
    # A member written as a stream has its CRC behind the data; that one is compared with the content alone.
    if signature != _SIGNATURE or not (flags & _STREAMED or f"{crc:08x}" == entry.etag):
        raise BadImageError(Reason.CHANGED)
    if flags & _ENCRYPTED:
        raise BadImageError(Reason.UNREADABLE)
    start = _LOCAL.size + name_bytes + extra_bytes
    missing = start + entry.index - len(found)
    if missing > 0:
        found += opened.read_at(entry.start + len(found), missing)
    return method, found[start : start + entry.index]


def _unpacked(method: int, packed: bytes, size_bytes: int) -> bytes:
    """Return at most ``size_bytes`` plus one bytes."""
    if method == zipfile.ZIP_STORED:
        return packed
    if method != zipfile.ZIP_DEFLATED:
        raise BadImageError(Reason.UNREADABLE)
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size_bytes + 1)
    except zlib.error:
        raise BadImageError(Reason.UNREADABLE) from None
