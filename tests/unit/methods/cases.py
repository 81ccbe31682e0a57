"""Drawn faces, patches and strengths that the tests of methods share."""

import math

import cv2
import numpy as np
from hypothesis import strategies as st

from anonymizer_udfs.methods import (
    Avatar,
    Blur,
    DpDct,
    DpPix,
    KSame,
    Latent,
    Mask,
    Method,
    Noise,
    Patch,
    Pixelate,
    Recolor,
    Regions,
    Scramble,
    StandIn,
    Swap,
    Target,
    Warp,
)
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.methods.facing import POINTS

LADDERS: dict[str, tuple[Method, ...]] = {
    "mask": (Mask(form="ellipse"), Mask(form="silhouette"), Mask(), Mask(level_ratio=0.0)),
    "pixelate": (
        *(Pixelate(cells, noise_ratio=0) for cells in (16, 12, 8, 5)),
        *(Pixelate(5, noise_ratio) for noise_ratio in (0.05, 0.1, 0.3)),
        Pixelate(1),
    ),
    "noise": (Noise(0.5, "local"), Noise(1.0), Noise(2.0), Noise(2.0, "local"), Noise(4.0), Noise(8.0), Noise(16.0)),
    "scramble": tuple(Scramble("tiles", cells) for cells in (2, 4, 8, 16)),
    "recolor": (Recolor(64, 0.0), Recolor(16, 0.5), Recolor(6, 0.7), Recolor(2, 1.0)),
    "dp_pix": (
        *(DpPix(epsilon, cells=12) for epsilon in (8.0, 2.0)),
        *(DpPix(0.5, cells=cells) for cells in (7, 12)),
        *(DpPix(0.1, ratio, cells) for ratio, cells in ((16 / 112**2, 7), (0.01, 3))),
    ),
    "dp_dct": (DpDct(1000, 8), DpDct(1000, 4), DpDct(100, 4), DpDct(30, 4), DpDct(3, 2)),
    "avatar": (Avatar(levels=32, noise_ratio=0.0), Avatar(levels=12, noise_ratio=0.05), Avatar()),
    "k_same": (KSame(2), KSame(20)),
    "warp": tuple(Warp(amplitude) for amplitude in (0.02, 0.05, 0.1, 0.15, 0.25)),
    "regions": (
        *(Regions(count, Pixelate(5, 0), Pixelate(16, 0)) for count in (1, 2, 3, 4)),
        Regions(4, Mask(), Pixelate(16, 0)),
        Regions(4, Mask(), Pixelate(8, 0)),
    ),
    # Without their models, both fill; what they draw is in test_latent.py and test_swap.py.
    "latent": (Latent(0.0), Latent(0.5), Latent(1.0)),
    "swap": (Swap(),),
    "surrogate": (StandIn(cells=8), StandIn(8, 6), StandIn(8, 5), StandIn(8, 3), StandIn(8, 2), StandIn(8, 1)),
    "blur": (Blur(0.1), Blur(0.2), Blur(0.3), Blur(0.5), Blur(1.0)),
}
"""Each member's strengths, mild to strong."""
OTHERS: dict[str, tuple[Method, ...]] = {
    "scramble": (Scramble("phases"),),
    "mask": (Mask(form="icon"), Mask(0.9, "icon")),
    "avatar": (Avatar("silhouette"), Avatar("silhouette", 4, 1.0)),
    "regions": (
        Regions(),
        Regions(["mouth"], Scramble("phases"), Noise()),
        Regions(["periphery", "nose"], DpDct(), Warp()),
        Regions(3, Mask(), Scramble("tiles")),
    ),
}
"""What stands on no ladder with them: likeness pixel by pixel says nothing of how it compares."""

FACE_BOX = (60.0, 50.0, 140.0, 150.0)
FACE_HW = (200, 200)


def placed(points: np.ndarray, width_px: float, roll_degrees: float, centre: tuple[float, float]) -> Landmarks:
    """Return points of a face as they lie in a patch where it is turned, so large, about a centre."""
    turn = math.radians(roll_degrees)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return tuple((float(x), float(y)) for x, y in points @ (width_px * matrix).T + centre)


def drawn_points(roll_degrees: float) -> Landmarks:
    """Return landmarks of a face that fills ``FACE_BOX``, as they lie where it is turned."""
    return placed(np.array(POINTS), 80, roll_degrees, (100, 100))


def rng(seed: int = 1) -> np.random.Generator:
    """Return a generator as the pipeline makes them."""
    return np.random.Generator(np.random.Philox(seed))


def face(seed: int = 0) -> Patch:
    """Return a drawn face, uint8 ``(200, 200, 3)``, whose features lie within ``FACE_BOX`` and vary with ``seed``."""
    draw = np.random.default_rng(seed)
    skin, hair, lips = ((int(a), int(b), int(c)) for a, b, c in draw.integers([90, 20, 120], [240, 90, 200], (3, 3)))
    picture = np.full((*FACE_HW, 3), 60, np.uint8)
    cv2.ellipse(picture, (100, 90), (55, 65), 0, 0, 360, hair, -1)
    cv2.ellipse(picture, (100, 100), (40, 50), 0, 0, 360, skin, -1)
    apart, low = int(draw.integers(12, 22)), int(draw.integers(118, 134))
    for side in (-1, 1):
        cv2.circle(picture, (100 + side * apart, 88), 6, (250, 250, 250), -1)
        cv2.circle(picture, (100 + side * apart, 88), 3, (30, 30, 30), -1)
    cv2.line(picture, (100, 92), (100, 110), hair, 2)
    cv2.ellipse(picture, (100, low), (14, 5), 0, 0, 360, lips, -1)
    grain = draw.integers(-6, 7, picture.shape)
    return np.clip(picture.astype(np.int64) + grain, 0, 255).astype(np.uint8)


def similarity(a: Patch, b: Patch) -> float:
    """Return the correlation of two pictures' grey values within the face's box; 0 where one of them is flat."""
    x0, y0, x1, y1 = (int(v) for v in FACE_BOX)
    x, y = (p[y0:y1, x0:x1].mean(2).ravel() - p[y0:y1, x0:x1].mean() for p in (a, b))
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / norm if norm > 1e-6 * x.size else 0.0


@st.composite
def patches(draw: st.DrawFn) -> tuple[Patch, Target]:
    """Draw a patch of any depth, channels and size up to 40, and a box that may be empty or reach over its edge."""
    h, w = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels, alpha = draw(st.sampled_from([(1, None), (2, 1), (3, None), (4, 3), (4, None)]))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    noise = np.random.default_rng(draw(st.integers(0, 99)))
    patch = noise.integers(0, np.iinfo(dtype).max, (h, w, channels), dtype, endpoint=True)
    x0, y0 = draw(st.floats(-20, 40)), draw(st.floats(-20, 40))
    return patch, Target((x0, y0, x0 + draw(st.floats(0, 60)), y0 + draw(st.floats(0, 60))), alpha)
