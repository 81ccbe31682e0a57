"""EXIF orientation: from stored pixels to an upright picture, and coordinates back.

Stored pixels are never turned in a file. Detection looks at an upright picture, and what it finds is mapped back.
Coordinates are continuous, with pixel edges at whole numbers, as half-open boxes have them: mirroring takes ``x`` to
``w - x``, not to ``w - 1 - x``.
"""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError

UPRIGHT = 1

# For each EXIF value: whether the axes are swapped, then whether stored x and stored y count from the far side.
_TURNS: dict[int, tuple[bool, bool, bool]] = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def _turn(orientation: int) -> tuple[bool, bool, bool]:
    try:
        return _TURNS[orientation]
    except KeyError:
        raise SpecError(f"orientation must be 1 to 8, got {orientation}") from None


def swapped(orientation: int) -> bool:
    """Return whether width and height change places when stored pixels are turned upright.

    Examples:
        >>> swapped(3), swapped(6)
        (False, True)
    """
    return _turn(orientation)[0]


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return the picture as a person sees it: ``(h, w, c)`` becomes ``(w, h, c)`` for 5 to 8.

    The result is contiguous; it is the input itself, not a copy, for orientation 1 and contiguous input.

    Examples:
        >>> upright(np.array([[[1], [2], [3]]], np.uint8), 6)[..., 0].tolist()
        [[1], [2], [3]]
        >>> upright(np.array([[[1], [2], [3]]], np.uint8), 8)[..., 0].tolist()
        [[3], [2], [1]]
    """
    swap, far_x, far_y = _turn(orientation)
    turned = pixels[:: -1 if far_y else 1, :: -1 if far_x else 1]
    return np.ascontiguousarray(turned.swapaxes(0, 1) if swap else turned)


def points_to_stored(points: NDArray[np.float32], orientation: int, stored_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Return points of the upright picture, shape ``(..., 2)`` as ``x y`` in pixels, in stored coordinates.

    Examples:
        >>> points_to_stored(np.array([[[1, 2]]], np.float32), 6, (10, 8)).tolist()
        [[[2.0, 7.0]]]
    """
    swap, far_x, far_y = _turn(orientation)
    x, y = (points[..., 1], points[..., 0]) if swap else (points[..., 0], points[..., 1])
    width, height = stored_wh
    return np.stack([width - x if far_x else x, height - y if far_y else y], axis=-1).astype(np.float32)


def boxes_to_stored(boxes: Boxes, orientation: int, stored_wh: tuple[int, int]) -> Boxes:
    """Return boxes of the upright picture, shape ``(n, 4)`` half-open, in stored coordinates.

    Examples:
        >>> boxes_to_stored(np.array([[0, 0, 2, 3]], np.float32), 2, (10, 8)).tolist()
        [[8.0, 0.0, 10.0, 3.0]]
    """
    corners = points_to_stored(boxes.reshape(-1, 2, 2), orientation, stored_wh)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)


def back(orientation: int) -> int:
    """Return the orientation that takes an upright picture back to the stored one.

    Examples:
        >>> [back(one) for one in (1, 3, 6, 8)]
        [1, 3, 8, 6]
    """
    return {6: 8, 8: 6}.get(orientation, orientation)


def points_to_upright(points: NDArray[np.float32], orientation: int, stored_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Return points of the stored picture, shape ``(..., 2)`` as ``x y`` in pixels, in the upright one.

    Examples:
        >>> points_to_upright(np.array([[[2, 7]]], np.float32), 6, (10, 8)).tolist()
        [[[1.0, 2.0]]]
    """
    w, h = stored_wh
    return points_to_stored(points, back(orientation), (h, w) if swapped(orientation) else (w, h))


def boxes_to_upright(boxes: Boxes, orientation: int, stored_wh: tuple[int, int]) -> Boxes:
    """Return boxes of the stored picture, shape ``(n, 4)`` half-open, in the upright one."""
    w, h = stored_wh
    return boxes_to_stored(boxes, back(orientation), (h, w) if swapped(orientation) else (w, h))
