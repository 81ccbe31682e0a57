"""Pixels taken from other places than their own, in 256 levels at any bit depth."""

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Patch, full_range

LEVELS = 255
_BLOCK_PX = 2**14
"""OpenCV samples from no picture with a side of 2^15 or more."""


def eased(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a smooth way from 0 to 1."""
    inside = np.clip(share, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside))


def levels(values: Patch) -> NDArray[np.uint8]:
    """Return values of either depth in 256 levels."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8)
    step = full_range(values) // LEVELS
    return ((values.astype(np.uint32) + step // 2) // step).astype(np.uint8)


def sampled(values: NDArray[np.uint8], sources: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ``values`` sampled at ``sources``, by cubic interpolation, in blocks that OpenCV can take."""
    h, w, count = *sources.shape[:2], values.shape[2]
    if max(*values.shape, h, w) <= _BLOCK_PX:
        made = cv2.remap(values, sources, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(made.reshape(h, w, count), np.uint8)
    out = np.empty((h, w, count), np.uint8)
    half = _BLOCK_PX // 2
    for y in range(0, h, half):
        for x in range(0, w, half):
            block = np.s_[y : y + half, x : x + half]
            x0, y0 = np.maximum(np.floor(sources[block].min((0, 1))) - 2, 0).astype(int).tolist()
            part = values[y0 : y0 + _BLOCK_PX, x0 : x0 + _BLOCK_PX]
            out[block] = sampled(part, sources[block] - np.array([x0, y0], np.float32))
    return out
