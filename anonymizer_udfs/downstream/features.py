"""What small models are shown of a picture: its edges by direction (HOG), and where which colours are."""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.downstream.base import Images

CELL_PX, DIRECTIONS, BLOCK_CELLS = 8, 9, 2
_CLIP, _LEAST = 0.2, 1e-5
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
GRID, BINS = 8, 16
_SOME = 256

Features = NDArray[np.float32]


def hog(images: Images) -> Features:
    """Return histograms of oriented gradients (Dalal and Triggs 2005) of the grey pictures, ``(n, 1764)``.

    Cells of 8x8 pixels, nine directions without a sign, blocks of 2x2 cells one cell apart, L2-Hys. As in
    ``skimage.feature.hog``, to which a test compares it: a pixel votes for one direction, with its gradient's length.
    """
    done = [_hog(images[at : at + _SOME]) for at in range(0, len(images), _SOME)]
    return np.concatenate(done) if done else np.zeros((0, 1764), np.float32)


def _hog(images: Images) -> Features:
    grey = images.astype(np.float32) @ _LUMA
    n, h, w = grey.shape
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1], right[:, :, 1:-1] = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
    length = np.hypot(right, down)
    degrees = np.rad2deg(np.arctan2(down, right)) % 180
    which = np.minimum((degrees * (DIRECTIONS / 180)).astype(np.int64), DIRECTIONS - 1)
    cells = np.zeros((n, h // CELL_PX, w // CELL_PX, DIRECTIONS), np.float32)
    for one in range(DIRECTIONS):
        votes = np.where(which == one, length, 0).reshape(n, h // CELL_PX, CELL_PX, w // CELL_PX, CELL_PX)
        cells[..., one] = votes.mean((2, 4))
    rows, columns = cells.shape[1] - 1, cells.shape[2] - 1
    corners = [cells[:, r : r + rows, c : c + columns] for r in range(BLOCK_CELLS) for c in range(BLOCK_CELLS)]
    blocks = np.stack(corners, 3).reshape(n, rows, columns, -1)
    return _normed(np.minimum(_normed(blocks), _CLIP)).reshape(n, -1)


def _normed(blocks: Features) -> Features:
    return np.asarray(blocks / np.sqrt((blocks**2).sum(-1, keepdims=True) + _LEAST**2), np.float32)


def colours(images: Images) -> Features:
    """Return the mean colour of each of 8x8 places and the histogram of each channel, ``(n, 240)``."""
    n, h, w, _ = images.shape
    places = images.reshape(n, GRID, h // GRID, GRID, w // GRID, 3).mean((2, 4), dtype=np.float32).reshape(n, -1)
    level = images // np.uint8(256 // BINS)
    shares = [(level == one).mean((1, 2), dtype=np.float32) for one in range(BINS)]
    return np.concatenate([places / np.float32(255), *shares], 1)
