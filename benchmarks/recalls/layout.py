"""Where faces go in a scene, decided before a pixel is drawn, so that a cell's scenes can be counted in no time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.recalls.cells import Cell

PLAIN_WH = (640, 480)
APART_RATIO = 1.5
"""Heads keep a distance: their boxes grown by this do not overlap, so that hair and ears are whole."""
TRIES = 80
ASPECT = 0.77
"""Width of a face's box over its height, about the mean of detectors' boxes; only where space is planned with it."""
TIGHT, WIDE = (1.35, 1.8), 1.6
"""Height of a picture with one large face over the face's; and of one with two, which is as wide as both need."""


@dataclass(frozen=True)
class Spot:
    """One face to be put in.

    Attributes:
        person: index into the portraits.
        centre_xy: centre of the face.
        height_px: height before it is rolled.
        roll_deg: clockwise as seen.
    """

    person: int
    centre_xy: tuple[float, float]
    height_px: float
    roll_deg: float


@dataclass(frozen=True)
class Layout:
    """One scene: its size as seen, and its faces."""

    index: int
    size_wh: tuple[int, int]
    spots: tuple[Spot, ...]


def layouts(cell: Cell, seed: int, people: int, faces: int) -> Iterator[Layout]:
    """Yield the layouts of a cell until they hold ``faces`` faces, or are so many for a cell without faces."""
    index = done = 0
    while done < faces:
        made = layout(cell, seed, people, index)
        yield made
        index, done = index + 1, done + (len(made.spots) if cell.faces else 1)


def layout(cell: Cell, seed: int, people: int, index: int) -> Layout:
    """Return one layout; the same for the same arguments."""
    rng = np.random.default_rng([seed, cell.seed, index, 0])
    if not cell.faces:
        return Layout(index, cell.size_wh or PLAIN_WH, ())
    low, high = np.log(cell.heights_px)
    heights = np.exp(rng.uniform(low, high, cell.faces))
    if cell.fill is not None:
        size_wh, middle = _filled(cell.fill, rng, float(heights[0]))
        spot = Spot(int(rng.integers(people)), middle, float(heights[0]), cell.roll_deg)
        return Layout(index, size_wh, (spot,))
    size_wh = _size(cell, rng, float(heights.max()))
    taken: list[tuple[float, float, float, float]] = []
    spots = []
    for height in heights:
        half = half_sides(float(height), cell.roll_deg)
        centre = _free(cell, rng, size_wh, half, taken)
        if centre is not None:
            grown = [side * APART_RATIO for side in half]
            taken.append((centre[0] - grown[0], centre[1] - grown[1], centre[0] + grown[0], centre[1] + grown[1]))
            spots.append(Spot(int(rng.integers(people)), centre, float(height), cell.roll_deg))
    return Layout(index, size_wh, tuple(spots))


def half_sides(height_px: float, roll_deg: float) -> tuple[float, float]:
    """Return half the width and height of the upright box around a rolled face of mean proportions.

    Examples:
        >>> half_sides(100, 90)
        (50.0, 38.5)
    """
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    p, q = height_px * ASPECT / 2, height_px / 2
    return round(math.hypot(p * cos, q * sin), 6), round(math.hypot(p * sin, q * cos), 6)


def _size(cell: Cell, rng: Generator, height: float) -> tuple[int, int]:
    """Return the size of a scene: the one asked for, enlarged where the face does not fit, or a plain one."""
    if cell.size_wh:
        return cell.size_wh
    w, h = PLAIN_WH if cell.long_side_px is None else (cell.long_side_px, cell.long_side_px * 3 // 4)
    if h >= TIGHT[0] * height:
        return w, h
    if rng.random() < 0.5:
        h = round(height * math.exp(rng.uniform(*np.log(TIGHT))))
        return h * 4 // 3, h
    return round(height * 2.1 * APART_RATIO), round(height * WIDE)


def _free(
    cell: Cell,
    rng: Generator,
    size_wh: tuple[int, int],
    half: tuple[float, float],
    taken: list[tuple[float, float, float, float]],
) -> tuple[float, float] | None:
    """Return a centre at which a face fits, the whole head within the picture where there is room, or none."""
    grown = [side * APART_RATIO for side in half]
    for _ in range(TRIES):
        centre = [0.0, 0.0]
        for axis, (side, space) in enumerate(zip(half, size_wh, strict=True)):
            margin = grown[axis] if 2 * grown[axis] <= space else side * 1.04
            centre[axis] = float(rng.uniform(margin, max(margin, space - margin)))
        if cell.cut:
            _at_border(cell.cut, centre, half, size_wh)
        x, y = centre
        inside = all(
            x + grown[0] <= t[0] or x - grown[0] >= t[2] or y + grown[1] <= t[1] or y - grown[1] >= t[3] for t in taken
        )
        if inside:
            return x, y
    return None


def _at_border(
    cut: tuple[str, float], centre: list[float], half: tuple[float, float], size_wh: tuple[int, int]
) -> None:
    """Move a centre, in place, so that the share asked for is beyond the side."""
    side, share = cut
    axis = 0 if side in ("left", "right") else 1
    inside = half[axis] * (1 - 2 * share)
    centre[axis] = inside if side in ("left", "top") else size_wh[axis] - inside


def _filled(fill: float, rng: Generator, height: float) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return size and centre of a portrait cropped tightly.

    It is as high as the face over ``fill``, and between a face's proportions and square.
    """
    h = max(1, round(height / fill))
    w = max(1, round(h * rng.uniform(ASPECT, 1.0)))
    centre = (w * (0.5 + rng.uniform(-0.03, 0.03)), h * (0.5 + rng.uniform(-0.03, 0.03)))
    return (w, h), centre
