"""Masks in whole cells of a grid, such as the blocks that a JPEG is coded in."""

import numpy as np
from numpy.typing import NDArray


def whole_cells(
    mask: NDArray[np.bool_], cell_wh: tuple[int, int], origin_xy: tuple[int, int] = (0, 0)
) -> NDArray[np.bool_]:
    """Return the mask grown to whole cells of a grid, ``(h, w)`` as it came.

    Args:
        mask: ``(h, w)``.
        cell_wh: the cells' size.
        origin_xy: where in a cell the mask's first pixel lies.

    Examples:
        >>> whole_cells(np.array([[False, True, False, False]]), (2, 2)).tolist()
        [[True, True, False, False]]
    """
    (w, h), (x, y) = cell_wh, origin_xy
    rows, columns = (np.arange(n) + start for n, start in zip(mask.shape, (y, x), strict=True))
    rows, columns = rows // h, columns // w
    cells = np.zeros((rows[-1] + 1, columns[-1] + 1), bool)
    found = np.nonzero(mask)
    cells[rows[found[0]], columns[found[1]]] = True
    return np.asarray(cells[rows[:, None], columns[None, :]], bool)


def runs(mask: NDArray[np.bool_], cell_wh: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return the boxes, one for each run of neighbours in a row of cells, of the cells with a pixel of a mask in them.

    Half-open, in whole cells, so they may reach over the mask's right and lower border.

    Examples:
        >>> runs(np.array([[False, True, True, False, False, True]]), (2, 2))
        [(0, 0, 6, 2)]
        >>> runs(np.zeros((4, 4), bool), (2, 2))
        []
    """
    (w, h), (rows, columns) = cell_wh, mask.shape
    found = np.nonzero(mask)
    cells = np.zeros((-(-rows // h), -(-columns // w) + 2), np.int8)
    cells[found[0] // h, found[1] // w + 1] = 1
    row, at = np.nonzero(np.diff(cells))
    pairs = zip(row[::2].tolist(), at[::2].tolist(), at[1::2].tolist(), strict=True)
    return [(first * w, y * h, last * w, (y + 1) * h) for y, first, last in pairs]
