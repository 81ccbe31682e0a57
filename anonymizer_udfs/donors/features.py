"""Eyes and brows of a drawn face, on a canvas that is :data:`FINER` times as fine."""

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.shape import EYE_PX, Points
from anonymizer_udfs.drawing import Stamp, curve, stamp

Canvas = NDArray[np.float32]
Colour = NDArray[np.float64]

FINER = 2
_EYE = (0.5, -0.456)
_IRIS, _PUPIL = 0.098, 0.042
_SLIT = (
    *((-0.215, 0.03), (-0.16, -0.018), (-0.08, -0.063), (0.01, -0.077), (0.1, -0.062), (0.17, -0.022)),
    *((0.212, 0.012), (0.15, 0.046), (0.05, 0.066), (-0.05, 0.064), (-0.14, 0.048)),
)
_LASHES = (
    *((-0.222, 0.034), (-0.165, -0.022), (-0.085, -0.068), (0.01, -0.083), (0.1, -0.069), (0.175, -0.028)),
    *((0.232, 0.006), (0.17, -0.012), (0.1, -0.049), (0.01, -0.061), (-0.08, -0.047), (-0.16, -0.004)),
)
_LOWER = (
    *((-0.15, 0.05), (-0.05, 0.068), (0.05, 0.07), (0.15, 0.05)),
    *((0.215, 0.016), (0.15, 0.056), (0.05, 0.079), (-0.05, 0.076)),
)
_CORNER = ((-0.222, 0.036), (-0.195, 0.012), (-0.175, 0.026), (-0.185, 0.042))
_LID = (
    *((-0.2, -0.045), (-0.12, -0.105), (0.0, -0.132), (0.12, -0.112), (0.21, -0.05)),
    *((0.235, -0.015), (0.2, -0.062), (0.11, -0.124), (0.0, -0.146), (-0.12, -0.118)),
)
"""Of the eye on the right of the picture, from its middle."""
_BROW_X = (0.215, 0.28, 0.4, 0.55, 0.68, 0.79, 0.87)
_BROW_Y = (-0.672, -0.695, -0.722, -0.745, -0.745, -0.712, -0.665)
_BROW_HALF = (0.024, 0.038, 0.043, 0.04, 0.033, 0.023, 0.012)
_HAIRS = 230
_SPARSE = 0.15
"""Share of a brow's length, from the nose, in which hairs are few and stand upright."""


def placed(points: Points, times: int) -> Points:
    """Return where points of a face lie on a canvas so many times as fine."""
    return shape.pixels(points) * times


def cover(points: Points, times: int, soft: float) -> NDArray[np.float32]:
    """Return how much of each pixel a smooth closed curve covers; its edge is soft by so many distances of the eyes."""
    h, w = shape.SIZE_HW
    out = np.zeros((h * times, w * times), np.float32)
    found = _stamp(points, times, soft)
    out[found.rows, found.columns] = found.cover
    return out


def _stamp(points: Points, times: int, soft: float) -> Stamp:
    h, w = shape.SIZE_HW
    return stamp(curve(placed(points, times)), (h * times, w * times), soft * EYE_PX * times)


def _darken(canvas: Canvas, points: Points, soft: float, by: tuple[float, float, float]) -> None:
    found = _stamp(points, FINER, soft)
    canvas[found.rows, found.columns] *= 1 - found.cover[..., None] * np.array(by, np.float32)


def eyes(canvas: Canvas, skin: Colour, iris: Colour, lashes: float, rng: np.random.Generator) -> None:
    """Draw both eyes, in place."""
    phases = rng.random(2) * 6
    for side in (-1.0, 1.0):
        middle = np.array(_EYE) * (side, 1)

        def at(points: tuple[tuple[float, float], ...], side: float = side, middle: Points = middle) -> Points:
            return np.array(points) * (side, 1) + middle

        found = _stamp(at(_SLIT), FINER, 0.005)
        window = canvas[found.rows, found.columns]
        window += (_ball(found, middle, side=side, tones=(skin, iris), phases=phases) - window) * found.cover[..., None]
        dark = 0.68 + 0.12 * lashes
        _darken(canvas, at(_LASHES), 0.007, (0.93 * dark, 0.97 * dark, dark))
        _darken(canvas, at(_LOWER), 0.008, (0.25, 0.32, 0.32))
        found = _stamp(at(_CORNER), FINER, 0.008)
        window = canvas[found.rows, found.columns]
        window += (skin * (0.77, 0.5, 0.45) - window).astype(np.float32) * found.cover[..., None] * np.float32(0.7)
        _darken(canvas, at(_LID), 0.01, (0.32, 0.38, 0.38))


def _ball(found: Stamp, middle: Points, *, side: float, tones: tuple[Colour, Colour], phases: Colour) -> Canvas:
    """Return an eye's ball in a window of the canvas: its white, darker under the lid and at the corners, and iris."""
    (skin, iris), fine = tones, EYE_PX * FINER
    x = ((np.arange(found.columns.start, found.columns.stop) + 0.5) / fine + shape.CORNER[0] - middle[0])[None, :]
    y = ((np.arange(found.rows.start, found.rows.stop) + 0.5) / fine + shape.CORNER[1] - middle[1])[:, None]
    bright = float(skin @ (0.299, 0.587, 0.114))
    lid = np.clip(0.45 + (y + 0.08) / 0.08 * 0.45, 0.3, 1)
    round_ = np.clip(1 - 0.45 * (x / 0.23) ** 2 - 0.3 * (y / 0.2) ** 2, 0.2, 1)
    out = (round_ * lid)[..., None] * ((0.3 + 0.42 * bright) * np.array([1, 0.955, 0.93]))
    out *= 1 - np.exp(-(((x + side * 0.2) / 0.045) ** 2))[..., None] * np.array([0, 0.11, 0.1])
    away, turn = np.hypot(x, y + 0.006), np.arctan2(y, x)
    fibres = 1 + 0.11 * np.sin(17 * turn + phases[0]) + 0.1 * np.sin(31 * turn + phases[1])
    tone = (0.75 + 0.5 * np.clip(away / _IRIS, 0, 1)) * fibres * (0.8 + 0.35 * y / _IRIS)
    tone = tone * (1 - 0.55 * np.clip((away / _IRIS - 0.78) / 0.22, 0, 1)) * np.clip(lid * 1.15, 0, 1)
    out += (tone[..., None] * iris - out) * np.clip((_IRIS - away) / 0.014 + 0.5, 0, 1)[..., None]
    out += (0.025 - out) * np.clip((_PUPIL - away) / 0.01 + 0.5, 0, 1)[..., None]
    # The glint is on the same side of both.
    glint = 0.75 * np.exp(-((x + 0.028) ** 2 + (y + 0.036) ** 2) / 0.013**2)
    glint += 0.06 * np.exp(-((x - 0.03) ** 2 + (y - 0.03) ** 2) / 0.016**2)
    return np.asarray(out + (glint * bright**0.5)[..., None], np.float32)


def brows(canvas: Canvas, colour: Colour, thick: float, rng: np.random.Generator) -> None:
    """Draw both brows, in place: single hairs, and what lies between them.

    Args:
        canvas: changed.
        colour: of the hairs.
        thick: how thick, in [0, 1].
        rng: where the hairs lie.
    """
    x0, y0, x1, y1 = (round(v) for v in placed(np.array([(-1.05, -0.92), (1.05, -0.52)]), FINER).ravel())
    ink = np.zeros((y1 - y0, x1 - x0), np.uint8)
    half = np.array(_BROW_HALF) * (0.7 + 0.6 * thick)
    between = np.zeros(ink.shape, np.float32)
    for side in (-1.0, 1.0):
        for begin, end, dark in zip(*_hairs(half, thick, rng), strict=True):
            ends = (placed(np.array([begin, end]) * (side, 1), FINER) - (x0, y0) - 0.5) * 16
            first, last = (tuple(int(v) for v in np.rint(one)) for one in ends)
            cv2.line(ink, first, last, int(dark), 1, cv2.LINE_AA, 4)
        edge = np.concatenate([np.column_stack([_BROW_X, np.array(_BROW_Y) + sign * half])[::sign] for sign in (1, -1)])
        between += cover(edge * (side, 1), FINER, 0.03)[y0:y1, x0:x1]
    drawn = 0.6 * cv2.GaussianBlur(ink.astype(np.float32) / 255, (0, 0), 0.7) + 0.36 * between * (0.75 + 0.5 * thick)
    window = canvas[y0:y1, x0:x1]
    window += (colour.astype(np.float32) - window) * np.clip(0.9 * drawn, 0, 0.85)[..., None]


def _hairs(half: Colour, thick: float, rng: np.random.Generator) -> tuple[Points, Points, Colour]:
    """Return where hairs begin and end, of the brow on the right, and how dark each is."""
    count = int(_HAIRS * (0.7 + 0.6 * thick))
    along, beside = rng.random(count), 0.5 * rng.standard_normal(count)
    along = np.where(along < _SPARSE, along + 0.12 * rng.random(count), along)  # thinner towards the nose
    course = np.linspace(0, 1, len(_BROW_X))
    x, y = np.interp(along, course, _BROW_X), np.interp(along, course, _BROW_Y)
    y = y + beside * np.interp(along, course, half)
    turn = np.interp(along, [0, 0.25, 0.6, 1], [-1.25, -0.75, -0.15, 0.45]) + rng.normal(0, 0.16, count)
    turn += 0.35 * np.clip(beside, -1, 1) * (along > _SPARSE)
    length = rng.uniform(0.06, 0.11, count) * np.interp(along, [0, 0.1, 0.8, 1], [0.8, 1, 1, 0.7])
    begin = np.column_stack([x, y])
    return begin, begin + np.column_stack([np.cos(turn), np.sin(turn)]) * length[:, None], 90 + 120 * rng.random(count)
