"""Files that are two things at once, are called what they are not, end too early, or hold what others would run."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator

from tests.hostile.base import ANY_END, HELD_BACK, RELEASED, Group, Hostile, Inputs
from tests.hostile.mutating import parts
from tests.hostile.seeds import file, moving, scene
from tests.unit.imaging.structures import chunk

ALIEN = b"<script>Zq7ALIEN()</script>"
"""What a polyglot's other half says; nothing of it may be stored."""
SMALL = scene()[16:32, 22:38]
"""16 by 16 pixels with the dot in them: a file short enough to be cut at each of its bytes."""

FORMS: dict[str, Callable[[], bytes]] = {
    "jpg": lambda: file(scene(), "JPEG", quality=90),
    "png": lambda: file(scene(), "PNG"),
    "webp": lambda: file(scene(), "WEBP", lossless=True),
    "tiff": lambda: file(scene(), "TIFF", compression="tiff_lzw"),
    "bmp": lambda: file(scene(), "BMP"),
    "gif": lambda: file(scene(), "GIF", "P"),
}


def archive() -> bytes:
    """Return a zip with a member that says it is there."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr("index.html", ALIEN)
    return out.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """Return a JPEG's segment."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def polyglots() -> Inputs:
    """Yield files that other programs take for something else."""
    jpeg, png, gif, webp, bmp = (FORMS[end]() for end in ("jpg", "png", "gif", "webp", "bmp"))
    page = b"%PDF-1.7\n1 0 obj\n" + ALIEN + b"\nendobj\n%%EOF\n"
    named = {
        **{f"{end} and zip": (FORMS[end]() + archive(), RELEASED) for end in FORMS},
        **{f"{end} and {other}": (FORMS[end]() + FORMS[other]() + ALIEN, RELEASED)
           for end in FORMS for other in FORMS if end != other},
        "jpeg and page in a comment": (jpeg[:2] + segment(0xFE, b"*/=1;/*" + ALIEN) + jpeg[2:], RELEASED),
        "jpeg and script by its length": (b"\xff\xd8\xff\xe0\x2f\x2a" + jpeg[6:] + ALIEN, ANY_END),
        "gif and script": (gif[:6] + b"/*" + gif[8:] + b"*/=1;" + ALIEN, ANY_END),
        "png and page": (png[:33] + chunk(b"tEXt", b"x\0" + page) + png[33:], RELEASED),
        "page, then jpeg": (page + jpeg, HELD_BACK),
        "page before a jpeg's marker": (b"\xff\xd8" + page + jpeg[2:], ANY_END),
        "bmp and script": (bmp[:6] + ALIEN[:4] + bmp[10:] + ALIEN, RELEASED),
        "webp and wave": (webp + b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28) + ALIEN, RELEASED),
        "heic that holds a jpeg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + jpeg, HELD_BACK),
        "tiff that starts as a camera's": (FORMS["tiff"]()[:8] + b"CR\2\0" + FORMS["tiff"]()[8:], HELD_BACK),
        "two signatures": (b"\x89PNG\r\n\x1a\n" + jpeg, HELD_BACK),
        "text that starts as a bitmap": (b"BM" + bytes(12) + b"\x28\0\0\0" + ALIEN * 9, HELD_BACK),
    }  # fmt: skip
    for name, (data, must) in named.items():
        yield Hostile(Group.POLYGLOT, name, data, must, (ALIEN,))


def extensions() -> Inputs:
    """Yield sound files under every other format's name, and some that are none."""
    for end, make in FORMS.items():
        for called in (*FORMS, "txt", "exe", "jpg.exe", "HEIC"):
            if called != end:
                yield Hostile(Group.EXTENSION, f"{end} called {called}", make(), RELEASED, end=called)
    for called in FORMS:
        yield Hostile(Group.EXTENSION, f"text called {called}", b"no pixels are in here\n" * 9, HELD_BACK, end=called)


def cuts() -> Inputs:
    """Yield a small file of each format, cut at every one of its bytes."""
    small = {
        "jpg": file(SMALL, "JPEG", quality=90),
        "png": file(SMALL, "PNG"),
        "webp": file(SMALL, "WEBP", lossless=True),
        "gif": file(SMALL, "GIF", "P"),
        "bmp": file(SMALL[:8, :8], "BMP"),
        "tiff": file(SMALL[:8, :8], "TIFF"),
    }
    for end, whole in small.items():
        for size in range(len(whole)):
            yield Hostile(Group.CUT, f"{end} of {size} bytes", whole[:size], HELD_BACK, end=end)


ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&c;Zq7ENTITY</x:xmpmeta>'
)
FORMULA = b'=HYPERLINK("http://127.0.0.1:9/Zq7FORMULA","x")'
SHELL = b"$(touch Zq7SHELL);`id`;${jndi:ldap://127.0.0.1/Zq7}%n%s%n"
LONG = b"Zq7LONG" * 9000
TOLD = {"entity": ENTITY, "formula": FORMULA, "shell": SHELL, "long": LONG, "line ends": b"Zq7LINE\r\n\x1b[2J\0\x07Zq7"}


def texts() -> Inputs:
    """Yield files whose metadata somebody else's program would run, look up, or choke on."""
    jpeg, png, gif, webp = (FORMS[end]() for end in ("jpg", "png", "gif", "webp"))
    for name, said in TOLD.items():
        short, gone = said[:65_000], (said[:8], b"Zq7")
        xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + short)
        blocks = b"".join(bytes([len(one)]) + one for one in (said[at : at + 255] for at in range(0, len(said), 255)))
        made = {
            "jpeg xmp": jpeg[:2] + xmp + jpeg[2:],
            "jpeg comment": jpeg[:2] + segment(0xFE, short) + jpeg[2:],
            "jpeg exif": file(scene(), "JPEG", exif=_exif(short[:60_000])),
            "png text": png[:33]
            + chunk(b"tEXt", b"Comment\0" + said)
            + chunk(b"iTXt", b"x\0\0\0\0\0" + said)
            + png[33:],
            "gif comment": gif[:-1] + b"\x21\xfe" + blocks + b"\0;",
            "webp xmp": webp_with(webp, b"XMP ", said),
            "tiff description": file(scene(), "TIFF", tiffinfo={270: short.decode("latin-1")}),
        }
        for kind, data in made.items():
            yield Hostile(Group.TEXT, f"{kind}: {name}", data, RELEASED, gone)


def _exif(said: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 - only here

    exif = Image.Exif()
    exif[270] = said.decode("latin-1")
    return exif.tobytes()


def webp_with(data: bytes, name: bytes, body: bytes) -> bytes:
    """Return a lossless WebP with one chunk more."""
    sides = (scene().shape[1] - 1).to_bytes(3, "little") + (scene().shape[0] - 1).to_bytes(3, "little")
    head = b"VP8X" + struct.pack("<I", 10) + b"\4\0\0\0" + sides
    more = name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    whole = b"WEBP" + head + data[12:] + more
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def markers() -> Inputs:
    """Yield a JPEG with a segment of every marker at every place, of a right, a wrong and no length."""
    sound = parts(FORMS["jpg"]())
    for marker in range(1, 255):
        for where, what in _places(sound, marker):
            yield Hostile(Group.MARKER, f"marker {marker:02x} {where}", what, ANY_END, end="jpg")


def _places(sound: list[bytes], marker: int) -> Iterator[tuple[str, bytes]]:
    body = bytes(range(20))
    bare = bytes([0xFF, marker])
    kinds = {"sound": segment(marker, body), "bare": bare, "empty": bare + b"\0\2", "long": bare + b"\xff\xff" + body}
    for at in (1, len(sound) - 1):
        for kind, extra in kinds.items():
            yield f"{kind} before part {at}", b"".join([*sound[:at], extra, *sound[at:]])
    scan = sound[-1]
    middle = len(scan) // 2
    yield "within the scan", b"".join([*sound[:-1], scan[:middle], bare, scan[middle:]])
    yield "after the scan", b"".join([*sound[:-1], scan[:-2], segment(marker, body), scan[-2:]])
    yield "after the end", b"".join([*sound, segment(marker, body)])


def moving_in_still_names() -> Inputs:
    """Yield animations under the names of stills."""
    for end, form in (("gif", "GIF"), ("png", "PNG")):
        yield Hostile(Group.EXTENSION, f"moving {end} called jpg", moving(form), RELEASED, end="jpg")
