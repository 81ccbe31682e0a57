"""The conversion of dlib's network, against the same network computed layer by layer in NumPy."""

from collections.abc import Iterator

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.convert_dlib import convert
from tests.support import dlib_file
from tests.support.dlib_file import layer

Floats = NDArray[np.float32]
BLOCKS = [(32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True)]


def shapes() -> Iterator[tuple[int, int, int]]:
    """Yield filters, channels and kernel side of each convolution, innermost first."""
    yield 32, 3, 7
    channels = 32
    for filters, blocks, _ in BLOCKS:
        for _ in range(blocks):
            yield filters, channels, 3
            yield filters, filters, 3
            channels = filters


@pytest.fixture(scope="module")
def network() -> tuple[bytes, list[tuple[Floats, ...]], Floats]:
    """Return a file of the right form with random parameters, and those parameters."""
    draw = np.random.default_rng(1)
    content, parameters = b"", []
    for filters, channels, side in shapes():
        weights, bias = dlib_file.random_convolution(draw, filters, channels, side)
        gamma, beta = draw.uniform(-0.5, 0.5, (2, filters)).astype(np.float32)
        gamma += 1
        content += layer(b"con_4", np.concatenate([weights.ravel(), bias]))
        content += layer(b"affine_", np.concatenate([gamma, beta]))
        parameters.append((weights, bias, gamma, beta))
    last = draw.standard_normal((256, 128)).astype(np.float32) / 16
    return content + layer(b"fc_2", last.ravel(), 128, 256), parameters, last


def convolve(x: Floats, layer_parameters: tuple[Floats, ...], stride: int, pad: int) -> Floats:
    """Return a convolution and its affine layer, one picture, channels first."""
    weights, bias, gamma, beta = layer_parameters
    out = dlib_file.convolve(x, weights, bias, stride, pad)
    return np.asarray(out * gamma[:, None, None] + beta[:, None, None], np.float32)


def pool(x: Floats, side: int, how: str) -> Floats:
    """Return a pooling with stride two."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), (1, 2))[:, ::2, ::2]
    return np.asarray(getattr(windows, how)((3, 4)), np.float32)


def add(a: Floats, b: Floats) -> Floats:
    """Return the sum of unequal shapes, the missing parts taken as zero."""
    out = np.zeros(np.maximum(a.shape, b.shape), np.float32)
    for one in (a, b):
        out[tuple(slice(n) for n in one.shape)] += one
    return out


def reference(rgb: Floats, parameters: list[tuple[Floats, ...]], last: Floats) -> Floats:
    """Return the template of one picture."""
    layers = iter(parameters)
    x = (rgb - np.array([122.782, 117.001, 104.298], np.float32)[:, None, None]) / 256
    x = pool(np.maximum(convolve(x, next(layers), 2, 0), 0), 3, "max")
    for _, blocks, halves in BLOCKS:
        for number in range(blocks):
            halve = halves and number == 0
            inner = np.maximum(convolve(x, next(layers), 2 if halve else 1, 0 if halve else 1), 0)
            inner = convolve(inner, next(layers), 1, 1)
            x = np.maximum(add(inner, pool(x, 2, "mean") if halve else x), 0)
    return np.asarray(x.mean((1, 2)) @ last, np.float32)


def test_nothing_is_no_network() -> None:
    """An empty file is a format error that names the layer expected."""
    with pytest.raises(ModelFormatError, match="con_4"):
        convert(b"")


def test_the_graph_computes_dlibs_network(network: tuple[bytes, list[tuple[Floats, ...]], Floats]) -> None:
    """The converted model gives what the layers give one by one, for a batch of any size."""
    content, parameters, last = network
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(convert(content), options, providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(2).uniform(0, 255, (2, 3, 150, 150)).astype(np.float32)
    came = session.run(["template"], {"rgb": pictures})[0]
    expected = np.stack([reference(picture, parameters, last) for picture in pictures])
    assert np.abs(came - expected).max() < 1e-4 * np.abs(expected).max()
    assert session.run(["template"], {"rgb": pictures[:1]})[0].shape == (1, 128)


def test_the_same_file_gives_the_same_bytes(network: tuple[bytes, list[tuple[Floats, ...]], Floats]) -> None:
    """The conversion is a function of the file, so that its result can be pinned by digest."""
    model = convert(network[0])
    assert convert(network[0]) == model
    parsed = onnx.load_model_from_string(model)
    assert (parsed.producer_name, parsed.ir_version, parsed.opset_import[0].version) == ("faceveil", 8, 13)


@pytest.mark.parametrize("keep", [0.2, 0.97], ids=["in a convolution", "near the end"])
def test_a_cut_file_is_refused(network: tuple[bytes, list[tuple[Floats, ...]], Floats], keep: float) -> None:
    """A file that ends too early is a format error, never a network with missing parts."""
    content = network[0]
    with pytest.raises(ModelFormatError):
        convert(content[: int(len(content) * keep)])


def test_another_shape_is_refused(network: tuple[bytes, list[tuple[Floats, ...]], Floats]) -> None:
    """A layer with another number of parameters than the network has is a format error."""
    with pytest.raises(ModelFormatError, match="expected 32 filters of 3x7x7"):
        convert(layer(b"con_4", np.ones(10, np.float32)) + layer(b"affine_", np.ones(64, np.float32)) + network[0])
