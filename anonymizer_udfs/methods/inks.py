"""Colours of any kind of picture as red, green and blue, and back: 1 channel is grey, 3 are light, 4 are inks."""

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue (ITU-R BT.601)."""
INKS, RGB = 4, 3
_FULL = 255

Levels = NDArray[np.uint8]


def seen(colours: Levels) -> Levels:
    """Return what is seen of colours ``(h, w, c)`` without alpha, in 256 levels: uint8 ``(h, w, 3)``.

    Examples:
        >>> seen(np.array([[[9]]], np.uint8)).tolist(), seen(np.array([[[0, 255, 0, 51]]], np.uint8)).tolist()
        ([[[9, 9, 9]]], [[[204, 0, 204]]])
    """
    if colours.shape[2] == RGB:
        return colours
    if colours.shape[2] == INKS:
        paper = _FULL - colours[..., :3].astype(np.uint16)
        return (paper * (_FULL - colours[..., 3:].astype(np.uint16)) // _FULL).astype(np.uint8)
    grey = colours if colours.shape[2] == 1 else colours.mean(2, keepdims=True).astype(np.uint8)
    return np.repeat(grey, RGB, 2)


def put(colours: Levels, light: NDArray[np.float32], share: NDArray[np.float32]) -> Levels:
    """Return colours over which light is laid.

    Args:
        colours: ``(h, w, c)`` without alpha, in 256 levels.
        light: red, green and blue in [0, 1], ``(h, w, 3)``.
        share: how much of each pixel is that, ``(h, w)`` in [0, 1].

    Examples:
        >>> white = np.ones((1, 1, 3), np.float32)
        >>> [put(np.full((1, 1, c), 9, np.uint8), white, white[..., 0]).tolist() for c in (1, 4)]
        [[[[255]]], [[[0, 0, 0, 0]]]]
    """
    channels = colours.shape[2]
    if channels == RGB:
        new = light
    elif channels == INKS:
        new = np.concatenate([1 - light, np.zeros_like(light[..., :1])], 2)
    else:
        new = np.repeat((light @ LUMA)[..., None], channels, 2)
    old = colours.astype(np.float32)
    mixed = old + (new * np.float32(_FULL) - old) * share[..., None]
    return np.clip(np.rint(mixed), 0, _FULL).astype(np.uint8)
