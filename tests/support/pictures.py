"""Pictures for tests of whole jobs: a public-domain portrait, a group that comes inside a package, and drawn places."""

import importlib.util
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
PORTRAIT: Pixels = np.ascontiguousarray(skimage.data.astronaut()[0:192, 130:322])
"""One face, about 98 by 127 pixels, RGB ``(192, 192, 3)``."""


def saved(pixels: Pixels | Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Return the file that Pillow writes."""
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, form, **options)
    return out.getvalue()


def portrait(number: int = 0, form: str = "PNG", **options: Any) -> bytes:
    """Return a small file with one face; each number gives other pixels."""
    small = PORTRAIT[::2, ::2].astype(np.int16) + number % 40 - 20
    return saved(np.clip(np.roll(small, number // 40, 1), 0, 255).astype(np.uint8), form, **options)


def place(number: int = 0, form: str = "PNG", **options: Any) -> bytes:
    """Return a drawn picture of 96 by 64 pixels with nobody in it; each number gives other pixels."""
    y, x = np.mgrid[:64, :96]
    pixels = np.stack([90 + y + number % 60, 120 + x // 2 + y // 2, 200 - y], 2)
    return saved(pixels.astype(np.uint8), form, **options)


def group() -> bytes:
    """Return the JPEG of six people that comes with insightface, found without importing it."""
    found = importlib.util.find_spec("insightface")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0], "data", "images", "t1.jpg").read_bytes()


def photos(name: str) -> Path:
    """Return a folder of labelled photos, or skip the test where it is missing."""
    default = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    folder = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", default)).resolve() / name
    if not folder.is_dir():
        pytest.skip(f"no labelled photos: FACEVEIL_TEST_PHOTOS names no folder with {name} in it")
    return folder


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, made if it is not there, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
