"""The segments that a JPEG's picture is coded in (ITU-T T.81, annex B), with nothing in them that no scan uses.

A decoder skips tables that no scan names, segments that it does not know, bytes after a segment's last field, and scans
after those that it needs: all of them can hold text or another picture. A file is either taken with its scans byte for
byte and the tables that they use, or not at all.
"""

import io
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from anonymizer_udfs.imaging import jpeg_parts, turbojpeg
from anonymizer_udfs.imaging.jpeg_parts import Frame

_DHT, _SOS, _DQT, _DRI, _DAC = 0xC4, 0xDA, 0xDB, 0xDD, 0xCC
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_BLOCK, _SIDE = 64, 8
_HEAD = 4
_MOST_TABLE = 17 + 256
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")

Key = tuple[int, int]
"""The marker and the number of a table."""


def tidy(segments: Iterable[bytes], frame: Frame) -> tuple[bytes, ...] | None:
    """Return the segments that the picture needs, scans byte for byte; None if some byte has no known purpose.

    Refused are further frames, coefficients that are coded twice, more restart intervals than there are blocks for, and
    fields of other lengths. Dropped are tables that no scan uses and all other kinds of segments. Not looked at are the
    entropy-coded bytes themselves.

    Cost: a few microseconds a segment; with restart intervals one search through the scans.
    """
    keeper = _Keeper(frame)
    try:
        if not all(keeper.take(segment) for segment in segments):
            return None
    except (struct.error, LookupError):
        return None
    return tuple(keeper.result())


def is_exact(data: bytes) -> bool:
    """Whether the scans of an untouched file hold their blocks, and nothing of more than 8 bytes besides.

    Of a single scan without restart intervals its decoder has told (see ``Watched``). Else libturbojpeg reads all
    coefficients, and refuses what makes it warn; without that library the answer is no, as nothing tells.

    Cost: for files of several scans or intervals about two thirds of a decode.
    """
    frame, markers = jpeg_parts.frame(data), [segment.marker for segment in jpeg_parts.walk(data)]
    if markers.count(_SOS) == 1 and _DRI not in markers and not frame.arithmetic:
        return True
    library = turbojpeg.find()
    try:
        return library is not None and bool(library.transform(data, {}))
    except turbojpeg.TransformError:
        return False


@dataclass
class _Keeper:
    """What came so far: each segment with the tables in it, and which of these a scan has used."""

    frame: Frame
    came: list[tuple[bytes, list[tuple[int, bytes]]]] = field(default_factory=list)
    current: dict[Key, tuple[int, bytes]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    levels: dict[int, list[int | None]] = field(default_factory=dict)
    """For each component the lowest bit of each coefficient that is coded already."""
    frames: int = 0
    tables: int = 0

    def take(self, segment: bytes) -> bool:
        """Take one segment; False if something is in it that must not be."""
        marker, body = segment[1], segment[_HEAD:]
        if marker == _SOS:
            self.came.append((segment, []))
            return self._scan(segment)
        if marker in _FRAMES:
            self.frames += 1
            self.came.append((segment, []))
            return self.frames == 1 and len(body) == 6 + 3 * len(self.frame.components)
        if marker not in {_DHT, _DQT, _DRI, _DAC}:
            return True
        found, at = list[tuple[int, bytes]](), 0
        while at < len(body):
            size = _table_bytes(marker, body, at)
            found.append((self.tables, body[at : at + size]))
            self.current[marker, 0 if marker == _DRI else body[at]] = found[-1]
            self.tables += 1
            at += size
            if at > len(body) or size > _MOST_TABLE:
                return False
        self.came.append((segment, found))
        return True

    def _scan(self, segment: bytes) -> bool:
        size, count = struct.unpack_from(">HB", segment, 2)
        if size != 6 + 2 * count or not count:
            return False
        first, last, bits = segment[2 + size - 3 : 2 + size]
        if not self.frame.progressive:
            first, last, bits = 0, _BLOCK - 1, 0
        high, low = bits >> 4, bits & 15
        named = {name: (number, table) for number, (name, _, _, table) in enumerate(self.frame.components)}
        numbers = []
        for at in range(5, 5 + 2 * count, 2):
            number, quantization = named[segment[at]]
            numbers.append(number)
            if number not in self.levels:
                self.levels[number] = [None] * _BLOCK
                self._use((_DQT, quantization), (_DQT, 0x10 | quantization))
            before, now = set(self.levels[number][first : last + 1]), high - 1 if high else low
            if before != {high or None} or now != low:
                return False
            self.levels[number][first : last + 1] = [low] * (last + 1 - first)
            marker = _DAC if self.frame.arithmetic else _DHT
            if first == 0 and not high:
                self._use((marker, segment[at + 1] >> 4))
            if last:
                self._use((marker, 0x10 | (segment[at + 1] & 15)))
        self._use((_DRI, 0))
        return self._intervals(segment, numbers)

    def _use(self, *keys: Key) -> None:
        # The two precisions of a quantization table share their number: the later one counts.
        found = [self.current[key] for key in keys if key in self.current]
        if found:
            self.used.add(max(found)[0])

    def _intervals(self, segment: bytes, numbers: list[int]) -> bool:
        """Whether the scan has no more restart intervals than its blocks fill."""
        _, interval = self.current.get((_DRI, 0), (0, b"\0\0"))
        (each,) = struct.unpack(">H", interval)
        if not each:
            return True
        parts = self.frame.components
        most_h, most_v = (max(part[i] for part in parts) for i in (1, 2))
        # A scan of one component has its own blocks, in units of its own factors (T.81, A.2.2).
        _, h, v, _ = parts[numbers[0]] if len(numbers) == 1 else (0, 1, 1, 0)
        sides = ((self.frame.width, h, most_h), (self.frame.height, v, most_v))
        wide, high = (-(-side * part // most) for side, part, most in sides)
        blocks = -(-wide // _SIDE) * -(-high // _SIDE)
        return sum(1 for _ in _RESTART.finditer(segment)) < -(-blocks // int(each))

    def result(self) -> Iterator[bytes]:
        """Yield the segments with the tables that are used; a segment of nothing else as it is."""
        for segment, found in self.came:
            kept = [table for number, table in found if number in self.used]
            if len(kept) == len(found):
                yield segment
            elif kept:
                body = b"".join(kept)
                yield segment[:2] + struct.pack(">H", 2 + len(body)) + body


def _table_bytes(marker: int, body: bytes, at: int) -> int:
    if marker == _DQT:
        return 1 + (2 * _BLOCK if body[at] >> 4 else _BLOCK)
    if marker == _DHT:
        return 17 + sum(body[at + 1 : at + 17])
    return 2  # a number, or a table's name and its condition


class Watched(io.BytesIO):
    """A JPEG file that holds the last byte of its last scan back until a decoder has used up the rest and asks for it.

    libjpeg asks for no byte that it does not need, so that a decoder of a single scan that ends without asking has
    found bytes after the last block. Up to 8 of them are not noticed, which is what it reads ahead.
    """

    def __init__(self, data: bytes, *, whole: bool = False) -> None:
        """Hold nothing back if ``whole``; then ``asked`` says nothing."""
        super().__init__(data)
        self.asked = whole
        self._stop = 0 if whole else len(data[: -len(b"\xff\xd9")].rstrip(b"\xff")) - 1

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes, in one read never those before and after the stop."""
        left = self._stop - self.tell()
        if left <= 0:
            self.asked = True
            return super().read(size)
        return super().read(left if size is None or size < 0 else min(size, left))
