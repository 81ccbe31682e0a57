"""Colour profiles, rebuilt from their numbers alone (ICC.1:2022).

A profile holds free text (description, copyright, makers, serial numbers of devices) and slack in which anything can
hide. What is kept: a whitelist of tags whose types are arrays of numbers of a computable size. Everything else,
the header's maker, model, date and id included, is zero or text of ours. The numbers themselves are kept as they are.
"""

import struct
from collections.abc import Iterator

from anonymizer_udfs.imaging.base import Channels
from anonymizer_udfs.imaging.icc_tags import KNOWN, clean_tag

MOST_BYTES = 1 << 24
_HEADER = 128
_D50 = bytes.fromhex("0000f6d6000100000000d32d")
_CLASSES = {b"mntr", b"scnr", b"prtr", b"spac"}
_SPACES = {
    b"RGB ": (Channels.RGB, Channels.RGBA),
    b"GRAY": (Channels.GREY, Channels.GREY_ALPHA),
    b"CMYK": (Channels.CMYK,),
}
_CONNECTIONS = {b"XYZ ", b"Lab "}
_MOST_TAGS = 64
_NAMES = tuple(name.encode() for name in KNOWN)
_TEXT = b"faceveil"


def clean(profile: bytes, channels: Channels) -> bytes | None:
    """Return a profile with the same numbers and none of the texts; None if it cannot be read or does not fit.

    Examples:
        >>> clean(b"no profile", Channels.RGB) is None
        True
    """
    if not _HEADER + 4 <= len(profile) <= MOST_BYTES or profile[36:40] != b"acsp":
        return None
    kind, space, connection = profile[12:16], profile[16:20], profile[20:24]
    if kind not in _CLASSES or connection not in _CONNECTIONS or channels not in _SPACES.get(space, ()):
        return None
    try:
        tags = dict(_tags(profile))
    except (struct.error, ValueError, IndexError):
        return None
    if not {b"wtpt"} <= tags.keys() or not tags.keys() & {b"rXYZ", b"kTRC", b"A2B0"}:
        return None
    version = profile[8] if profile[8] in {2, 4} else 4
    minor = profile[9] & 0xF0
    tags[b"desc"], tags[b"cprt"] = (_text_v2(b"desc"), _text_v2(b"text")) if version == 2 else (_text_v4(),) * 2  # noqa: PLR2004 - ICC v2
    intent = profile[67] & 3
    head = struct.pack(">8xBBxx4s4s4s12x4s24xI12s48x", version, minor, kind, space, connection, b"acsp", intent, _D50)
    return _assemble(head, tags)


def _tags(profile: bytes) -> Iterator[tuple[bytes, bytes]]:
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    if not 0 < count <= _MOST_TAGS:
        raise ValueError
    for at in range(_HEADER + 4, _HEADER + 4 + 12 * count, 12):
        name, offset, size = struct.unpack_from(">4sII", profile, at)
        if offset + size > len(profile):
            raise ValueError
        if name in _NAMES:
            yield name, clean_tag(name.decode(), profile[offset : offset + size])


def _assemble(head: bytes, tags: dict[bytes, bytes]) -> bytes:
    names = [name for name in (b"desc", b"cprt", *_NAMES) if name in tags]
    table, body, seen = [], b"", dict[bytes, int]()
    start = _HEADER + 4 + 12 * len(names)
    for name in names:
        # Equal curves share their bytes, as most profiles have it.
        if tags[name] not in seen:
            seen[tags[name]] = start + len(body)
            body += tags[name] + b"\0" * (-len(tags[name]) % 4)
        table.append(struct.pack(">4sII", name, seen[tags[name]], len(tags[name])))
    size = start + len(body)
    return struct.pack(">I", size) + head[4:] + struct.pack(">I", len(names)) + b"".join(table) + body


def _text_v2(kind: bytes) -> bytes:
    text = _TEXT + b"\0"
    if kind == b"text":
        return b"text\0\0\0\0" + text
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78


def _text_v4() -> bytes:
    text = _TEXT.decode().encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
