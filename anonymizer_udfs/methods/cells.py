"""A grid of cells over a region, which follows the face: what methods work on that know nothing finer than a cell."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Target

Value = TypeVar("Value", bound=np.generic)

CELL_MIN_PX = 4
"""A cell's least side. Smaller faces get fewer cells; below it a JPEG block or a resampling step blurs more."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Where cells begin along the rows and the columns of a patch, and where the last ones end.

    Attributes:
        ys: rising, from 0 to the patch's height.
        xs: rising, from 0 to its width.
    """

    ys: NDArray[np.intp]
    xs: NDArray[np.intp]

    @classmethod
    def over(cls, shape_hw: tuple[int, ...], target: Target, count: int) -> "Cells":
        """Return the grid whose ``count`` x ``count`` cells divide the face's box, and go on over the whole patch.

        Args:
            shape_hw: the patch's shape; neither side is 0.
            target: where the face is in it.
            count: cells along a side of the face.
        """
        (face_w, face_h), (x0, y0) = target.face_wh, target.box_xyxy[:2]
        return cls(cell_edges(shape_hw[0], y0, face_h, count), cell_edges(shape_hw[1], x0, face_w, count))

    @property
    def shape(self) -> tuple[int, int]:
        """How many there are down and across."""
        return len(self.ys) - 1, len(self.xs) - 1

    @property
    def areas(self) -> NDArray[np.intp]:
        """Pixels of each, ``(down, across, 1)``."""
        return np.asarray(np.diff(self.ys)[:, None, None] * np.diff(self.xs)[None, :, None], np.intp)

    def sums(self, values: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the sum in each cell and channel, ``(down, across, c)``.

        Of whole numbers it is exact in any order, so the same on every machine.
        """
        rows = np.add.reduceat(values, self.ys[:-1], 0, np.int64)
        return np.asarray(np.add.reduceat(rows, self.xs[:-1], 1, np.int64))

    def filled(self, values: NDArray[Value]) -> NDArray[Value]:
        """Return a patch in which every pixel has the value of its cell; ``values`` are ``(down, across, c)``."""
        return np.repeat(np.repeat(values, np.diff(self.ys), 0), np.diff(self.xs), 1)


def cell_edges(size_px: int, start_px: float, face_px: float, cells: int) -> NDArray[np.intp]:
    """Return where cells begin along one side of a patch, and its end.

    Args:
        size_px: the patch's side, at least 1.
        start_px: where the face's box begins; a cell begins there too.
        face_px: the box's side; at most ``cells`` cells lie within it.
        cells: the cells wanted.

    Returns:
        Rising positions from 0 to ``size_px``, no two nearer than a cell, but for a patch that is smaller than one.
        A box without extent says nothing of the face's size, so the whole side is one cell.

    Examples:
        >>> cell_edges(34, 6, 20, 4).tolist()
        [0, 6, 11, 16, 21, 26, 34]
        >>> cell_edges(9, 0, 0, 4).tolist()
        [0, 9]
    """
    if face_px <= 0:
        return np.array([0, size_px])
    cell = max(CELL_MIN_PX, math.ceil(face_px / cells))
    first = round(start_px) % cell
    inner = np.arange(first, size_px, cell)
    return np.concatenate([[0], inner[(inner >= cell) & (inner <= size_px - cell)], [size_px]]).astype(np.intp)
