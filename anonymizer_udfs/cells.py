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
    (w, h), (height, width) = cell_wh, mask.shape
    x, y = origin_xy[0] % w, origin_xy[1] % h
    grown = _cells(mask, cell_wh, origin_xy).repeat(w, 1)[:, x : x + width]
    return grown.repeat(h, 0)[y : y + height]


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
    (w, h), (x, y) = cell_wh, origin_xy
    starts = zip((y, x), (h, w), mask.shape, strict=True)
    tops, lefts = (np.maximum(np.arange(-(at % cell), side, cell), 0) for at, cell, side in starts)
    out = np.zeros((len(tops), mask.shape[1]), bool)
    # Most rows of most masks are empty, and to see that takes a fiftieth of the time of going through their cells.
    for row in np.flatnonzero(np.logical_or.reduceat(mask.any(axis=1), tops)).tolist():
        last = tops[row + 1] if row + 1 < len(tops) else len(mask)
        out[row] = mask[tops[row] : last].any(axis=0)
    return np.asarray(np.logical_or.reduceat(out, lefts, axis=1), bool)
