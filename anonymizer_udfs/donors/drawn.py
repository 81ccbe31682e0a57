"""Drawn donors: faces of nobody, from numbers alone."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import features, shape
from anonymizer_udfs.donors.relief import Plane, bell, blurred, lines, lit, relief
from anonymizer_udfs.donors.shape import Points

Canvas = NDArray[np.float32]
"""Light in [0, 1], ``(h, w, 3)``: red, green and blue."""

TONES = ((0.86, 0.67, 0.58), (0.79, 0.58, 0.47), (0.66, 0.46, 0.34), (0.47, 0.32, 0.24))
"""Skins from light to dark, as a photo shows them in full light."""
_HAIR = (
    ((0.42, 0.3, 0.2), (0.3, 0.21, 0.15), (0.2, 0.15, 0.11), (0.34, 0.31, 0.29)),
    ((0.3, 0.21, 0.15), (0.22, 0.16, 0.12), (0.15, 0.11, 0.09), (0.3, 0.28, 0.26)),
    ((0.17, 0.12, 0.09), (0.13, 0.1, 0.08), (0.11, 0.08, 0.07), (0.24, 0.22, 0.2)),
    ((0.09, 0.07, 0.06), (0.08, 0.06, 0.05), (0.1, 0.07, 0.06), (0.19, 0.17, 0.16)),
)
"""Of brows, by skin."""
_IRISES = (
    ((0.36, 0.42, 0.46), (0.33, 0.36, 0.28), (0.33, 0.24, 0.16), (0.38, 0.4, 0.4)),
    ((0.32, 0.33, 0.3), (0.3, 0.22, 0.14), (0.24, 0.16, 0.1), (0.3, 0.24, 0.17)),
    ((0.24, 0.16, 0.1), (0.2, 0.13, 0.08), (0.22, 0.15, 0.1), (0.18, 0.12, 0.08)),
    ((0.17, 0.11, 0.07), (0.14, 0.09, 0.06), (0.16, 0.1, 0.07), (0.13, 0.09, 0.06)),
)
EACH_TONE = 6
YOUNGEST, OLDEST = 25.0, 65.0
"""Years that the first and the last faces of a tone are drawn to look like; nobody was asked how old they do."""
WAYS = 7
_SPREAD = np.array([0.045, 0.02, 0.04, 0.03, 0.06, 0.06, 0.03])
"""Standard deviations of how drawn faces differ, in distances of the eyes: by the ways of :func:`shaped`."""
_SEED = 20
_EDGE = (0.3, 0.26, 0.2)
_UP = ((-0.415, 0.618), (-0.29, 0.565), (-0.12, 0.512), (-0.045, 0.505), (0.0, 0.522))
_LOW = ((0.415, 0.618), (0.3, 0.7), (0.15, 0.765), (0.0, 0.782))


@dataclass(frozen=True)
class Looks:
    """What one drawn face looks like; shares in [0, 1].

    Attributes:
        tone: the colour of its skin in full light, RGB.
        hair: that of its brows.
        iris: that of its eyes.
        age: how deep folds are.
        brows: how thick.
        lips: how red.
        beard: how much of a shaved one shows.
        lashes: how dark.
    """

    tone: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    age: float
    brows: float
    lips: float
    beard: float
    lashes: float

    @classmethod
    def of(cls, tone: int, number: int, rng: np.random.Generator) -> "Looks":
        """Return the looks of one of the faces of a tone: half of them look like women, half like men."""
        man, old = number % 2, _old(number)
        grey = 3 if old == 1 else int(rng.integers(3))
        return cls(
            tone=TONES[tone],
            hair=_HAIR[tone][grey],
            iris=_IRISES[tone][int(rng.integers(4))],
            age=0.15 + 0.65 * old,
            brows=0.2 + 0.35 * man + 0.2 * float(rng.random()),
            lips=0.65 - 0.4 * man + 0.2 * float(rng.random()),
            beard=man * (0.12 + 0.3 * float(rng.random())),
            lashes=1 - 0.6 * man,
        )


@functools.cache
def _relief(age: float) -> tuple[Plane, Plane]:
    return lit(relief(age))


def face(looks: Looks, rng: np.random.Generator) -> Canvas:
    """Return a drawn face; some 40 ms."""
    light, shine = _relief(looks.age)
    out = _skin(looks, rng) * _scattered(light)
    _lips(out, looks, rng)
    _nostrils(out)
    fine = 1 + 0.1 * noise(rng, 0.012) + 0.1 * noise(rng, 0.03)
    out += (0.07 * shine * fine)[..., None] * np.array([1, 0.98, 0.95], np.float32)
    h, w = shape.SIZE_HW
    large = cv2.resize(out, (w * features.FINER, h * features.FINER), interpolation=cv2.INTER_LINEAR)
    features.eyes(large, np.array(looks.tone), np.array(looks.iris), looks.lashes, rng)
    features.brows(large, np.array(looks.hair), looks.brows, rng)
    return np.asarray(np.clip(cv2.resize(large, (w, h), interpolation=cv2.INTER_AREA), 0, 1), np.float32)


def shaped(amounts: NDArray[np.float64]) -> Points:
    """Return the points of a face whose nose, mouth, jaw and brows differ from the canvas's by given amounts.

    Args:
        amounts: ``(7,)``: length and width of the nose, width and height of the mouth, width of the jaw, length of the
            chin, height of the brows, in distances of the eyes.
    """
    out = shape.NEUTRAL.copy()
    long, broad, wide, low, jaw, chin, brows = amounts
    nose = out[27:36]
    share = (nose[:, 1:] - nose[0, 1]) / (nose[6, 1] - nose[0, 1])
    nose += share * (0.0, long)
    nose[4:, 0] *= 1 + broad / 0.23
    mouth = out[48:68]
    mouth[:, 0] *= 1 + wide / 0.83
    mouth[:, 1] += 0.6 * long + low
    below = np.clip((out[:17, 1:] + 0.4) / 1.9, 0, 1)
    out[:17] *= 1 + below * (1 - below) * (4 * jaw, 0)
    out[:17] += below**2 * (0.0, 0.6 * long + chin)
    out[17:27, 1] += brows
    return out


def all_of_them() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the drawn faces that ship, uint8 ``(n, h, w, 3)``, and their points, float32 ``(n, 68, 2)``."""
    canvases, points = [], []
    for tone in range(len(TONES)):
        for number in range(EACH_TONE):
            rng = np.random.Generator(np.random.Philox([_SEED, tone, number]))
            looks = Looks.of(tone, number, rng)
            points.append(shaped(rng.normal(0, 1, WAYS) * _SPREAD))
            canvases.append(np.rint(face(looks, rng) * np.float32(255)).astype(np.uint8))
    return np.stack(canvases), np.stack(points).astype(np.float32)


def years() -> NDArray[np.float32]:
    """Return how old each of the drawn faces is meant to look, float32 ``(n,)``."""
    of_a_tone = [YOUNGEST + (OLDEST - YOUNGEST) * _old(number) for number in range(EACH_TONE)]
    return np.array(of_a_tone * len(TONES), np.float32)


def _old(number: int) -> float:
    """Return how old a face of a tone is, from 0 for the first pair to 1 for the last."""
    return number // 2 / max(EACH_TONE // 2 - 1, 1)


def noise(rng: np.random.Generator, sigma: float) -> Plane:
    """Return noise of one size, in distances of the eyes, with a standard deviation of 1."""
    drawn = blurred(rng.standard_normal(shape.SIZE_HW, np.float32), sigma)
    return np.asarray(drawn / drawn.std(), np.float32)


def _skin(looks: Looks, rng: np.random.Generator) -> Canvas:
    """Return the colour of the skin, without any light."""
    x, y = shape.grid()
    red = 0.55 * bell(x, y, 0.58, 0.12, 0.2, 0.17) + 0.45 * bell(x, y, 0, 0.08, 0.14, 0.12)
    red += 0.3 * bell(x, y, 0, 1.1, 0.2, 0.15) + 0.35 * bell(x, y, 0.19, 0.2, 0.06, 0.06)
    red += 0.06 * noise(rng, 0.05) + 0.04 * noise(rng, 0.02)
    dark = 0.5 * bell(x, y, 0.42, -0.3, 0.16, 0.06) + 0.3 * bell(x, y, 0.32, -0.42, 0.05, 0.06)
    dark += 0.35 * bell(x, y, 0.52, -0.56, 0.16, 0.04)
    fine = 1 + 0.012 * noise(rng, 0.011) + 0.012 * noise(rng, 0.03)
    out = fine[..., None] * np.array(looks.tone, np.float32)
    out *= 1 - red[..., None] * np.array([0, 0.1, 0.09], np.float32)
    out *= 1 - (dark * (0.7 + 0.6 * looks.age))[..., None] * np.array([0.13, 0.17, 0.14], np.float32)
    if looks.beard:
        where = 1.2 * bell(x, y, 0, 0.95, 0.75, 0.35) + 0.9 * bell(x, y, 0, 0.43, 0.35, 0.08)
        where = np.clip(where - 0.9 * bell(x, y, 0, 0.66, 0.4, 0.12), 0, 1) * (1 + 0.25 * noise(rng, 0.012))
        out *= 1 - (looks.beard * where)[..., None] * np.array([0.42, 0.34, 0.28], np.float32)
    return np.asarray(out, np.float32)


def _scattered(light: Plane) -> Canvas:
    """Return light as skin gives it back: what goes in comes out a little beside, red the furthest."""
    planes = [0.75 * blurred(light, sigma) + 0.25 * light for sigma in (0.028, 0.016, 0.011)]
    out = np.stack(planes, 2) / np.quantile(planes[1], 0.85)
    return np.asarray(out ** np.array([0.74, 0.86, 0.93], np.float32), np.float32)


def _darken(out: Canvas, cover: Plane, by: tuple[float, float, float]) -> None:
    out *= 1 - cover[..., None] * np.array(by, np.float32)


def _lips(out: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    x, y = shape.grid()
    up, low = _mirrored(_UP, ((0.22, 0.616), (0.0, 0.622))), _mirrored(_LOW[::-1], ((0.22, 0.618), (0.0, 0.624)))
    upper, lower = (features.cover(one, 1, 0.014) for one in (up, low))
    both = np.clip(upper + lower, 0, 1)
    lined = 1 - 0.05 * np.abs(noise(rng, 0.012)[:1]) - 0.03 * np.abs(noise(rng, 0.01))
    colour = np.array([0.97 - 0.1 * looks.lips, 0.7 - 0.16 * looks.lips, 0.7 - 0.12 * looks.lips], np.float32)
    out *= 1 - (both * (0.55 + 0.45 * looks.lips))[..., None] * (1 - colour * lined[..., None])
    _darken(out, upper, (0.14, 0.14, 0.14))
    out += (0.035 * bell(x, y, 0, 0.705, 0.13, 0.02) * both * (1 + 0.5 * noise(rng, 0.008)))[..., None]
    middle = 0.617 + 0.006 * np.cos(14 * x) * np.exp(-((x / 0.2) ** 2))
    line = blurred(np.exp(-(((y - middle) / 0.01) ** 2)) * np.exp(-((np.abs(x) / 0.385) ** 10)), 0.007)
    _darken(out, line, (0.47, 0.55, 0.55))
    _darken(out, bell(x, y, 0.42, 0.62, 0.035, 0.025), (0.26, 0.3, 0.3))


def _mirrored(left: tuple[tuple[float, float], ...], back: tuple[tuple[float, float], ...]) -> Points:
    """Return a closed shape from its left side, and what leads back from the right corner to the left one."""
    half = np.array(left)
    if half[0, 0] > half[-1, 0] or half[0, 0] == 0:  # it was given from the middle to the right
        half = half[::-1] * (-1, 1)
        half = half[np.argsort(half[:, 0])]
    right = half[-2::-1] * (-1, 1)
    inner = np.array(back)
    return np.concatenate([half, right, inner[:-1], inner[-1:], inner[-2::-1] * (-1, 1)])


def _nostrils(out: Canvas) -> None:
    x, y = shape.grid()
    hole = np.array([(0.055, 0.265), (0.095, 0.238), (0.155, 0.238), (0.175, 0.258), (0.115, 0.275)])
    for side in (-1.0, 1.0):
        _darken(out, features.cover(hole * (side, 1), 1, 0.017), (0.52, 0.6, 0.6))
    _darken(out, bell(x, y, 0, 0.3, 0.16, 0.03), (0.2, 0.23, 0.23))
    _darken(out, lines(((0.245, 0.11), (0.28, 0.17), (0.268, 0.235), (0.22, 0.262)), 0.02, 0.014), (0.2, 0.2, 0.2))
