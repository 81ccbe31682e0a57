"""What is behind the faces: drawn and textured, and without a face by construction.

Drawn: gradients, noise of several octaves, stripes, checkerboards, polygons and ellipses, lines of text. Photographed:
the pictures inside scikit-image's wheel that show nobody. Left out of those: the coins (Roman heads on them), the cat,
the head phantom, the snake's and the horse's outline, and every person.
"""

import functools
import string
from collections.abc import Callable
from importlib.resources import files

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from benchmarks.recalls.portraits import Rgb

PHOTOS = (
    "brick.png",
    "cell.png",
    "clock_motion.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
"""Names in scikit-image's folder of data, all of its own wheel; nothing is downloaded."""
MOST_SHAPES = 12
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def background(rng: Generator, size_wh: tuple[int, int]) -> Rgb:
    """Return one background, ``(h, w, 3)`` RGB: a ground, and on most of them shapes and text."""
    ground = _GROUNDS[int(rng.integers(len(_GROUNDS)))](rng, size_wh)
    if rng.random() < 0.6:
        _shapes(rng, ground)
    if rng.random() < 0.25:
        _text(rng, ground)
    return ground


@functools.cache
def photo(name: str) -> Rgb:
    """Return one of scikit-image's pictures as RGB, loaded once a process.

    Raises:
        SystemExit: this scikit-image does not bring it.
    """
    file = files("skimage") / "data" / name
    if not file.is_file():
        raise SystemExit(f"this scikit-image does not bring {name}; install the version of requirements/dev.lock")
    with file.open("rb") as stream, Image.open(stream) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def colours(rng: Generator, count: int) -> NDArray[np.float32]:
    """Return ``(count, 3)`` colours: most of them as pale as paint and cloth, one in five of any strength."""
    level, tint = rng.uniform(10, 245, (count, 1)), rng.normal(0, 28, (count, 3))
    strong = rng.uniform(0, 255, (count, 3))
    return np.where(rng.random((count, 1)) < 0.2, strong, np.clip(level + tint, 0, 255)).astype(np.float32)


def _photo(rng: Generator, size_wh: tuple[int, int]) -> Rgb:
    """Return a crop of a photo, at most mildly tinted, scaled to fill the size."""
    source = photo(PHOTOS[int(rng.integers(len(PHOTOS)))])
    h, w = source.shape[:2]
    share = float(rng.uniform(0.5, 1.0))
    fit = min(w / size_wh[0], h / size_wh[1]) * share
    cut = (max(1, int(size_wh[0] * fit)), max(1, int(size_wh[1] * fit)))
    x, y = int(rng.integers(0, w - cut[0] + 1)), int(rng.integers(0, h - cut[1] + 1))
    part = source[y : y + cut[1], x : x + cut[0]]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    tint = rng.uniform(0.7, 1.2) * rng.uniform(0.9, 1.1, 3)
    out = cv2.resize(np.ascontiguousarray(part), size_wh, interpolation=cv2.INTER_AREA if fit > 1 else cv2.INTER_CUBIC)
    return _to_8_bit(out * tint.astype(np.float32))


def _noise(rng: Generator, size_wh: tuple[int, int]) -> Rgb:
    """Return coloured noise: octaves from the whole picture down to 4 pixels, each half as strong."""
    w, h = size_wh
    out = np.empty((h, w, 3), np.float32)
    out[:] = colours(rng, 1)[0] * 0.6 + 50
    strength, cell, falloff = float(rng.uniform(15, 50)), max(w, h) / 2, float(rng.uniform(0.45, 0.8))
    while cell >= 4:
        shape = (int(h / cell) + 2, int(w / cell) + 2)
        grid = rng.normal(0, 1, (*shape, 1)) + rng.normal(0, 0.3, (*shape, 3))
        out += cv2.resize((grid * strength).astype(np.float32), size_wh, interpolation=cv2.INTER_CUBIC)
        cell, strength = cell / 2, strength * falloff
    return _to_8_bit(out)


def _gradient(rng: Generator, size_wh: tuple[int, int]) -> Rgb:
    """Return a sloping ground between four colours, with fine grain."""
    corners = colours(rng, 4).reshape(2, 2, 3)
    out = cv2.resize(corners, size_wh, interpolation=cv2.INTER_LINEAR)
    grain = rng.normal(0, float(rng.uniform(0, 6)), (size_wh[1], size_wh[0], 1)).astype(np.float32)
    return _to_8_bit(out + grain)


def _stripes(rng: Generator, size_wh: tuple[int, int]) -> Rgb:
    """Return stripes, or squares of a checkerboard, of two colours at any angle."""
    w, h = size_wh
    angle, period = float(rng.uniform(0, np.pi)), float(np.exp(rng.uniform(np.log(6), np.log(120))))
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    wave = np.sin(along * (2 * np.pi / period))
    if rng.random() < 0.5:
        wave = wave * np.sin(across * (2 * np.pi / period))
    mix = np.clip(wave * float(rng.uniform(1, 8)) / 2 + 0.5, 0, 1)[..., None].astype(np.float32)
    first, second = colours(rng, 2)
    return _to_8_bit(first + mix * (second - first))


_GROUNDS: tuple[Callable[[Generator, tuple[int, int]], Rgb], ...] = (
    _photo,
    _photo,
    _noise,
    _noise,
    _gradient,
    _stripes,
)


def _shapes(rng: Generator, ground: Rgb) -> None:
    """Draw polygons and ellipses, in place; one colour each, so that nothing face-like is put together."""
    h, w = ground.shape[:2]
    for _ in range(int(rng.integers(1, MOST_SHAPES + 1))):
        colour = colours(rng, 1)[0].tolist()
        centre = rng.uniform(0, 1, 2) * (w, h)
        reach = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))) * max(w, h)
        if rng.random() < 0.5:
            axes = (int(reach * rng.uniform(0.3, 1)) + 1, int(reach) + 1)
            place = (int(centre[0]), int(centre[1]))
            cv2.ellipse(ground, place, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            corners = centre + reach * np.stack([np.cos(turns), np.sin(turns)], 1)
            cv2.fillPoly(ground, [np.rint(corners).astype(np.int32)], colour, cv2.LINE_AA)


def _text(rng: Generator, ground: Rgb) -> None:
    """Write lines of random letters, in place."""
    h, w = ground.shape[:2]
    letters = np.array(list(string.ascii_letters + string.digits + "    "))
    for _ in range(int(rng.integers(1, 8))):
        words = "".join(rng.choice(letters, int(rng.integers(4, 40))))
        size = float(np.exp(rng.uniform(np.log(0.4), np.log(3)))) * max(w, h) / 1000 + 0.2
        place = (int(rng.integers(-w // 4, w)), int(rng.integers(0, h + 1)))
        colour = colours(rng, 1)[0].tolist()
        font = _FONTS[int(rng.integers(len(_FONTS)))]
        cv2.putText(ground, words, place, font, size, colour, max(1, round(size * 1.5)), cv2.LINE_AA)


def _to_8_bit(values: NDArray[np.floating]) -> Rgb:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
