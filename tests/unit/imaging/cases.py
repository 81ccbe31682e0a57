"""Files of every format and mode, made from a public-domain photo and drawn shapes; with or without planted secrets."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageCms

from anonymizer_udfs.imaging import Channels, Format
from anonymizer_udfs.imaging.raster import pack_bits
from tests.unit.imaging.structures import bmp_file, chunk, gif_file, interlaced_png, run_coded, tiff_file

PACKING = cv2.IMWRITE_TIFF_COMPRESSION
U8 = NDArray[np.uint8]

RGB: U8 = np.ascontiguousarray(skimage.data.astronaut()[60:161, 180:257])
GREY: U8 = RGB[..., 1]
RGBA: U8 = np.dstack([RGB, np.where(np.arange(77) < 20, 0, 60 + GREY // 2).astype(np.uint8)])
RGB16 = RGB.astype(np.uint16) * 257 - (RGB > 0)
RGBA16 = np.dstack([RGB16, np.where(np.arange(77) < 20, 0, RGB16[..., 0] | 1).astype(np.uint16)])


CLEAN = RGBA * (RGBA[..., 3:] > 0)
"""The same with nothing under alpha 0."""
CLEAN16 = RGBA16 * (RGBA16[..., 3:] > 0)
FEW: U8 = (GREY // 17).astype(np.uint8)
"""Indices of 16 colours."""
COLOURS = bytes(np.random.default_rng(4).integers(0, 256, 48, np.uint8))
TABLE = b"".join(COLOURS[at : at + 3] + b"\0" for at in range(0, 48, 3))


def pillow(pixels: NDArray[np.generic], form: str, mode: str = "", **options: Any) -> bytes:
    """Return the file that Pillow writes of an array, converted to ``mode``; ``P3`` is a palette of 3 colours."""
    image = Image.fromarray(pixels)
    if mode.startswith("P"):
        image = image.quantize(int(mode[1:]))
    elif mode:
        image = image.convert(mode)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opencv(pixels: NDArray[np.generic], suffix: str, *options: int) -> bytes:
    """Return the file that OpenCV writes of an RGB or RGBA array."""
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    return bytes(cv2.imencode(suffix, cv2.cvtColor(pixels, order), options)[1].tobytes())


def bmp16(masks: tuple[int, ...]) -> bytes:
    """Return a bitmap of 16 bits a pixel: 5-6-5 with ``masks``, 5-5-5 without."""
    green = 6 if masks else 5
    wide = RGB[::-1].astype(np.uint16)
    packed = (wide[..., 0] >> 3 << 5 + green) | (wide[..., 1] >> 8 - green << 5) | wide[..., 2] >> 3
    body = np.pad(packed.astype("<u2"), ((0, 0), (0, 1))).tobytes()
    start = 54 + 4 * len(masks)
    info = struct.pack("<IiiHHIIiiII", 40, 77, 101, 1, 16, 3 if masks else 0, len(body), 2835, 2835, 0, 0)
    return (
        struct.pack("<2sIII", b"BM", start + len(body), 0, start) + info + struct.pack(f"<{len(masks)}I", *masks) + body
    )


def la16() -> bytes:
    """Return a PNG of 16-bit grey with alpha, its rows unfiltered."""
    rows = np.ascontiguousarray(RGBA16[..., [1, 3]], ">u2").view(np.uint8).reshape(101, -1)
    image = zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes())
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 77, 101, 16, 4, 0, 0, 0)), (b"IDAT", image), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def grey_png(depth: int) -> bytes:
    """Return a PNG of grey with 2 or 4 bits a sample."""
    rows = np.pad(pack_bits(np.right_shift(GREY, 8 - depth), depth), ((0, 0), (1, 0)))
    head = struct.pack(">IIBBBBB", 77, 101, depth, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def profile(space: str = "sRGB") -> bytes:
    """Return a colour profile as little CMS writes it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """One kind of file: its bytes, and what decoding must give."""

    format: Format
    mode: str
    """Pillow's mode of the source and of the output."""
    channels: Channels
    make: Callable[[], bytes] = field(repr=False)
    lossless: bool = True
    dtype: type = np.uint8


_J, _P, _W, _T, _B, _G = Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.BMP, Format.GIF
_L, _LA, _C, _CA, _K = Channels.GREY, Channels.GREY_ALPHA, Channels.RGB, Channels.RGBA, Channels.CMYK

CASES: dict[str, Case] = {
    "jpeg-444": Case(_J, "RGB", _C, lambda: pillow(RGB, "JPEG", quality=92, subsampling=0), lossless=False),
    "jpeg-422": Case(_J, "RGB", _C, lambda: pillow(RGB, "JPEG", quality=60, subsampling=1), lossless=False),
    "jpeg-420": Case(_J, "RGB", _C, lambda: pillow(RGB, "JPEG", dpi=(300, 200)), lossless=False),
    "jpeg-progressive": Case(_J, "RGB", _C, lambda: pillow(RGB, "JPEG", progressive=True), lossless=False),
    "jpeg-rgb": Case(_J, "RGB", _C, lambda: pillow(RGB, "JPEG", keep_rgb=True, subsampling=0), lossless=False),
    "jpeg-grey": Case(_J, "L", _L, lambda: pillow(RGB, "JPEG", "L"), lossless=False),
    "jpeg-cmyk": Case(_J, "CMYK", _K, lambda: pillow(RGB, "JPEG", "CMYK"), lossless=False),
    "png-rgb": Case(_P, "RGB", _C, lambda: pillow(RGB, "PNG")),
    "png-rgba": Case(_P, "RGBA", _CA, lambda: pillow(RGBA, "PNG")),
    "png-grey": Case(_P, "L", _L, lambda: pillow(RGB, "PNG", "L")),
    "png-grey-alpha": Case(_P, "LA", _LA, lambda: pillow(RGBA, "PNG", "LA")),
    "png-1": Case(_P, "1", _L, lambda: pillow(RGB, "PNG", "1")),
    "png-grey-2": Case(_P, "L", _L, lambda: grey_png(2)),
    "png-grey-4": Case(_P, "L", _L, lambda: grey_png(4)),
    "png-palette-8": Case(_P, "P", _C, lambda: pillow(RGB, "PNG", "P200")),
    "png-palette-4": Case(_P, "P", _C, lambda: pillow(RGB, "PNG", "P13")),
    "png-palette-2": Case(_P, "P", _C, lambda: pillow(RGB, "PNG", "P4")),
    "png-palette-1": Case(_P, "P", _C, lambda: pillow(RGB, "PNG", "P2")),
    "png-palette-alpha": Case(_P, "P", _CA, lambda: pillow(RGBA, "PNG", "P60")),
    "png-grey-16": Case(_P, "I;16", _L, lambda: pillow(RGB16[..., 0], "PNG"), dtype=np.uint16),
    "png-grey-alpha-16": Case(_P, "LA", _LA, la16, dtype=np.uint16),
    "png-rgb-16": Case(_P, "RGB", _C, lambda: opencv(RGB16, ".png"), dtype=np.uint16),
    "png-rgba-16": Case(_P, "RGBA", _CA, lambda: opencv(RGBA16, ".png"), dtype=np.uint16),
    "png-rgba-clean": Case(_P, "RGBA", _CA, lambda: pillow(CLEAN, "PNG")),
    "png-rgba-16-clean": Case(_P, "RGBA", _CA, lambda: opencv(CLEAN16, ".png"), dtype=np.uint16),
    "png-laced-rgb": Case(_P, "RGB", _C, lambda: interlaced_png(RGB, 8, 2, pieces=3)),
    "png-laced-grey-1": Case(_P, "1", _L, lambda: interlaced_png(RGB[..., :1] >> 7, 1, 0)),
    "png-laced-palette": Case(_P, "P", _C, lambda: interlaced_png(FEW[..., None], 4, 3, chunk(b"PLTE", COLOURS))),
    "png-laced-rgba-16": Case(_P, "RGBA", _CA, lambda: interlaced_png(CLEAN16, 16, 6), dtype=np.uint16),
    "webp-lossy": Case(_W, "RGB", _C, lambda: pillow(RGB, "WEBP", quality=80), lossless=False),
    "webp-lossy-alpha": Case(_W, "RGBA", _CA, lambda: pillow(RGBA, "WEBP", quality=80), lossless=False),
    "webp-lossless": Case(_W, "RGB", _C, lambda: pillow(RGB, "WEBP", lossless=True)),
    "webp-lossless-alpha": Case(_W, "RGBA", _CA, lambda: pillow(RGBA, "WEBP", lossless=True, exact=True)),
    "webp-lossless-clean": Case(_W, "RGBA", _CA, lambda: pillow(CLEAN, "WEBP", lossless=True, exact=True)),
    "webp-lossy-opacity": Case(_W, "RGBA", _CA, lambda: pillow(RGBA | 1, "WEBP", quality=80), lossless=False),
    "tiff-rgba-clean": Case(_T, "RGBA", _CA, lambda: pillow(CLEAN, "TIFF", compression="packbits")),
    "tiff-tiled": Case(_T, "RGB", _C, lambda: tiff_file(RGB, 2, tile=(32, 16))),
    "tiff-tiled-deflate": Case(_T, "RGB", _C, lambda: tiff_file(RGB, 2, tile=(32, 16), deflate=True)),
    "tiff-planar": Case(_T, "RGB", _C, lambda: tiff_file(RGB, 2, planar=True, deflate=True)),
    "tiff-tiled-planar": Case(_T, "RGB", _C, lambda: tiff_file(RGB, 2, tile=(16, 48), planar=True)),
    "tiff-big-endian": Case(_T, "I;16B", _L, lambda: tiff_file(RGB16[..., :1], 1, order=">"), dtype=np.uint16),
    "tiff-big-endian-rgb": Case(_T, "RGB", _C, lambda: tiff_file(RGB16, 2, order=">", deflate=True), dtype=np.uint16),
    "tiff-white-is-0": Case(_T, "L", _L, lambda: tiff_file(RGB[..., :1], 0, rows=7)),
    "tiff-rgb": Case(_T, "RGB", _C, lambda: pillow(RGB, "TIFF")),
    "tiff-lzw": Case(_T, "RGB", _C, lambda: pillow(RGB, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})),
    "tiff-deflate": Case(_T, "RGB", _C, lambda: pillow(RGB, "TIFF", compression="tiff_adobe_deflate")),
    "tiff-packbits": Case(_T, "RGB", _C, lambda: pillow(RGB, "TIFF", compression="packbits")),
    "tiff-jpeg": Case(_T, "RGB", _C, lambda: pillow(RGB, "TIFF", compression="jpeg")),
    "tiff-rgba": Case(_T, "RGBA", _CA, lambda: pillow(RGBA, "TIFF", compression="tiff_lzw")),
    "tiff-grey": Case(_T, "L", _L, lambda: pillow(RGB, "TIFF", "L")),
    "tiff-grey-alpha": Case(_T, "LA", _LA, lambda: pillow(RGBA, "TIFF", "LA")),
    "tiff-1": Case(_T, "1", _L, lambda: pillow(RGB, "TIFF", "1")),
    "tiff-fax": Case(_T, "1", _L, lambda: pillow(RGB, "TIFF", "1", compression="group4")),
    "tiff-palette": Case(_T, "P", _C, lambda: pillow(RGB, "TIFF", "P99", compression="tiff_lzw")),
    "tiff-cmyk": Case(_T, "CMYK", _K, lambda: pillow(RGB, "TIFF", "CMYK")),
    "tiff-grey-16": Case(_T, "I;16", _L, lambda: pillow(RGB16[..., 0], "TIFF"), dtype=np.uint16),
    "tiff-rgb-16": Case(_T, "RGB", _C, lambda: opencv(RGB16, ".tiff", PACKING, 1), dtype=np.uint16),
    "tiff-rgb-16-lzw": Case(_T, "RGB", _C, lambda: opencv(RGB16, ".tiff", PACKING, 5), dtype=np.uint16),
    "tiff-rgba-16": Case(_T, "RGBA", _CA, lambda: opencv(RGBA16, ".tiff", PACKING, 8), dtype=np.uint16),
    "bmp-24": Case(_B, "RGB", _C, lambda: pillow(RGB, "BMP")),
    "bmp-8": Case(_B, "P", _C, lambda: pillow(RGB, "BMP", "P99")),
    "bmp-grey": Case(_B, "L", _C, lambda: pillow(RGB, "BMP", "L")),
    "bmp-1": Case(_B, "1", _C, lambda: pillow(RGB, "BMP", "1")),
    "bmp-32-alpha": Case(_B, "RGBA", _CA, lambda: opencv(RGBA, ".bmp")),
    "bmp-555": Case(_B, "RGB", _C, lambda: bmp16(())),
    "bmp-565": Case(_B, "RGB", _C, lambda: bmp16((0xF800, 0x7E0, 0x1F))),
    "bmp-runs-8": Case(_B, "P", _C, lambda: bmp_file((77, 101), 8, run_coded(FEW, 8), runs=1, table=TABLE)),
    "bmp-runs-4": Case(_B, "P", _C, lambda: bmp_file((77, 101), 4, run_coded(FEW, 4), runs=2, table=TABLE)),
    "bmp-top-down": Case(
        _B,
        "RGB",
        _C,
        lambda: bmp_file((77, 101), 24, np.pad(RGB.reshape(101, -1), ((0, 0), (0, 1))).tobytes(), top_down=True),
    ),
    "bmp-32": Case(_B, "RGB", _C, lambda: bmp_file((77, 101), 32, np.pad(RGB, ((0, 0), (0, 0), (0, 1))).tobytes())),
    "gif-canvas": Case(
        _G,
        "P",
        _C,
        lambda: gif_file(pillow(RGB[:91, :70], "GIF", "P16"), canvas=(77, 101), spot=(4, 6), own_table=False),
    ),
    "gif-own-table": Case(
        _G,
        "P",
        _C,
        lambda: gif_file(pillow(RGB, "GIF", "P16", interlace=0), canvas=(77, 101), spot=(0, 0), own_table=True),
    ),
    "gif-palette": Case(_G, "P", _C, lambda: pillow(RGB, "GIF", "P100")),
    "gif-grey": Case(_G, "L", _C, lambda: pillow(RGB, "GIF", "L")),
    "gif-transparent": Case(_G, "P", _CA, lambda: pillow(RGBA, "GIF")),
}
