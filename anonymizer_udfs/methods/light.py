"""Light that falls from one side: how it is laid over a picture, and colours that go over into each other."""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.facing import Facing

Planes = NDArray[np.float32]
"""Light in [0, 1] as ``(c, h, w)``: grey, or red, green and blue."""

REACH = 0.52
"""How far beside the face's middle light changes, in widths of its box: as far as a head reaches."""


def across(facing: Facing, size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Return how far to the right of the face's middle each pixel lies, ``(h, w)``, in widths of its box.

    Examples:
        >>> across(Facing(np.array([[2.0, 0.0, 2.0], [0.0, 2.0, 1.0]])), (1, 4)).tolist()
        [[-0.75, -0.25, 0.25, 0.75]]
    """
    h, w = size_hw
    along_x, along_y = facing.matrix[:, 0] / facing.width_px**2
    x, y = np.arange(w) + 0.5 - facing.matrix[0, 2], np.arange(h)[:, None] + 0.5 - facing.matrix[1, 2]
    return np.asarray((x * along_x).astype(np.float32) + (y * along_y).astype(np.float32))


def blend(left: tuple[float, ...], right: tuple[float, ...], side: NDArray[np.float32], reach: float) -> Planes:
    """Return planes that go over from one colour to the other, smoothly, from ``-reach`` to ``reach`` of a place.

    Examples:
        >>> blend((0.0,), (1.0,), np.array([[-9, -1, 0, 1]], np.float32), 1.0).tolist()
        [[[0.0, 0.0, 0.5, 1.0]]]
    """
    share = np.clip(side * np.float32(0.5 / reach) + np.float32(0.5), 0, 1)
    share *= share * (3 - 2 * share)
    out = np.empty((len(left), *side.shape), np.float32)
    for i, (here, there) in enumerate(zip(left, right, strict=True)):
        np.multiply(share, np.float32(there - here), out=out[i])
        out[i] += np.float32(here)
    return out


def shade(planes: Planes, side: NDArray[np.float32], slope: float, cover: NDArray[np.float32]) -> None:
    """Make one side lighter and the other darker, in place.

    Args:
        planes: what is lit.
        side: where its pixels lie, as :func:`across` has it.
        slope: how much lighter a pixel gets for each width of the box to the right, as a share.
        cover: how far each pixel is lit, ``(h, w)`` in [0, 1].
    """
    if not slope:
        return
    factor = np.clip(side, -REACH, REACH)
    factor *= np.float32(slope)
    factor *= cover
    factor += 1
    planes *= factor
