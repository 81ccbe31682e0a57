"""Sound files of every format that mutations begin with: some with something to treat, some with planted text."""

import io
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from PIL import Image

from tests.unit.imaging import jpeg_files
from tests.unit.imaging.animated_cases import PILLOW
from tests.unit.imaging.cases import CASES
from tests.unit.imaging.hidden import KEPT
from tests.unit.imaging.planted import PLANTED, SECRET, exif, tagged_profile

WIDTH, HEIGHT = 112, 80
DOT = (28, 20)
"""The region of a dot is 64 by 64 pixels, so that half of the picture is outside of it."""


@dataclass(frozen=True)
class Seed:
    """A sound file.

    Attributes:
        name: what it is.
        data: its bytes.
        planted: whether it holds the secret wherever its format has room for text.
    """

    name: str
    data: bytes = field(repr=False)
    planted: bool = False


def scene(shift: int = 0) -> np.ndarray:
    """Return a picture ``(80, 112, 3)`` with texture everywhere and one red dot, which is taken for a face."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([(x * 5 + y * 3) % 60, 120 + (x * 7) % 60, 120 + (y * 11) % 60], 2).astype(np.uint8)
    left = DOT[0] + shift
    pixels[DOT[1] : DOT[1] + 4, left : left + 4] = (255, 0, 0)
    return pixels


def file(pixels: np.ndarray, form: str, mode: str = "RGB", **options: object) -> bytes:
    """Return the file that Pillow writes."""
    image, out = Image.fromarray(pixels).convert(mode), io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def moving(form: str, **options: object) -> bytes:
    """Return three frames whose dot moves."""
    frames, out = [Image.fromarray(scene(4 * n)) for n in range(3)], io.BytesIO()
    if form == "GIF":
        frames = [frame.convert("P") for frame in frames]
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=[40, 50, 60], **options)
    return out.getvalue()


def _dotted() -> dict[str, bytes]:
    """Return files in which something is found and treated."""
    made = {
        f"dot-jpeg-{kind}": jpeg_files.make(kind, scene()) for kind in jpeg_files.KINDS if jpeg_files.can_make(kind)
    }
    alpha = np.dstack([scene(), np.full((HEIGHT, WIDTH), 200, np.uint8)])
    made |= {
        "dot-png": file(scene(), "PNG"),
        "dot-png-alpha": file(alpha, "PNG", "RGBA"),
        "dot-png-palette": file(scene(), "PNG", "P"),
        "dot-webp-lossless": file(scene(), "WEBP", lossless=True),
        "dot-webp-lossy": file(scene(), "WEBP", quality=90),
        "dot-bmp": file(scene(), "BMP"),
        "dot-gif": file(scene(), "GIF", "P"),
        "dot-moving-gif": moving("GIF"),
        "dot-moving-png": moving("PNG"),
        "dot-moving-webp": moving("WEBP", lossless=True),
    }
    for packing in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        made[f"dot-tiff-{packing}"] = file(scene(), "TIFF", compression=packing)
    return made


def _planted() -> dict[str, bytes]:
    """Return files with the secret in their metadata, some of them with something to treat."""
    told = {"exif": exif(1), "icc_profile": tagged_profile()}
    makers = {name: partial(make) for name, make in {**PLANTED, **KEPT}.items()}
    return {f"planted-{name}": make() for name, make in makers.items()} | {
        "planted-dot-jpeg": file(scene(), "JPEG", comment=SECRET, **told) + SECRET,
        "planted-dot-png": file(scene(), "PNG", **told) + SECRET,
        "planted-dot-webp": file(scene(), "WEBP", lossless=True, xmp=SECRET, **told) + SECRET,
    }


@cache
def seeds() -> tuple[Seed, ...]:
    """Return all of them, in an order that does not change."""
    plain = {name: case.make() for name, case in CASES.items()} | _dotted()
    plain |= {f"moving-{name}": make() for name, make in PILLOW.items()}
    planted = _planted()
    return tuple(
        [Seed(name, data) for name, data in sorted(plain.items())]
        + [Seed(name, data, planted=True) for name, data in sorted(planted.items())]
    )
