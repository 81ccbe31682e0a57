"""Regions: which pixels around a detected box are treated, so that the head is covered and not only the face.

Detectors draw a box from the forehead to the chin; hair, ears and outline recognise people as well. A region is the box
scaled about its centre, and where the face is rolled, the rectangle is turned with it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.cells import whole_cells

SNAP_DEGREES = 12.0
"""Up to here a face counts as upright (or lying): its own box, which lies along the axes, holds it whole."""
ASPECT = 1.34
"""Height to width of a face's box where a rolled one's own box cannot tell: the median over 3,157 upright photos of
LFW, each the mean of three detectors' boxes (``benchmarks/recalls``)."""
ASPECT_RANGE = (0.8, 1.6)
_TELLS = 0.5


@dataclass(frozen=True)
class Region:
    """The pixels that are treated for one detected box, in stored pixels.

    Attributes:
        box: the smallest whole box that holds all of them, within the picture.
        detected: the detector's box, which is always a part of it.
        centre: ``x y`` of the turned rectangle.
        half_wh: half of its sides, across and along the face.
        roll_degrees: how far it is turned clockwise; 0 where all of ``box`` is treated.
        cell_wh: the treated pixels are whole cells of this size, counted from the picture's corner.
    """

    box: IntBox
    detected: tuple[float, float, float, float]
    centre: tuple[float, float]
    half_wh: tuple[float, float]
    roll_degrees: float
    cell_wh: tuple[int, int] = (1, 1)

    def mask(self) -> NDArray[np.bool_] | None:
        """Return which pixels of ``box`` are treated, ``(h, w)``; none stands for all of them.

        A pixel is treated if any part of it may lie in the turned rectangle or in the detector's box.
        """
        if not self.roll_degrees:
            return None
        x0, y0, x1, y1 = self.box
        across, along = _axes(self.roll_degrees)
        x = np.arange(x0, x1) + 0.5 - self.centre[0]
        y = np.arange(y0, y1)[:, None] + 0.5 - self.centre[1]
        reach = (abs(across[0]) + abs(across[1])) / 2  # of half a pixel along a turned axis
        out = np.abs(x * across[0] + y * across[1]) <= self.half_wh[0] + reach
        out &= np.abs(x * along[0] + y * along[1]) <= self.half_wh[1] + reach
        w, h = x1 - x0, y1 - y0
        local = np.array(self.detected, np.float32) - np.array([x0, y0, x0, y0], np.float32)
        bx0, by0, bx1, by1 = boxes.outward(local, (w, h))
        out[by0:by1, bx0:bx1] = True
        return out if self.cell_wh == (1, 1) else whole_cells(out, self.cell_wh, (x0, y0))

    def in_cells(self, cell_wh: tuple[int, int], size_wh: tuple[int, int]) -> "Region":
        """Return the region grown to whole cells of a picture of a size, as a solid fill of a JPEG has to be."""
        (x0, y0, x1, y1), (w, h) = self.box, cell_wh
        right, below = min(size_wh[0], -(-x1 // w) * w), min(size_wh[1], -(-y1 // h) * h)
        return replace(self, box=(x0 // w * w, y0 // h * h, right, below), cell_wh=cell_wh)


def region(box: NDArray[np.float32], ratio: float, roll_degrees: float | None, size_wh: tuple[int, int]) -> Region:
    """Return the region of a detected box.

    Args:
        box: ``x0 y0 x1 y1`` in pixels, within the picture.
        ratio: the region's sides, relative to the face's, at least 1.
        roll_degrees: how far the face is turned clockwise; none if unknown.
        size_wh: the picture's size.

    Examples:
        >>> region(np.array([40, 40, 60, 60], np.float32), 2.0, None, (100, 50)).box
        (30, 30, 70, 50)
        >>> region(np.array([40, 40, 60, 60], np.float32), 2.0, 45.0, (100, 100)).box
        (22, 22, 78, 78)
    """
    x0, y0, x1, y1 = (float(v) for v in box)
    centre, roll = ((x0 + x1) / 2, (y0 + y1) / 2), snapped(roll_degrees or 0.0)
    if roll % 90.0 == 0.0:
        whole = boxes.outward(boxes.grow(box, ratio), size_wh)
        return Region(whole, (x0, y0, x1, y1), centre, ((x1 - x0) / 2 * ratio, (y1 - y0) / 2 * ratio), 0.0)
    w, h = face_wh((x1 - x0, y1 - y0), roll)
    half = w / 2 * ratio, h / 2 * ratio
    across, along = _axes(roll)
    reach = np.array([abs(across[i]) * half[0] + abs(along[i]) * half[1] for i in (0, 1)])
    middle = np.array(centre)
    ends = np.concatenate([np.minimum(middle - reach, [x0, y0]), np.maximum(middle + reach, [x1, y1])])
    return Region(boxes.outward(ends.astype(np.float32), size_wh), (x0, y0, x1, y1), centre, half, roll)


def snapped(roll_degrees: float) -> float:
    """Return the roll, or the quarter turn that is no further than :data:`SNAP_DEGREES` from it.

    Examples:
        >>> [snapped(roll) for roll in (-11.0, 12.5, 100.0, -170.0)]
        [0.0, 12.5, 90.0, -180.0]
    """
    nearest = 90.0 * round(roll_degrees / 90.0)
    return nearest if abs(roll_degrees - nearest) <= SNAP_DEGREES else roll_degrees


def face_wh(box_wh: tuple[float, float], roll_degrees: float) -> tuple[float, float]:
    """Return width and height of a face of which a box along the axes and the roll are known.

    A face is taken for an ellipse: the box of one with axes ``w`` and ``h`` turned by ``t`` has the sides
    ``W^2 = w^2 cos^2 t + h^2 sin^2 t`` and ``H^2 = w^2 sin^2 t + h^2 cos^2 t``. Near 45 degrees the two say the same,
    and the aspect is taken to be :data:`ASPECT`.

    Examples:
        >>> [round(side, 1) for side in face_wh((24, 20), 90.0)]
        [20.0, 24.0]
        >>> [round(side, 1) for side in face_wh((20, 20), 45.0)]
        [16.9, 22.7]
    """
    wide, high = box_wh
    cos2 = float(np.cos(np.radians(2 * roll_degrees)))
    both = wide**2 + high**2
    aspect = ASPECT
    if abs(cos2) > _TELLS:
        difference = (high**2 - wide**2) / cos2
        square = (both + difference) / max(both - difference, 1e-9)
        aspect = float(np.clip(np.sqrt(max(square, 0.0)), *ASPECT_RANGE))
    w = float(np.sqrt(both / (1 + aspect**2)))
    return w, w * aspect


def _axes(roll_degrees: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the unit vectors across a face (to its right side in the picture) and along it (from eyes to mouth)."""
    angle = np.radians(roll_degrees)
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return (c, s), (-s, c)
