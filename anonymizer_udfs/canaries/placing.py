"""Where in a picture a head can go: pure functions over boxes."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes

HEAD_RATIO = 1.5
"""A head keeps so much room, over its face's box, that hair and ears are whole and cover nobody."""
TRIES = 60

Floats = NDArray[np.float32]


def free(
    size_wh: tuple[int, int], face_wh: tuple[float, float], taken: Boxes, rng: Generator
) -> tuple[float, float] | None:
    """Return the centre of a place for a face that is random among those that were tried; none if none was free.

    The head is within the picture, and overlaps nothing that is taken.

    Args:
        size_wh: of the picture.
        face_wh: width and height of the face's box.
        taken: boxes that are kept clear, ``(n, 4)``.
        rng: where it goes.
    """
    half = np.array(face_wh) * HEAD_RATIO / 2
    room = np.array(size_wh) - 2 * half
    if (room < 0).any():
        return None
    centres = half + rng.random((TRIES, 2)) * room
    if not len(taken):
        return float(centres[0, 0]), float(centres[0, 1])
    low, high = centres - half, centres + half
    apart = (high[:, None] <= taken[None, :, :2]) | (low[:, None] >= taken[None, :, 2:])
    clear = np.flatnonzero(np.all(np.any(apart, axis=2), axis=1))
    return None if not len(clear) else (float(centres[clear[0], 0]), float(centres[clear[0], 1]))


def around(centre_xy: tuple[float, float], face_wh: tuple[float, float], ratio: float = 1.0) -> Floats:
    """Return the box of a face, or of what is around it.

    Examples:
        >>> around((10, 10), (4, 6), 2).tolist()
        [6.0, 4.0, 14.0, 16.0]
    """
    half = np.array(face_wh) * ratio / 2
    return np.concatenate([np.array(centre_xy) - half, np.array(centre_xy) + half]).astype(np.float32)


def overlapping(box: Floats, others: Boxes | Sequence[Floats]) -> bool:
    """Return whether a box shares any pixel with one of some."""
    rest = np.asarray(others, np.float32).reshape(-1, 4)
    return bool(((box[:2] < rest[:, 2:]) & (box[2:] > rest[:, :2])).all(1).any())
