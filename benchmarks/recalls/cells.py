"""The grid: one factor at a time from a plain scene, 200 random combinations, and what the headline figures need.

A plain scene is 640x480 (larger where the face needs it) with up to six upright faces of 32 to 64 pixels, encoded as
JPEG of quality 90 with 4:2:0 chroma. To add a factor: a field of ``Cell`` that ``layout`` or ``scenes`` heeds, and a
function here that yields its cells.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

HEIGHTS = (8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1200)
ROLLS = tuple(range(0, 360, 15))
SIDES = ("left", "top", "right", "bottom")
CUTS = (0.25, 0.4)
OCCLUSIONS = ("sunglasses", "mask", "hand")
GAINS = (0.5, 0.25, 0.12)
BLURS = (("gauss", 1.0), ("gauss", 2.0), ("gauss", 3.0), ("motion", 7.0), ("motion", 15.0))
QUALITIES = (95, 50, 20, 10)
FILLS = (0.9, 1.0, 1.1, 1.2, 1.3)
SIDES_PX = (320, 640, 1280, 2560, 4000)
EMPTY_SIZES_WH = ((320, 240), (640, 480), (1280, 960), (1920, 1440))
COMBINED_SIDES_PX = (320, 960, 1280, 1920)
COMBINATIONS, COMBINED_SHARE = 200, 0.3
PLAIN_HEIGHTS = (32.0, 64.0)
PLAIN_FACES = 6


@dataclass(frozen=True)
class Cell:
    """What is asked of the scenes of one cell.

    Attributes:
        name: unique; the seed of its scenes is made of it.
        factor: which factor it varies.
        heights_px: least and greatest height of a face before it is rolled, drawn evenly on a logarithmic scale.
        roll_deg: clockwise as seen.
        orientation: EXIF 1 to 8; the picture seen is the same.
        cut: which side of the picture cuts the faces, and which share of a face's box lies outside.
        occlusion: what is before the face, one of ``OCCLUSIONS``.
        gain: what every sample is multiplied with.
        blur: ``gauss`` and sigma, or ``motion`` and length, in pixels.
        quality: of the JPEG.
        grey: a JPEG of one component.
        fill: height of the face over that of the picture, for portraits cropped tightly.
        long_side_px: of the picture, 4:3; where none is given, ``layout`` decides.
        size_wh: the picture's exact size, where the cell is about that.
        faces: most faces in a scene, 0 for none at all.
    """

    name: str
    factor: str
    heights_px: tuple[float, float] = PLAIN_HEIGHTS
    roll_deg: float = 0.0
    orientation: int = 1
    cut: tuple[str, float] | None = None
    occlusion: str | None = None
    gain: float = 1.0
    blur: tuple[str, float] | None = None
    quality: int = 90
    grey: bool = False
    fill: float | None = None
    long_side_px: int | None = None
    size_wh: tuple[int, int] | None = None
    faces: int = PLAIN_FACES

    @property
    def seed(self) -> int:
        """A number made of the name, so that a cell's scenes do not change when others are added."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8], "big")

    @property
    def upright(self) -> bool:
        """Whether faces stand upright in the picture as it is seen."""
        return self.roll_deg % 360 == 0


def grid() -> Iterator[Cell]:
    """Yield the cells of one factor each."""
    yield from (Cell(f"height-{h:04d}", "height", (h, h)) for h in HEIGHTS)
    yield from (Cell(f"roll-{a:03d}", "roll", roll_deg=a) for a in ROLLS)
    yield from (Cell(f"roll-large-{a:03d}", "roll-large", (96, 192), roll_deg=a) for a in ROLLS[::2])
    yield from (Cell(f"exif-{o}", "exif", orientation=o) for o in range(1, 9))
    yield from (
        Cell(f"border-{side}-{round(share * 100)}", "border", cut=(side, share))
        for side, share in itertools.product(SIDES, CUTS)
    )
    yield from (Cell(f"occlusion-{what}", "occlusion", occlusion=what) for what in OCCLUSIONS)
    yield from (Cell(f"dark-{gain}", "dark", gain=gain) for gain in GAINS)
    yield from (Cell(f"blur-{kind}-{amount:g}", "blur", blur=(kind, amount)) for kind, amount in BLURS)
    yield from (Cell(f"jpeg-{quality}", "jpeg", quality=quality) for quality in QUALITIES)
    yield Cell("grey", "grey", grey=True)
    yield Cell("crowd-small", "crowd", (16, 24), size_wh=(1600, 1200), faces=200)
    yield Cell("crowd-medium", "crowd", (24, 48), size_wh=(1920, 1440), faces=200)
    for ratio, (name, low, high) in itertools.product(FILLS, (("small", 96, 360), ("large", 360, 1280))):
        yield Cell(f"fill-{ratio}-{name}", "fill", (low * ratio, high * ratio), fill=ratio, faces=1)
    yield from (Cell(f"scene-{px:04d}", "scene", (24, 48), long_side_px=px) for px in SIDES_PX)


def empty() -> Iterator[Cell]:
    """Yield the cells without a face."""
    yield from (Cell(f"empty-{w:04d}", "empty", size_wh=(w, h), faces=0) for w, h in EMPTY_SIZES_WH)


def extra() -> Iterator[tuple[Cell, int]]:
    """Yield cells that fill the groups of the headline figures up to 3,000 faces, with how many faces each takes."""
    yield Cell("extra-12-16", "extra", (12, 16)), 1000
    yield Cell("extra-16-24", "extra", (16, 24)), 2400
    yield Cell("extra-fill", "extra", (128, 1280), fill=1.1, faces=1), 300


def combinations() -> Iterator[Cell]:
    """Yield the random combinations: any height, and each other factor off its plain value with a chance of 30%.

    Heights above 256 pixels, of which one or two go into a scene of many megapixels, come a tenth as often as others,
    and faces of 96 to 256 pixels have scenes of 1280x960 where no other size is drawn, so that several fit. Frames
    filled by a face, which take no other size, cut or neighbour, are a tenth of those of 96 pixels and more.
    """
    weights = np.array([0.1 if height > 256 else 1.0 for height in HEIGHTS])
    for i in range(COMBINATIONS):
        rng = np.random.default_rng([COMBINATIONS, i])
        height = float(rng.choice(HEIGHTS, p=weights / weights.sum()))
        side = 1280 if 96 <= height <= 256 else None
        cell = Cell(f"random-{i:03d}", "random", (height, height), long_side_px=side)
        changed = {name: draw(rng) for name, draw in _DRAWS.items() if rng.random() < COMBINED_SHARE}
        if height >= 96 and rng.random() < 0.1:
            changed |= {"fill": float(rng.choice(FILLS)), "cut": None, "long_side_px": None, "faces": 1}
        yield replace(cell, **changed)


_DRAWS: dict[str, Callable[[np.random.Generator], Any]] = {
    "roll_deg": lambda rng: float(rng.integers(360)),
    "orientation": lambda rng: int(rng.integers(2, 9)),
    "cut": lambda rng: (SIDES[int(rng.integers(4))], float(rng.choice(CUTS))),
    "occlusion": lambda rng: OCCLUSIONS[int(rng.integers(3))],
    "gain": lambda rng: float(rng.choice(GAINS)),
    "blur": lambda rng: BLURS[int(rng.integers(len(BLURS)))],
    "quality": lambda rng: int(rng.choice(QUALITIES)),
    "grey": lambda _: True,
    "long_side_px": lambda rng: int(rng.choice(COMBINED_SIDES_PX)),
}
"""What a combination changes, and how each value is drawn."""
