"""TIFF directories: read with every offset checked, and built anew. Exif is such a directory too.

Reading is lazy: an entry knows where its value lies, and the value of a tag that nobody asks for is never touched.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from anonymizer_udfs.outcome import BadImageError, Reason

ORIENTATION = 274
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_WHOLE = {BYTE: "B", SHORT: "H", LONG: "I", 13: "I"}
_MOST_ENTRIES = 4096


@dataclass(frozen=True)
class Entry:
    """One tag: its type, number of values and their bytes in the file's byte order."""

    kind: int
    count: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Directory:
    """One image file directory of ``data``; ``order`` is ``<`` or ``>``, ``spots`` tag to (type, count, offset)."""

    data: bytes = field(repr=False)
    order: str
    spots: Mapping[int, tuple[int, int, int]]
    following: int

    def entry(self, tag: int) -> Entry | None:
        """Return the tag's entry; None if it is absent.

        Raises:
            BadImageError: ``truncated`` if its value is past the end, ``corrupt`` if its type is unknown.
        """
        if tag not in self.spots:
            return None
        kind, count, offset = self.spots[tag]
        if kind not in _SIZES:
            raise BadImageError(Reason.CORRUPT)
        size = _SIZES[kind] * count
        if offset + size > len(self.data):
            raise BadImageError(Reason.TRUNCATED)
        return Entry(kind, count, self.data[offset : offset + size])

    def whole(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return the tag's whole numbers, or ``default`` if it is absent; raises ``BadImageError`` as ``entry``."""
        entry = self.entry(tag)
        if entry is None:
            return default
        if entry.kind not in _WHOLE or not entry.count:
            raise BadImageError(Reason.CORRUPT)
        return struct.unpack(f"{self.order}{entry.count}{_WHOLE[entry.kind]}", entry.raw)

    def one(self, tag: int, default: int) -> int:
        """Return the tag's first whole number, or ``default``."""
        return self.whole(tag, (default,))[0]


def byte_order(data: bytes) -> str:
    """Return ``<`` or ``>`` from a TIFF header.

    Raises:
        BadImageError: ``corrupt`` if it is none, ``truncated`` if it is cut.
    """
    if len(data) < 8:  # noqa: PLR2004 - mark, 42, offset
        raise BadImageError(Reason.TRUNCATED)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise BadImageError(Reason.CORRUPT)
    return order


def first_offset(data: bytes) -> int:
    """Return where the first directory is."""
    return int(struct.unpack_from(f"{byte_order(data)}I", data, 4)[0])


def read(data: bytes, offset: int) -> Directory:
    """Return the directory at ``offset``.

    Raises:
        BadImageError: ``truncated`` if it is past the end, ``corrupt`` if it has no or too many entries.
    """
    order = byte_order(data)
    if offset < 8 or offset + 2 > len(data):  # noqa: PLR2004 - after the header
        raise BadImageError(Reason.TRUNCATED)
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    if not 0 < count <= _MOST_ENTRIES:
        raise BadImageError(Reason.CORRUPT)
    if offset + 2 + 12 * count + 4 > len(data):
        raise BadImageError(Reason.TRUNCATED)
    spots: dict[int, tuple[int, int, int]] = {}
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, at)
        inline = _SIZES.get(kind, 8) * number <= 4  # noqa: PLR2004 - a value of four bytes is in the entry itself
        where = at + 8 if inline else struct.unpack_from(f"{order}I", data, at + 8)[0]
        spots.setdefault(tag, (kind, number, where))
    (following,) = struct.unpack_from(f"{order}I", data, offset + 2 + 12 * count)
    return Directory(data, order, spots, following)


def pack(order: str, kind: int, values: tuple[int, ...]) -> Entry:
    """Return an entry of whole numbers."""
    return Entry(kind, len(values), struct.pack(f"{order}{len(values)}{_WHOLE[kind]}", *values))


def build(order: str, entries: Mapping[int, Entry], offset: int) -> bytes:
    """Return a directory with its values, made to stand at ``offset`` (even); nothing follows it."""
    table, values = [], b""
    base = offset + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        entry = entries[tag]
        if len(entry.raw) <= 4:  # noqa: PLR2004 - inline
            word = entry.raw.ljust(4, b"\0")
        else:
            word = struct.pack(f"{order}I", base + len(values))
            values += entry.raw + b"\0" * (len(entry.raw) % 2)
        table.append(struct.pack(f"{order}HHI", tag, entry.kind, entry.count) + word)
    return struct.pack(f"{order}H", len(table)) + b"".join(table) + b"\0\0\0\0" + values


def exif_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that Exif data states; 1 if it states none or cannot be read.

    Exif that cannot be read is ignored rather than refused, as viewers do; it is not kept in any case.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    try:
        value = read(exif, first_offset(exif)).one(ORIENTATION, 1)
    except BadImageError:
        return 1
    return value if value in range(1, 9) else 1


def minimal_exif(orientation: int) -> bytes:
    """Return Exif of 26 bytes with the orientation and nothing else, without the ``Exif`` prefix; empty if upright.

    Examples:
        >>> exif_orientation(minimal_exif(6)), minimal_exif(1)
        (6, b'')
    """
    if orientation == 1:
        return b""
    return b"MM\0*\0\0\0\x08" + build(">", {ORIENTATION: pack(">", SHORT, (orientation,))}, 8)
