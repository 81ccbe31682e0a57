"""Pure functions over boxes: float32 ``(n, 4)`` as ``x0 y0 x1 y1`` in pixels, half-open, origin at the top left.

Boxes are clipped to the width, not to the width minus one, and rounded outward, so that the last row and column of a
face at the border are never left clear.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
_NMS_ROWS = 128
IntBox = tuple[int, int, int, int]


def empty() -> Boxes:
    """Return no boxes: shape ``(0, 4)``."""
    return np.zeros((0, 4), np.float32)


def clip(boxes: Boxes, size_wh: tuple[int, int]) -> Boxes:
    """Return the boxes cut at the picture's border.

    Examples:
        >>> clip(np.array([[-2, 1, 12, 5]], np.float32), (10, 4)).tolist()
        [[0.0, 1.0, 10.0, 4.0]]
    """
    w, h = size_wh
    return np.clip(boxes, 0, np.array([w, h, w, h], np.float32)).astype(np.float32)


def area(boxes: Boxes) -> NDArray[np.float32]:
    """Return the areas in square pixels, shape ``(n,)``; 0 where a box is empty."""
    wh = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(wh[:, 0] * wh[:, 1], np.float32)


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Return the intersection over union of each pair, shape ``(len(a), len(b))``, in [0, 1].

    Examples:
        >>> left, right = np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
        >>> iou(left, right).round(2).astype(str).tolist()
        [['0.33', '0.0']]
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    wh = np.maximum(high - low, 0)
    both = wh[..., 0] * wh[..., 1]
    union = area(a)[:, None] + area(b)[None, :] - both
    return np.asarray(np.where(union > 0, both / np.maximum(union, 1e-9), 0), np.float32)


def nms(boxes: Boxes, scores: NDArray[np.float32], max_iou: float) -> NDArray[np.intp]:
    """Return the indices kept by greedy non-maximum suppression, best score first.

    Ties are broken by index, so that the result does not depend on the sort's implementation. Cost: blocks of the best
    boxes against all that are left, so memory grows with the number of boxes and not with its square.

    Examples:
        >>> nms(np.array([[0, 0, 4, 4], [0, 0, 4, 5], [8, 8, 9, 9]], np.float32),
        ...     np.array([0.5, 0.9, 0.2], np.float32), 0.3).tolist()
        [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    keep: list[int] = []
    while len(order):
        best, rest = order[:_NMS_ROWS], order[_NMS_ROWS:]
        among = iou(boxes[best], boxes[best]) > max_iou
        left = np.ones(len(best), bool)
        for row in range(len(best)):
            if left[row]:
                left[row + 1 :] &= ~among[row, row + 1 :]
        best = best[left]
        keep += best.tolist()
        order = rest[~(iou(boxes[best], boxes[rest]) > max_iou).any(0)]
    return np.array(keep, np.intp)


def grow(box: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """Return one box scaled by ``ratio`` about its centre (``ratio`` 2 doubles both sides).

    Examples:
        >>> grow(np.array([2, 2, 4, 4], np.float32), 2).tolist()
        [1.0, 1.0, 5.0, 5.0]
    """
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * ratio
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def outward(box: NDArray[np.float32], size_wh: tuple[int, int]) -> IntBox:
    """Return the smallest whole-pixel box within the picture that holds ``box``.

    Examples:
        >>> outward(np.array([0.2, -1, 3.1, 9], np.float32), (8, 6))
        (0, 0, 4, 6)
    """
    w, h = size_wh
    x0, y0 = np.floor(box[:2]).astype(int)
    x1, y1 = np.ceil(box[2:]).astype(int)
    return int(np.clip(x0, 0, w)), int(np.clip(y0, 0, h)), int(np.clip(x1, 0, w)), int(np.clip(y1, 0, h))
