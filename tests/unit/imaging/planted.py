"""Files with a secret in every place that a format has for text, and a search that unpacks what is packed."""

import io
import struct
import zlib

from PIL import Image, ImageCms, PngImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from tests.unit.imaging.cases import RGB, RGBA, chunk, pillow, profile

SECRET = b"Zq7SECRETx"
_TEXT = SECRET.decode()


def tagged_profile() -> bytes:
    """Return a working profile with the secret in its description, its header and in slack after a curve."""
    body = bytearray(profile())
    named = "sRGB built-in".encode("utf-16-be")
    at = body.index(named)
    body[at : at + len(named)] = _TEXT.ljust(13).encode("utf-16-be")
    body[4:8] = body[48:52] = body[52:56] = body[80:84] = SECRET[:4]
    body[84:94] = SECRET
    return bytes(body)


def exif(orientation: int = 6) -> bytes:
    """Return Exif with description, maker note, position and a thumbnail."""
    data = Image.Exif()
    data[274] = orientation
    data[270] = data[315] = _TEXT
    data.get_ifd(34665)[37500] = SECRET * 40
    data.get_ifd(34665)[37510] = b"ASCII\0\0\0" + SECRET
    data.get_ifd(34853).update({1: "N", 2: (48.0, 8.0, 14.5), 29: _TEXT})
    return data.tobytes()


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def jpeg(*, progressive: bool = False) -> bytes:
    """Return a JPEG with every application segment, comments (also between scans), a second picture and a trailer."""
    data = pillow(RGB, "JPEG", exif=exif(), icc_profile=tagged_profile(), progressive=progressive)
    extra = b"".join([
        _segment(0xE0, b"JFXX\0\x10" + SECRET),
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET),
        _segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
        _segment(0xE2, b"MPF\0" + SECRET),
        _segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0" + SECRET),
        *(_segment(marker, SECRET) for marker in (0xE3, 0xE5, 0xEB, 0xEC, 0xEF, 0xFE)),
    ])  # fmt: skip
    scan = data.index(b"\xff\xda")
    data = data[:2] + extra + data[2:scan] + _segment(0xFE, SECRET) + data[scan:]
    if progressive:
        last = data.rindex(b"\xff\xda")
        data = data[:last] + _segment(0xFE, SECRET) + data[last:]
    return data + pillow(RGB[:9], "JPEG", comment=SECRET) + SECRET


def jfif_thumbnail() -> bytes:
    """Return a JPEG whose JFIF segment holds a thumbnail."""
    data = pillow(RGB, "JPEG")
    return data[:2] + _segment(0xE0, data[6:18] + b"\1\4" + (SECRET + b"\0\0")) + data[20:]


def png() -> bytes:
    """Return a PNG with all kinds of text, time, Exif, a named profile, unknown chunks and a trailer."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", _TEXT)
    info.add_text("packed", _TEXT, zip=True)
    info.add_itxt("XML:com.adobe.xmp", _TEXT, zip=True)
    data = pillow(RGB, "PNG", pnginfo=info, exif=exif(), dpi=(300, 300))
    named = chunk(b"iCCP", SECRET + b"\0\0" + zlib.compress(tagged_profile()))
    extra = named + chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"prVt", SECRET) + chunk(b"pHYs", SECRET)
    return data[:33] + extra + data[33:-12] + chunk(b"tIME", SECRET) + data[-12:] + SECRET


def png_palette() -> bytes:
    """Return a PNG with a palette that has text in colours that no pixel uses."""
    image = Image.fromarray(RGB).quantize(8)
    image.putpalette((image.getpalette() or [])[:24] + list(SECRET * 3))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def webp() -> bytes:
    """Return a WebP with Exif, XMP, a profile, an unknown chunk and a trailer."""
    data = pillow(RGBA, "WEBP", lossless=True, exif=exif(), xmp=SECRET, icc_profile=tagged_profile())
    body = data[8:] + b"prVt" + struct.pack("<I", len(SECRET)) + SECRET
    return b"RIFF" + struct.pack("<I", len(body)) + body + SECRET


def tiff() -> bytes:
    """Return a TIFF with texts, XMP, IPTC, Exif, private tags, a thumbnail page, gaps and a trailer."""
    tags = ImageFileDirectory_v2()
    for tag in (269, 270, 271, 272, 305, 306, 315, 316, 33432):
        tags[tag] = _TEXT
    for tag in (700, 33723, 34377, 37724, 65000):
        tags.tagtype[tag] = 7
        tags[tag] = SECRET * 5
    tags[274] = 6
    page, thumbnail = Image.fromarray(RGB), Image.fromarray(RGB[:9, :9])
    thumbnail.encoderinfo = {"tiffinfo": {254: 1, 270: _TEXT}}
    file = io.BytesIO()
    page.save(
        file, "TIFF", tiffinfo=tags, icc_profile=tagged_profile(), exif=None, save_all=True, append_images=[thumbnail]
    )
    return file.getvalue() + SECRET


def gif() -> bytes:
    """Return a GIF with a comment, application blocks, plain text, unused colours and a trailer."""
    image = Image.fromarray(RGB).quantize(8)
    image.putpalette((image.getpalette() or [])[:24] + list(SECRET * 3))
    file = io.BytesIO()
    image.save(file, "GIF", comment=SECRET, optimize=False)
    data = file.getvalue()
    block = bytes([len(SECRET)]) + SECRET + b"\0"
    at = data.index(b"\x21\xfe")
    blocks = b"\x21\xff\x0bXMP DataXMP" + block + b"\x21\x01\x0c" + b"\0" * 12 + block
    return data[:at] + blocks + data[at:] + SECRET


def bmp() -> bytes:
    """Return a bitmap with a gap before its pixels, reserved bytes in its head and a trailer."""
    data = pillow(RGB, "BMP")
    start = 54 + len(SECRET) + 2
    head = data[:6] + SECRET[:4] + struct.pack("<I", start)
    return head + data[14:54] + SECRET + b"\0\0" + data[54:] + SECRET


PLANTED = {
    "jpeg": jpeg,
    "jpeg-progressive": lambda: jpeg(progressive=True),
    "jpeg-thumbnail": jfif_thumbnail,
    "png": png,
    "png-palette": png_palette,
    "webp": webp,
    "tiff": tiff,
    "gif": gif,
    "bmp": bmp,
}


def traces(data: bytes) -> list[str]:
    """Return in which readings of a file any part of the secret is found."""
    readings = {"plain": data}
    for at in range(len(data)):
        if data[at : at + 1] == b"\x78":
            inflater = zlib.decompressobj()
            try:
                readings[f"zlib at {at}"] = inflater.decompress(data[at:])
            except zlib.error:
                continue
    wanted = (SECRET, _TEXT.encode("utf-16-be"), _TEXT.encode("utf-16-le"), SECRET[:7], b"Zq7S")
    return [name for name, text in readings.items() if any(word in text for word in wanted)]


def colours_kept(before: bytes, after: bytes) -> bool:
    """Whether two profiles give the same colours for a grid of all levels."""
    grid = Image.fromarray(RGB)
    lab = ImageCms.createProfile("LAB")
    shown = [
        ImageCms.applyTransform(grid, ImageCms.buildTransform(io.BytesIO(one), lab, "RGB", "LAB"))
        for one in (before, after)
    ]
    return shown[0] is not None and shown[1] is not None and shown[0].tobytes() == shown[1].tobytes()
