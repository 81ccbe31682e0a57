"""A drawn person, painted from the back to the front, turned as a head is turned."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.drawing import Points, curve, oval, pair, stamp
from anonymizer_udfs.methods import hair
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.heads import Head
from anonymizer_udfs.methods.looks import Colour, Looks, Palette, between

Corner = tuple[float, float]
_TORSO = ((0.32, 0.8), (0.5, 0.94), (0.76, 1.04), (1.12, 1.16), (1.37, 1.44), (1.46, 2.0), (1.46, 3.3))
_NECK = ((0.35, 0.2), (0.33, 0.7), (0.35, 0.88), (0.44, 0.96))
_CHIN_SHADOW = ((0.28, 0.4), (0.28, 0.64), (0.15, 0.76))
"""Right sides, from above to below."""
_BODY_DEPTH, _HAIR_DEPTH, _EAR_DEPTH = -0.5, -0.6, -0.5
_EYE_Y, _MOUTH_Y = -0.158, 0.315
_SIDEWAYS_DEGREES = 10.0


@dataclass(frozen=True, eq=False)
class Painter:
    """A canvas, and where on it a head lies.

    Attributes:
        canvas: float32 ``(c + 1, h, w)``: planes of light in [0, 1], and how much of a pixel the person covers.
        facing: where it lies on the canvas.
        head: how it is turned.
        palette: what it is painted with.
        looks: what it looks like.
    """

    canvas: NDArray[np.float32]
    facing: Facing
    head: Head
    palette: Palette
    looks: Looks

    def fill(self, shape: Points, colour: Colour, soft: float = 0.0, *, outer: bool = True) -> None:
        """Paint a shape that is given as it is seen.

        Args:
            shape: in the face's coordinates.
            colour: what with.
            soft: standard deviation of its edge's blur, in widths of the face's box.
            outer: whether it may reach where nothing of the person is yet.
        """
        _, h, w = self.canvas.shape
        over = stamp(self.facing.pixels(shape), (h, w), soft * self.facing.width_px)
        over.onto(self.canvas if outer else self.canvas[:-1], (*colour, 1.0) if outer else colour)

    def on_face(self, shape: Points, colour: Colour, lift: float = 0.0, soft: float = 0.0) -> None:
        """Paint a shape onto the face that is given as it would be seen from the front; ``lift`` is over the skin."""
        self.fill(self.head.lifted(shape, lift), colour, soft, outer=False)

    def in_space(self, shape: NDArray[np.float64], colour: Colour, soft: float) -> None:
        """Paint a shape of the face that is given in space, ``(..., n, 3)``."""
        self.fill(self.head.seen(shape[..., 0], shape[..., 1], shape[..., 2]), colour, soft, outer=False)

    def standing(self, shape: Points, depth: float, colour: Colour, soft: float = 0.006) -> None:
        """Paint a flat shape that stands at one depth."""
        self.fill(self.head.seen(shape[:, 0], shape[:, 1], depth), colour, soft)


def paint(painter: Painter, *, features: bool) -> None:
    """Paint a person, with the features of a face or none."""
    worn = hair.worn(painter.looks.style)
    if worn.behind:
        painter.standing(curve(_both_sides(worn.behind)), _HAIR_DEPTH, painter.palette.hair_back, 0.012)
    _body(painter)
    yaw = painter.head.yaw_degrees
    near = -1 if yaw > _SIDEWAYS_DEGREES else 1 if yaw < -_SIDEWAYS_DEGREES else 0
    ears = () if worn.over_ears else (-1, 1)
    for side in ears:
        if side != near:
            _ear(painter, side)
    _skin(painter)
    if near in ears:
        _ear(painter, near)
    if features:
        _eyes(painter)
        _brows(painter)
        _nose(painter)
        _mouth(painter)
    _hair(painter, worn)


def _both_sides(right: Sequence[Corner]) -> list[Corner]:
    """Return a right side, from above to below, and its mirror image back up."""
    return [*right, *((-x, y) for x, y in reversed(right))]


def _body(painter: Painter) -> None:
    """Paint shoulders, and the neck with the chin's shadow on it."""
    palette, low = painter.palette, between(0.1, 0.3, painter.looks.collar)
    painter.standing(curve(_both_sides(_TORSO)), _BODY_DEPTH, palette.clothes)
    painter.standing(oval((0, 0.95), (0.45, low)), _BODY_DEPTH, palette.collar)
    painter.standing(oval((0, 0.91), (0.42, low)), _BODY_DEPTH, palette.shade)
    painter.standing(np.array(_both_sides(_NECK)), _BODY_DEPTH, palette.shade)
    painter.standing(curve(_both_sides(_CHIN_SHADOW)), _BODY_DEPTH, palette.deep, 0.03)


def _ear(painter: Painter, side: int) -> None:
    turn = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    back = np.cos(turn)
    for size, colour in ((1.0, painter.palette.shade), (0.55, painter.palette.deep)):
        depth = _EAR_DEPTH - 0.11 * size * back
        out = side * (0.56 + 0.05 * (1 + back))
        painter.fill(painter.head.seen(out, -0.04 + 0.16 * size * np.sin(turn) - 0.03 * back, depth), colour, 0.006)


def _skin(painter: Painter) -> None:
    """Paint the head, darker towards its edges as what is round is."""
    outline = painter.head.outline()
    painter.fill(outline, painter.palette.shade, 0.008)
    centre = outline.mean(0)
    painter.fill((outline - centre) * [0.82, 0.88] + centre, painter.palette.skin, 0.05, outer=False)


def _eyes(painter: Painter) -> None:
    palette, looks = painter.palette, painter.looks
    w = between(0.095, 0.12, looks.eyes)
    h, x = 0.44 * w, between(0.225, 0.25, looks.apart)

    def shape(corners: Sequence[Corner]) -> Points:
        return pair(curve(corners) * [w, h] + [x, _EYE_Y])

    painter.on_face(pair(oval((x, _EYE_Y - 0.01), (0.15, 0.1))), palette.shade, soft=0.035)
    painter.on_face(shape([(-1, 0.15), (-0.45, -0.8), (0.35, -1), (1, -0.1), (0.45, 0.75), (-0.4, 0.8)]), palette.white)
    iris = np.clip(oval((x, _EYE_Y), (0.45 * w, 0.45 * w)), [-1, _EYE_Y - 0.95 * h], [1, _EYE_Y + 0.75 * h])
    painter.on_face(pair(iris), palette.iris)
    painter.on_face(pair(oval((x, _EYE_Y), (0.2 * w, 0.2 * w), 24)), palette.dark)
    # The glints are on the same side of both.
    painter.on_face(pair(oval((x, _EYE_Y), (0.08 * w, 0.08 * w), 12)) - [0.15 * w, 0.18 * w], palette.white)
    lid = [(-1.05, 0.25), (-0.5, -0.95), (0.35, -1.25), (1.15, -0.25), (0.4, -0.85), (-0.45, -0.65)]
    painter.on_face(shape(lid), palette.dark)
    fold = [(-0.9, -0.9), (-0.3, -1.7), (0.5, -1.75), (1.1, -0.9), (0.5, -1.5), (-0.3, -1.5)]
    painter.on_face(shape(fold), palette.shade)


def _brows(painter: Painter) -> None:
    thick = between(0.55, 1.25, painter.looks.brows)
    y = between(-0.275, -0.315, painter.looks.brow_height)
    arch = [(0.11, 0.0), (0.22, -0.03), (0.33, -0.035), (0.4, 0.02), (0.32, 0.0), (0.22, 0.01), (0.115, 0.04)]
    painter.on_face(pair(curve(arch) * [1, thick] + [0, y]), painter.palette.brow, soft=0.008)


def _nose(painter: Painter) -> None:
    palette, w = painter.palette, between(0.085, 0.115, painter.looks.nose)
    flank = [(0.05, -0.15, 0.07), (0.035, 0.0, 0.13), (0.06, 0.1, 0.12), (w, 0.14, 0.08), (0.9 * w, 0.05, 0.07)]
    painter.in_space(pair(curve([*flank, (0.075, -0.05, 0.07)])), palette.shade, 0.02)
    ridge = [(0.0, -0.2, 0.08), (0.025, -0.02, 0.15), (0.035, 0.08, 0.19), (0.0, 0.12, 0.2)]
    painter.in_space(curve([*ridge, (-0.035, 0.08, 0.19), (-0.025, -0.02, 0.15)]), palette.shine, 0.015)
    tip = [(-w, 0.125, 0.08), (-0.05, 0.12, 0.15), (0.0, 0.14, 0.19), (0.05, 0.12, 0.15), (w, 0.125, 0.08)]
    base = [(0.6 * w, 0.16, 0.09), (0.0, 0.175, 0.12), (-0.6 * w, 0.16, 0.09)]
    painter.in_space(curve([*tip, *base]), palette.deep, 0.008)
    hole = [(0.02, 0.148, 0.13), (0.045, 0.138, 0.12), (0.07, 0.15, 0.1), (0.045, 0.158, 0.11)]
    painter.in_space(pair(curve(hole)), palette.nostril, 0.004)


def _mouth(painter: Painter) -> None:
    palette, looks = painter.palette, painter.looks
    w, full, up = between(0.17, 0.21, looks.mouth), between(0.7, 1.2, looks.lips), between(0.0, 0.035, looks.smile)
    left, right, y = (-w, _MOUTH_Y - up), (w, _MOUTH_Y - up), _MOUTH_Y + 0.3 * up
    painter.on_face(oval((0, y + 0.1), (0.11, 0.025)), palette.shade, soft=0.02)
    low = [(0.09, y + 0.055 * full), (0.0, y + 0.068 * full), (-0.09, y + 0.055 * full)]
    painter.on_face(curve([left, (0.0, y - 0.005), right, *low]), palette.lip_low, 0.03)
    high = [(-0.07, y - 0.045 * full), (0.0, y - 0.032 * full), (0.07, y - 0.045 * full)]
    painter.on_face(curve([left, *high, right, (0.0, y + 0.015)]), palette.lips, 0.03)
    line = [(0.0, y - 0.006), right, (0.08, y + 0.008), (0.0, y + 0.012), (-0.08, y + 0.008)]
    painter.on_face(curve([left, *line]), palette.lip_line, 0.03)


def _hair(painter: Painter, worn: hair.Hair) -> None:
    """Paint what of the hair lies on the head, with the light from above."""
    cap = worn.cap(painter.head)
    painter.fill(cap, painter.palette.hair, 0.01)
    top, middle = cap[:, 1].min(), cap[:, 0].mean()
    shine = oval((float(middle), float(top) + 0.2), (0.3, 0.07))
    painter.fill(shine, painter.palette.hair_shine, 0.05, outer=False)
