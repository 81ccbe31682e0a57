"""Archives and manifests that lie: built ones, and seeded damage to sound ones. Each is a source, not an image."""

import io
import random
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.hostile.files import FORMULA

NAME = "Zq7member"
"""What members are called; no message may say it."""
_FAR = 1 << 40


@dataclass(frozen=True)
class Source:
    """One file that stands for many images.

    Attributes:
        name: what it is called in reports.
        end: its extension, which says what it is.
        data: its bytes.
        rows: how many images it lists; none where it may also be refused as a whole.
    """

    name: str
    end: str
    data: bytes = field(repr=False)
    rows: int | None = None


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """Return a tar header."""
    one = tarfile.TarInfo(name)
    one.size, one.type, one.linkname, one.mtime = size, kind, link, 1
    return one


def tar(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as opened:
        for one, content in members:
            opened.addfile(one, io.BytesIO(content))
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    """Return a zip archive, deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members:
            opened.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def overlapping(count: int) -> bytes:
    """Return a zip whose directory names one member again and again: each of them the same bytes of the file."""
    whole = zipped((f"{NAME}.png", bytes(1 << 20)))
    at = whole.index(b"PK\1\2")
    end = whole.index(b"PK\5\6")
    entry, tail = whole[at:end], bytearray(whole[end:])
    struct.pack_into("<HHII", tail, 8, count, count, len(entry) * count, at)
    return whole[:at] + entry * count + bytes(tail)


def sources() -> Iterator[Source]:
    """Yield archives and manifests that somebody built to do harm."""
    outside = (
        "../../../etc/passwd",
        "/etc/passwd",
        "a\\..\\boot.ini",
        "a/../../b.png",
        "~root/id",
        "file:///etc/x",
    )
    links = ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "../../etc/passwd"), (tarfile.SYMTYPE, NAME))
    yield Source("tar that climbs", "tar", tar(*((member(name, 3), b"abc") for name in outside)), len(outside))
    yield Source("zip that climbs", "zip", zipped(*((name, b"abc") for name in outside)), len(outside))
    yield Source("tar of links", "tar", tar(*((member(NAME, 0, k, to), b"") for k, to in links)), len(links))
    devices = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    yield Source("tar of devices", "tar", tar(*((member(NAME, 0, kind), b"") for kind in devices)), 0)
    yield Source("zip bomb", "zip", zipped((f"{NAME}.png", bytes(200_000_000))), 1)
    yield Source("zip in a zip", "zip", zipped((f"{NAME}.zip", zipped((NAME, bytes(50_000_000))))), 1)
    yield Source("zip of one member 200 times", "zip", overlapping(200), 200)
    head = bytearray(tar((member(NAME, 3), b"abc"), form=tarfile.GNU_FORMAT))
    head[124:136] = b"\x80" + _FAR.to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    yield Source("tar member of a terabyte", "tar", bytes(head))
    long = "\n".join(f"{NAME}{n}" + "x" * 10_000 + ".jpg" for n in range(50))
    yield Source("manifest of 10,000 characters a line", "txt", long.encode(), 50)
    odd = [
        FORMULA.decode(),
        "-rf",
        "a\0b.jpg",
        "../" * 900 + "nowhere/x",
        "/dev/zero",
        "/dev/stdin",
        "%2e%2e%2fx",
        "*",
        "\u202egpj.exe",
    ]
    yield Source("manifest of odd names", "txt", "\n".join(odd).encode(), len(odd))
    yield Source(
        "csv of formulas", "csv", ("path\n" + "\n".join(f"\"=cmd|'/C calc'!A{n}\"" for n in range(9))).encode(), 9
    )
    yield Source("csv that never closes a quote", "csv", b'path\n"' + b"x" * 100_000)
    yield Source("text of zeros", "txt", bytes(100_000))


def damaged(seed: int, number: int) -> Source:
    """Return a sound archive after one to four operations; a tar's checksums are right again in four of five."""
    draw = random.Random(f"archive {seed} {number}")  # noqa: S311 - the same damage each time
    kind, whole = draw.choice(_SOUND)
    data = bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        at = _place(data, kind, draw)
        how = draw.random()
        if how < 0.4:
            data[at] ^= 1 << draw.randrange(8)
        elif how < 0.6:
            data[at] = draw.choice((0, 0xFF, 0x80, 0x30, 0x20))
        elif how < 0.75:
            data[at : at + 4] = struct.pack("<I", draw.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
        elif how < 0.85:
            del data[at : at + draw.randint(1, 600)]
        else:
            data[at:at] = draw.randbytes(draw.randint(1, 20))
        data = data or bytearray(1)
    if kind == "tar" and draw.random() < 0.8:
        _check_sums(data)
    return Source(f"{kind} {number} of seed {seed}", kind, bytes(data))


def _place(data: bytearray, kind: str, draw: random.Random) -> int:
    """Return where to damage: mostly in a header of a tar, or in the directory of a zip."""
    if draw.random() < 0.4:
        return draw.randrange(len(data))
    if kind == "zip":
        return len(data) - 1 - draw.randrange(min(len(data), 450))
    return min(len(data) - 1, draw.randrange(len(data) // 512 + 1) * 512 + draw.randrange(160))


def _check_sums(data: bytearray) -> None:
    for at in range(0, len(data) - 511, 512):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])


def _paxed(name: str, content: bytes, **records: str) -> tuple[tarfile.TarInfo, bytes]:
    one = member(name, len(content))
    one.pax_headers = records
    return one, content


_SOUND = (
    ("tar", tar(_paxed("\u00e9" * 80 + NAME, b"abc" * 50, mtime="1.5"), _paxed(NAME, b"z" * 700, comment="x"))),
    (
        "tar",
        tar((member("n" * 150 + NAME, 150), b"abc" * 50), (member(NAME, 700), b"z" * 700), form=tarfile.GNU_FORMAT),
    ),
    ("zip", zipped(*((f"f{n}/\u00fc{NAME}{n}.jpg", bytes(range(50 + n)) * 3) for n in range(4)))),
)
