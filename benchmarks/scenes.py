"""Photos to measure with: drawn scenes with real faces in them, made at run time; nobody's photos are kept."""

import hashlib
import importlib.util
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

SIZES_WH = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
FACES = 3


def sources() -> list[NDArray[np.uint8]]:
    """Return pictures with faces, BGR: scikit-image's astronaut, and the people of the photo in insightface's wheel."""
    found = [np.ascontiguousarray(data.astronaut()[20:260, 120:330, ::-1])]
    spec = importlib.util.find_spec("insightface")
    if spec and spec.origin:
        group = cv2.imread(str(Path(spec.origin).parent / "data" / "images" / "t1.jpg"))
        for x, y in ((40, 230), (725, 300), (440, 230), (880, 20), (245, 110)):
            found.append(group[y : y + 220, x : x + 190])
    return found


def scene(index: int, people: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return one scene, BGR: texture, and up to three faces of 24 to 300 pixels; the same for the same index."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(str(index).encode()).digest()[:8], "big"))
    w, h = SIZES_WH[index % len(SIZES_WH)]
    coarse = rng.integers(0, 256, (h // 40 + 2, w // 40 + 2, 3), dtype=np.uint8)
    out = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC)
    out = cv2.add(out, rng.integers(0, 12, out.shape, dtype=np.uint8))
    for _ in range(int(rng.integers(0, FACES + 1))):
        person = people[int(rng.integers(len(people)))]
        height = int(rng.integers(40, min(500, h)))
        width = height * person.shape[1] // person.shape[0]
        x, y = int(rng.integers(0, w - width)), int(rng.integers(0, h - height + 1))
        out[y : y + height, x : x + width] = cv2.resize(person, (width, height), interpolation=cv2.INTER_AREA)
    return out


def write(folder: Path, count: int) -> Path:
    """Write ``count`` scenes as JPEG of quality 90 into a folder, those that are there already excepted."""
    folder.mkdir(parents=True, exist_ok=True)
    people = sources()
    for index in range(count):
        file = folder / f"{index:06d}.jpg"
        if not file.exists():
            cv2.imwrite(str(file), scene(index, people), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return folder
