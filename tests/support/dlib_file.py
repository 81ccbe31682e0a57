"""dlib's serialization, written, and its layers computed in NumPy: what the conversions are held against."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def integer(value: int) -> bytes:
    """Return an integer as dlib packs it."""
    size = max(1, -(-abs(value).bit_length() // 8))
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def real(value: float) -> bytes:
    """Return a number of at most 20 binary places as dlib packs it: mantissa and exponent."""
    return integer(round(value * 2**20)) + integer(-20)


def text(value: bytes) -> bytes:
    """Return a name as dlib packs it."""
    return integer(len(value)) + value


def tensor(values: Floats) -> bytes:
    """Return a tensor: version, dimensions, values."""
    dims = b"".join(integer(d) for d in (values.size, 1, 1, 1))
    return integer(2) + dims + values.astype("<f4").tobytes()


def layer(name: bytes, values: Floats, *before: int) -> bytes:
    """Return one layer as dlib stores it: name, settings that come before, tensor, settings that come after."""
    return text(name) + b"".join(map(integer, before)) + tensor(values) + integer(-7) + integer(300)


def convolve(x: Floats, weights: Floats, biases: Floats, stride: int, pad: int) -> Floats:
    """Return a convolution of one picture, channels first."""
    side = weights.shape[-1]
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]
    return np.asarray(np.tensordot(weights, windows, ((1, 2, 3), (0, 3, 4))) + biases[:, None, None], np.float32)


def random_convolution(draw: np.random.Generator, filters: int, channels: int, side: int) -> tuple[Floats, Floats]:
    """Return weights that keep the scale of what goes through, and biases."""
    weights = draw.standard_normal((filters, channels, side, side)) / np.sqrt(channels * side**2)
    return weights.astype(np.float32), draw.uniform(-0.5, 0.5, filters).astype(np.float32)
