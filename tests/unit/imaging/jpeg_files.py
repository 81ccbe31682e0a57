"""Kinds of JPEG, also those that no encoder at hand writes, and a look at the coefficients that a file holds."""

import io
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.imaging import jpeg_parts
from anonymizer_udfs.imaging.jpeg_blocks import factors, largest
from anonymizer_udfs.imaging.turbojpeg import Library, Origin, in_wheel
from tests.unit.imaging.cases import RGB, U8, pillow

Factors = tuple[tuple[int, int], ...]


def libraries() -> dict[str, Library]:
    """Return the libraries of this machine by where they come from."""
    found = {}
    for name, path in (("system", "libturbojpeg.so.0"), ("wheel", in_wheel())):
        try:
            found[name] = Library(str(path), Origin(name))
        except OSError:
            continue
    return found


def stored(parts: jpeg_parts.Parts) -> bytes:
    """Return the file of parts, with what tells its colours."""
    return parts.file((jpeg_parts.jfif(parts.density), jpeg_parts.adobe(parts.adobe_transform)))


def assembled(
    planes: Sequence[U8], shares: Factors, *, quality: int = 85, adobe: int | None = None, names: bytes = b""
) -> bytes:
    """Return a sequential JPEG of any factors: each plane's scan is that of a grey JPEG.

    Args:
        planes: full-size components, ``(h, w)``; each is made smaller here by its factors.
        shares: h and v of each component.
        quality: 1 to 100, as Pillow has it.
        adobe: Adobe's transform, None for no such segment.
        names: the components' ids, 1, 2, ... if empty.
    """
    height, width = planes[0].shape
    across, down = max(h for h, _ in shares), max(v for _, v in shares)
    names = names or bytes(range(1, len(planes) + 1))
    frame = struct.pack(">BHHB", 8, height, width, len(planes))
    scans, heads = b"", b""
    for name, plane, (h, v) in zip(names, planes, shares, strict=True):
        size = -(-width * h // across), -(-height * v // down)
        small = np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
        segments = jpeg_parts.take_apart(pillow(small, "JPEG", quality=quality)).segments
        heads = b"".join(segment for segment in segments if segment[1] in {0xDB, 0xC4})
        frame += bytes([name, h << 4 | v, 0])
        scans += b"\xff\xda\0\x08\1" + bytes([name, 0, 0, 63, 0]) + segments[-1][10:]
    body = heads + b"\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame + scans
    return b"\xff\xd8" + jpeg_parts.adobe(adobe) + body + b"\xff\xd9"


def ycc(rgb: U8) -> list[U8]:
    """Return luma and both chromas of a picture."""
    return [np.asarray(band) for band in Image.fromarray(rgb).convert("YCbCr").split()]


def _assembled_ycc(shares: Factors, rgb: U8, quality: int) -> bytes:
    return assembled(ycc(rgb), shares, quality=quality)


def _inks(shares: Factors, adobe: int | None, rgb: U8, quality: int) -> bytes:
    """Return CMYK or YCCK, the picture in its black plane as well."""
    colours = ycc(rgb) if adobe else [255 - rgb[..., i] // 2 for i in range(3)]
    return assembled([*colours, rgb[..., 1]], shares, quality=quality, adobe=adobe)


def _grey_2x2(rgb: U8, quality: int) -> bytes:
    data = pillow(rgb, "JPEG", "L", quality=quality)
    at = data.index(b"\xff\xc0") + 11
    assert data[at] == 0x11
    return data[:at] + b"\x22" + data[at + 1 :]


def _wide_tables(rgb: U8, quality: int) -> bytes:
    """Return a JPEG with 16-bit quantization tables."""
    data = pillow(rgb, "JPEG", quality=quality)
    out = b""
    for segment in jpeg_parts.take_apart(data).segments:
        if segment[1] == 0xDB:
            kind, table = segment[4] | 0x10, np.frombuffer(segment[5:69], np.uint8).astype(">u2").tobytes()
            assert len(segment) == 69
            out += b"\xff\xdb" + struct.pack(">HB", 131, kind) + table
        else:
            out += b"\xff\xc1" + segment[2:] if segment[1] == 0xC0 else segment
    return b"\xff\xd8" + out + b"\xff\xd9"


def _opencv(option: int, value: int, rgb: U8, quality: int) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, option, value]
    return bytes(cv2.imencode(".jpg", rgb[..., ::-1], options)[1].tobytes())


def _pillow(mode: str, options: dict[str, Any], rgb: U8, quality: int) -> bytes:
    return pillow(rgb, "JPEG", mode, quality=quality, **options)


_FULL = (1, 1)
MAKERS: dict[str, Callable[[U8, int], bytes]] = {
    "444": partial(_pillow, "", {"subsampling": 0}),
    "422": partial(_pillow, "", {"subsampling": 1}),
    "420": partial(_pillow, "", {"subsampling": 2}),
    "440": partial(_opencv, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440),
    "411": partial(_opencv, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411),
    "410": partial(_assembled_ycc, ((4, 2), _FULL, _FULL)),
    "mixed": partial(_assembled_ycc, ((2, 2), (2, 1), (1, 2))),
    "three-to-one": partial(_assembled_ycc, ((3, 1), _FULL, _FULL)),
    "grey": partial(_pillow, "L", {}),
    "grey-2x2": _grey_2x2,
    "progressive": partial(_pillow, "", {"progressive": True}),
    "progressive-444": partial(_pillow, "", {"progressive": True, "subsampling": 0}),
    "optimized": partial(_pillow, "", {"optimize": True}),
    "restart": partial(_pillow, "", {"restart_marker_blocks": 3}),
    "rgb": partial(_pillow, "", {"keep_rgb": True, "subsampling": 0}),
    "rgb-named": lambda rgb, quality: assembled(
        [rgb[..., i] for i in range(3)], (_FULL,) * 3, quality=quality, names=b"RGB"
    ),
    "wide-tables": _wide_tables,
    "cmyk": partial(_inks, (_FULL,) * 4, 0),
    "cmyk-unmarked": partial(_inks, (_FULL,) * 4, None),
    "ycck": partial(_inks, (_FULL,) * 4, 2),
    "ycck-420": partial(_inks, ((2, 2), _FULL, _FULL, (2, 2)), 2),
}
MODERN = {"410", "mixed", "three-to-one", "arithmetic", "arithmetic-progressive"}
"""Kinds that only a library with the interface of 3.x need rewrite."""


def make(kind: str, rgb: U8 = RGB, quality: int = 85) -> bytes:
    """Return a file of a kind in ``KINDS``."""
    if kind.startswith("arithmetic"):
        modern = next((each for each in libraries().values() if each.modern), None)
        assert modern, "see can_make"
        progressive = kind.endswith("progressive")
        source = MAKERS["420"](rgb, quality)
        return stored(jpeg_parts.take_apart(modern.transform(source, {}, arithmetic=True, progressive=progressive)))
    return MAKERS[kind](rgb, quality)


def can_make(kind: str) -> bool:
    """Whether this machine can write the kind: arithmetic codes take a library of 3.x."""
    return not kind.startswith("arithmetic") or any(each.modern for each in libraries().values())


KINDS = [*MAKERS, "arithmetic", "arithmetic-progressive"]


def coefficients_of(data: bytes, library: Library) -> list[NDArray[np.int16]]:
    """Return each component's quantized coefficients as they stand in the file: ``(rows, columns, 64)``."""
    frame = jpeg_parts.frame(data)
    (across, down), found, edits = largest(frame), list[NDArray[np.int16]](), {}
    for component, (h, v) in enumerate(factors(frame)):
        shape = -(-frame.height * v // (8 * down)), -(-frame.width * h // (8 * across)), 64
        found.append(np.full(shape, 9999, np.int16))
        for row in range(shape[0]):
            edits[component, row] = partial(np.copyto, found[component][row])
    library.transform(data, edits)
    assert not any((plane == 9999).any() for plane in found)
    return found


def decodes(data: bytes) -> dict[str, U8]:
    """Return what two outside readers see, ``(h, w, c)``; Pillow's is what ``Picture`` has (ink for CMYK)."""
    with Image.open(io.BytesIO(data)) as image:
        pillow_sees = np.asarray(image)
    opencv_sees = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
    shape = *pillow_sees.shape[:2], -1
    return {"pillow": pillow_sees.reshape(shape), "opencv": opencv_sees.reshape(shape)}
