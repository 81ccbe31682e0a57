"""Animations that Pillow writes and some that it does not, and how tests read, treat and compare them."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.imaging import animation
from anonymizer_udfs.imaging.animation import Animation
from tests.unit.imaging.animated_files import CLEAR, KEEP, RESTORE, U8, Shot, apng, gif, webp
from tests.unit.imaging.cases import CLEAN, RGB

MOST = 10_000_000
SIZE = (22, 18)
MAKERS: dict[str, Callable[..., bytes]] = {"gif": gif, "png": apng, "webp": webp}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def noise(width: int, height: int, seed: int, colours: int = 200, clear: float = 0.0) -> U8:
    """Return random pixels of so many colours, some of them clear."""
    random = np.random.default_rng(seed)
    table = random.integers(0, 256, (colours, 4), np.uint8)
    table[:, 3] = 255
    out = table[random.integers(0, colours, (height, width))]
    out[random.random((height, width)) < clear] = 0
    return out


def read(data: bytes) -> Animation:
    """Return the animation of a file."""
    return animation.frames(data, max_pixels=MOST)


def treat(source: Animation, box: tuple[int, int, int, int], *, of: int | None = None, seed: int = 9) -> Animation:
    """Return the animation with noise in a box, of one frame or of all."""
    x0, y0, x1, y1 = box
    frames = []
    for place, picture in enumerate(source.frames):
        pixels = picture.pixels.copy()
        if of is None or of == place:
            high = 256 if pixels.dtype == np.uint8 else 65536
            spot = pixels[y0:y1, x0:x1, :-1]
            spot[...] = np.random.default_rng(seed + place).integers(0, high, spot.shape)
            spot[pixels[y0:y1, x0:x1, -1] == 0] = 0
        frames.append(picture.with_pixels(pixels))
    return source.with_frames(frames)


def same(one: Animation, other: Animation) -> bool:
    """Whether two animations show the same."""
    pixels = (np.array_equal(a.pixels, b.pixels) for a, b in zip(one.frames, other.frames, strict=True))
    return all(pixels) and one.durations_ms == other.durations_ms and one.plays == other.plays


def by_pillow(form: str, mode: str = "RGB", *, count: int = 4, **options: Any) -> bytes:
    """Return an animation of a square that moves over a photo."""
    frames = []
    for place in range(count):
        pixels = CLEAN.copy() if mode == "RGBA" else RGB.copy()
        pixels[20 * place : 20 * place + 20, 30:50, :3] = (250, 20 * place, 9)
        frames.append(Image.fromarray(pixels))
    if form == "GIF":
        frames = [frame.quantize(100) for frame in frames]
    file, more = io.BytesIO(), {"duration": [40, 50, 60, 70][:count], "loop": 2} | options
    frames[0].save(file, form, save_all=True, append_images=frames[1:], **more)
    return file.getvalue()


PILLOW: dict[str, Callable[[], bytes]] = {
    "gif": lambda: by_pillow("GIF"),
    "gif-alpha": lambda: by_pillow("GIF", "RGBA"),
    "gif-clear": lambda: by_pillow("GIF", disposal=2),
    "gif-restore": lambda: by_pillow("GIF", disposal=3),
    "png": lambda: by_pillow("PNG"),
    "png-alpha-over": lambda: by_pillow("PNG", "RGBA", blend=1, disposal=1),
    "png-clear": lambda: by_pillow("PNG", disposal=1),
    "png-restore": lambda: by_pillow("PNG", disposal=[0, 2, 2, 0]),
    "webp-lossless": lambda: by_pillow("WEBP", lossless=True),
    "webp-lossless-alpha": lambda: by_pillow("WEBP", "RGBA", lossless=True, exact=True),
    "webp-lossy": lambda: by_pillow("WEBP", quality=70),
}


SHOTS = {
    "whole": [Shot(noise(*SIZE, seed)) for seed in range(3)],
    "parts": [Shot(noise(*SIZE, 1)), Shot(noise(6, 5, 2), (4, 8)), Shot(noise(7, 9, 3), (14, 2), CLEAR)] * 2,
    "over": [Shot(noise(*SIZE, 1)), *(Shot(noise(*SIZE, k, clear=0.7), over=True) for k in range(2, 5))],
    "clear": [Shot(noise(*SIZE, k, clear=0.4), (0, 0), CLEAR, over=True) for k in range(3)],
    "hole": [Shot(noise(*SIZE, 1), (0, 0), KEEP), Shot(noise(8, 8, 2), (6, 4), CLEAR), Shot(noise(2, 2, 4), (2, 2))],
    "one": [Shot(noise(*SIZE, 1))],
    "no-time": [Shot(noise(*SIZE, 1), delay=0), Shot(noise(*SIZE, 2), delay=0), Shot(noise(*SIZE, 3), delay=9)],
    "restore": [
        Shot(noise(*SIZE, 1)),
        Shot(noise(6, 6, 2), (2, 2), RESTORE),
        Shot(noise(6, 6, 3), (8, 8), RESTORE),
        Shot(noise(4, 4, 4), (0, 4)),
    ],
    "restore-first": [Shot(noise(*SIZE, 1), (0, 0), RESTORE), Shot(noise(6, 6, 2), (4, 4))],
}


def in_format(name: str, make: Callable[..., bytes]) -> list[Shot]:
    """Return shots as a format can have them: GIF blends always, WebP restores nothing."""
    shots = SHOTS[name]
    if make is gif:
        return [replace(shot, over=True) for shot in shots]
    if make is webp and "restore" in name:
        pytest.skip("WebP has no such thing")
    return shots
