"""Photos to measure with: drawn scenes with real faces in them, made at run time; nobody's photos are kept."""

import functools
import hashlib
import importlib.util
import math
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

SIZES_WH = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
FACES = 3
MEGAPIXELS = (1.0, 12.0)
QUALITY = 90
TINY_PX = 64
NOISE_WH = (640, 480)
A_FOLDER = 1000
"""Files that lie in one folder."""


def sources() -> list[NDArray[np.uint8]]:
    """Return pictures with faces, BGR: scikit-image's astronaut, and the people of the photo in insightface's wheel."""
    found = [np.ascontiguousarray(data.astronaut()[20:260, 120:330, ::-1])]
    spec = importlib.util.find_spec("insightface")
    if spec and spec.origin:
        group = np.asarray(cv2.imread(str(Path(spec.origin).parent / "data" / "images" / "t1.jpg")), np.uint8)
        for x, y in ((40, 230), (725, 300), (440, 230), (880, 20), (245, 110)):
            found.append(group[y : y + 220, x : x + 190])
    return found


def generator(index: int) -> np.random.Generator:
    """Return the randomness of one picture."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(str(index).encode()).digest()[:8], "big"))


def scene(
    index: int, people: list[NDArray[np.uint8]], size_wh: tuple[int, int] | None = None, most_px: int = 500
) -> NDArray[np.uint8]:
    """Return one scene, BGR: texture, and up to three faces; the same for the same index.

    Args:
        index: which one.
        people: whose heads are pasted.
        size_wh: of the scene; one of :data:`SIZES_WH` where none is given.
        most_px: greatest height of a pasted head, of which the face is about 0.6.
    """
    rng = generator(index)
    w, h = size_wh or SIZES_WH[index % len(SIZES_WH)]
    coarse = rng.integers(0, 256, (h // 40 + 2, w // 40 + 2, 3), dtype=np.uint8)
    out = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    out = cv2.add(out, rng.integers(0, 12, out.shape, dtype=np.uint8))
    for _ in range(int(rng.integers(0, FACES + 1))):
        person = people[int(rng.integers(len(people)))]
        height = int(rng.integers(40, min(most_px, h)))
        width = height * person.shape[1] // person.shape[0]
        x, y = int(rng.integers(0, w - width)), int(rng.integers(0, h - height + 1))
        out[y : y + height, x : x + width] = cv2.resize(person, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(out, np.uint8)


def size_of(index: int, megapixels: tuple[float, float] = MEGAPIXELS) -> tuple[int, int]:
    """Return the width and height of a 4:3 scene whose megapixels are even on a logarithmic scale.

    Examples:
        >>> all(0.99e6 < w * h < 12.01e6 for w, h in map(size_of, range(100)))
        True
    """
    low, high = (math.log(one) for one in megapixels)
    pixels = 1e6 * math.exp(np.random.default_rng([20261121, index]).uniform(low, high))
    height = round(math.sqrt(pixels * 3 / 4))
    return round(height * 4 / 3), height


def write(folder: Path, count: int) -> Path:
    """Write ``count`` scenes of up to 2 megapixels as JPEG into a folder, those that are there already excepted."""
    return _written(folder, count, _small)


def write_large(folder: Path, count: int) -> Path:
    """Write ``count`` scenes of 1 to 12 megapixels as JPEG into a folder; a thousand take some minutes, once."""
    return _written(folder, count, _large)


def write_tiny(folder: Path, count: int) -> Path:
    """Write ``count`` pictures of 64 pixels without faces as JPEG, a thousand to a folder."""
    return _written(folder, count, _tiny)


def write_noise(folder: Path, first: int, count: int) -> Path:
    """Write pictures of about a quarter of a megabyte without faces: what a lake's size is made of."""
    return _written(folder, count, _noise, first)


def _written(folder: Path, count: int, make: Callable[[int, str], None], first: int = 0) -> Path:
    """Write what is missing, on all cores; a file of a writer that was stopped is not there."""
    wanted = {index: folder / f"{index // A_FOLDER:03d}" / f"{index:06d}.jpg" for index in range(first, first + count)}
    for place in {file.parent for file in wanted.values()}:
        place.mkdir(parents=True, exist_ok=True)
    missing = [(index, str(file)) for index, file in wanted.items() if not file.exists()]
    if missing:
        with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
            pool.starmap(make, missing, chunksize=max(1, min(500, len(missing) // 8)))
    return folder


def _keep(image: NDArray[np.uint8], file: str, quality: int = QUALITY) -> None:
    cv2.imwrite(f"{file}.part.jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    Path(f"{file}.part.jpg").replace(file)


def _small(index: int, file: str) -> None:
    _keep(scene(index, _people()), file)


def _large(index: int, file: str) -> None:
    _keep(scene(index, _people(), size_of(index), most_px=1000), file)


def _tiny(index: int, file: str) -> None:
    coarse = generator(index).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    _keep(np.asarray(cv2.resize(coarse, (TINY_PX, TINY_PX), interpolation=cv2.INTER_CUBIC), np.uint8), file)


def _noise(index: int, file: str) -> None:
    w, h = NOISE_WH
    _keep(generator(index).integers(0, 256, (h, w, 3), dtype=np.uint8), file, 80)


@functools.lru_cache(maxsize=1)
def _people() -> list[NDArray[np.uint8]]:
    return sources()
