"""Masks in whole cells of a grid, such as the blocks that a JPEG is coded in."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def whole_cells(mask: Mask, cell_wh: tuple[int, int], origin_xy: tuple[int, int] = (0, 0)) -> Mask:
    """Return the mask grown to whole cells of a grid, ``(h, w)`` as it came.

    Args:
        mask: ``(h, w)``, neither of them 0.
        cell_wh: the cells' size.
        origin_xy: where in the grid the mask's first pixel lies.

    Examples:
        >>> whole_cells(np.array([[False, True, False, False]]), (2, 2)).tolist()
        [[True, True, False, False]]
        >>> whole_cells(np.array([[False, True, False, False]]), (2, 2), (1, 0)).tolist()
        [[False, True, True, False]]
    """
    (w, h), (x, y) = cell_wh, origin_xy
    cells = _cells(mask, cell_wh, origin_xy)
    rows, columns = (np.arange(n) + start for n, start in zip(mask.shape, (y % h, x % w), strict=True))
    return np.asarray(cells[rows[:, None] // h, columns[None, :] // w], bool)


def runs(mask: Mask, cell_wh: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return the boxes, one for each run of neighbours in a row of cells, of the cells with a pixel of a mask in them.

    Half-open, in whole cells, so they may reach over the mask's right and lower border.

    Examples:
        >>> runs(np.array([[False, True, True, False, False, True]]), (2, 2))
        [(0, 0, 6, 2)]
        >>> runs(np.zeros((4, 4), bool), (2, 2))
        []
    """
    w, h = cell_wh
    edges = np.diff(np.pad(_cells(mask, cell_wh), ((0, 0), (1, 1))).astype(np.int8))
    row, at = np.nonzero(edges)
    pairs = zip(row[::2].tolist(), at[::2].tolist(), at[1::2].tolist(), strict=True)
    return [(first * w, y * h, last * w, (y + 1) * h) for y, first, last in pairs]


def _cells(mask: Mask, cell_wh: tuple[int, int], origin_xy: tuple[int, int] = (0, 0)) -> Mask:
    """Return which cells have a pixel of the mask in them; a sixty-fourth of its memory for cells of 8x8."""
    out = mask
    for axis, (cell, start) in enumerate(zip(cell_wh[::-1], origin_xy[::-1], strict=True)):
        firsts = np.maximum(np.arange(-(start % cell), mask.shape[axis], cell), 0)
        out = np.logical_or.reduceat(out, firsts, axis=axis)
    return out
