"""What phones and scanners put beside a picture: further pictures, depth, films, colours that are fully clear."""

import base64
import io
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tests.unit.imaging.cases import RGB, pillow
from tests.unit.imaging.planted import SECRET
from tests.unit.imaging.structures import png_file, tiff_file

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def other() -> bytes:
    """Return a small JPEG that says the secret: a preview, a thumbnail, the picture behind the picture."""
    return pillow(RGB[:24, :24], "JPEG", comment=SECRET)


def mpf() -> bytes:
    """Return a JPEG with a second one after its end, and the index (CIPA DC-007) that says where that is."""
    first, second = pillow(RGB, "JPEG"), other()

    def whole(start: int) -> bytes:
        entries = struct.pack("<IIIHH", 0x030000, len(first), 0, 0, 0)
        entries += struct.pack("<IIIHH", 0x010001, len(second), start, 0, 0)
        tags = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
        tags += struct.pack("<HHII", 0xB002, 7, len(entries), 50)
        index = b"MPF\0II*\0" + struct.pack("<IH", 8, 3) + tags + bytes(4) + entries
        return first[:2] + _segment(0xE2, index) + first[2:]

    return whole(len(whole(0)) - 10) + second


def motion() -> bytes:
    """Return a JPEG with a film after its end, as Google's motion photos have it."""
    told = b'<x:xmpmeta><rdf:Description GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="99"/>' + SECRET
    data = pillow(RGB, "JPEG")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + struct.pack(">I", 8 + len(SECRET)) + b"mdat" + SECRET
    return data[:2] + _segment(0xE1, _XMP + told) + data[2:] + film


def depth() -> bytes:
    """Return a JPEG with a depth map and the clear picture in base64 in its extended XMP, and another after its end."""
    inner = base64.b64encode(other() * 3)
    text = b'<x:xmpmeta GDepth:Mime="image/jpeg" GImage:Data="' + inner + b'" GDepth:Data="' + inner + b'"/>'
    data, cut = pillow(RGB, "JPEG"), 700
    pieces = [text[at : at + cut] for at in range(0, len(text), cut)]
    heads = [_MORE_XMP + b"0" * 32 + struct.pack(">II", len(text), n * cut) for n in range(len(pieces))]
    more = b"".join(_segment(0xE1, head + piece) for head, piece in zip(heads, pieces, strict=True))
    return data[:2] + more + data[2:] + other()


def thumbnail() -> bytes:
    """Return a JPEG whose Exif has a second directory with a JPEG in it."""
    small = other()
    first = struct.pack("<H", 1) + struct.pack("<HHII", 274, 3, 1, 1) + struct.pack("<I", 26)
    second = struct.pack("<H", 3) + struct.pack("<HHII", 259, 3, 1, 6)
    second += struct.pack("<HHII", 513, 4, 1, 68) + struct.pack("<HHII", 514, 4, 1, len(small)) + bytes(4)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second
    exif = exif.ljust(6 + 68, b"\0") + small
    data = pillow(RGB, "JPEG")
    return data[:2] + _segment(0xE1, exif) + data[2:]


def sub_images() -> bytes:
    """Return a TIFF whose directory names another one (SubIFDs) with pixels that are the secret."""
    data = bytearray(tiff_file(RGB, 2, more=((330, 0),)))
    at = data.index(struct.pack("<HHI", 330, 3, 1))
    pixels = (SECRET * 10)[:75]
    start = len(data) + len(data) % 2
    data = data.ljust(start, b"\0")
    tags = [(256, 5), (257, 5), (258, 8), (259, 1), (262, 1), (273, start + 2 + 12 * 8 + 4), (278, 5), (279, 25)]
    table = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    data[at : at + 12] = struct.pack("<HHII", 330, 4, 1, start)
    return bytes(data) + table + bytes(4) + pixels


def hidden() -> np.ndarray:
    """Return a picture ``(h, w, 4)`` whose clear pixels have the secret for colours."""
    pixels = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    row = np.frombuffer((SECRET * 30)[: 3 * 60], np.uint8).reshape(60, 3)
    pixels[10:30, 5:65, :3] = row
    pixels[10:30, 5:65, 3] = 0
    return pixels


def _under_alpha_png() -> bytes:
    rows = b"".join(b"\0" + row.tobytes() for row in hidden())
    return png_file((77, 101, 8, 6, 0), rows)


def is_hidden(data: bytes, faces: Sequence[Mapping[str, Any]] = ()) -> bool:
    """Whether any clear pixel of a file has a colour, outside of the regions of faces."""
    pixels = np.array(Image.open(io.BytesIO(data)).convert("RGBA"))
    for face in faces:
        box = face["region"]
        pixels[box["y0"] : box["y1"], box["x0"] : box["x1"]] = 0
    return bool(pixels[pixels[..., 3] == 0][:, :3].any())


PHONES: dict[str, Callable[[], bytes]] = {
    "jpeg-second-picture": mpf,
    "jpeg-motion": motion,
    "jpeg-depth": depth,
    "jpeg-exif-thumbnail": thumbnail,
    "tiff-sub-images": sub_images,
    "png-under-alpha": _under_alpha_png,
    "webp-under-alpha": lambda: pillow(hidden(), "WEBP", lossless=True, exact=True),
    "tiff-under-alpha": lambda: pillow(hidden(), "TIFF"),
}
"""Sound files with the secret where no field of text is."""
