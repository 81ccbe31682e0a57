"""The conversion of dlib's face detector, against the same network computed layer by layer in NumPy."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.convert_dlib_mmod import convert
from tests.support.dlib_file import Floats, convolve, integer, layer, random_convolution, real, tensor, text

LAYERS = [(16, 3, 5, 2), (32, 16, 5, 2), (32, 32, 5, 2), (45, 32, 5, 1), (45, 45, 5, 1), (45, 45, 5, 1)]
MEAN = (122.5, 117.25, 104.125)
Layer = tuple[Floats, ...]


def head(window_px: int = 80, version: int = 1) -> bytes:
    """Return what comes before the layers: the options of the loss and the input's mean colour."""
    options = b"".join(integer(n) for n in (version, window_px, window_px)) + real(1) + real(0.5)
    return text(b"loss_mmod_") + options + text(b"input_rgb_image_pyramid") + b"".join(map(real, MEAN))


def normalization(draw: np.random.Generator, filters: int) -> tuple[bytes, Layer]:
    """Return a batch normalization as dlib stores it while it is trained, and what counts of it."""
    gamma, variances = draw.uniform(0.5, 1.5, (2, filters)).astype(np.float32)
    beta, means, stale = draw.uniform(-0.5, 0.5, (3, filters)).astype(np.float32)
    shapes = 2 * b"".join(integer(n) for n in (1, 1, filters, 1, 1))
    content = text(b"bn_con2") + tensor(np.concatenate([gamma, beta])) + shapes
    return content + b"".join(map(tensor, (stale, stale, means, variances))), (gamma, beta, means, variances)


@pytest.fixture(scope="module")
def network() -> tuple[bytes, list[Layer], Layer]:
    """Return a file of the right form with random parameters, and those parameters."""
    draw = np.random.default_rng(1)
    content, parameters = head(), []
    for filters, channels, side, _ in LAYERS:
        weights, biases = random_convolution(draw, filters, channels, side)
        stored, normal = normalization(draw, filters)
        content += layer(b"con_4", np.concatenate([weights.ravel(), biases])) + stored
        parameters.append((weights, biases, *normal))
    last = random_convolution(draw, 1, 45, 9)
    return content + layer(b"con_4", np.concatenate([last[0].ravel(), last[1]])), parameters, last


def reference(rgb: Floats, parameters: list[Layer], last: Layer) -> Floats:
    """Return the scores of one level."""
    x = np.pad((rgb - np.array(MEAN, np.float32)[:, None, None]) / 256, ((0, 0), (11, 11), (11, 11)))
    for (weights, biases, *normal), (*_, stride) in zip(parameters, LAYERS, strict=True):
        gamma, beta, means, variances = (n[:, None, None] for n in normal)
        x = convolve(np.asarray(x, np.float32), weights, biases, stride, 0 if stride > 1 else 2)
        x = np.maximum((x - means) / np.sqrt(variances + 1e-4) * gamma + beta, 0)
    return convolve(np.asarray(x, np.float32), *last, 1, 4)


def shrunk(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a plane at 5/6 of its size, bilinear with the corners in place."""
    rows, columns = (np.linspace(0, side - 1, 5 * side // 6) for side in plane.shape)
    across = np.array([np.interp(columns, np.arange(plane.shape[1]), row) for row in plane])
    return np.array([np.interp(rows, np.arange(plane.shape[0]), column) for column in across.T]).T


def run(model: bytes, rgb: Floats) -> list[Floats]:
    """Return both outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return list(session.run(["scores", "smaller"], {"rgb": rgb}))


def test_nothing_is_no_network() -> None:
    """An empty file is a format error that names what was expected."""
    with pytest.raises(ModelFormatError, match="loss_mmod_"):
        convert(b"")


def test_the_graph_computes_dlibs_network(network: tuple[bytes, list[Layer], Layer]) -> None:
    """The converted model gives what the layers give one by one, for a batch of any size and shape."""
    content, parameters, last = network
    levels = np.random.default_rng(2).uniform(0, 255, (2, 3, 61, 88)).astype(np.float32)
    scores, _ = run(convert(content), levels)
    expected = np.stack([reference(level, parameters, last) for level in levels])
    assert scores.shape == expected.shape == (2, 1, 7, 11)
    assert np.abs(scores - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("shape_hw", [(7, 7), (41, 90)], ids=str)
def test_the_graph_gives_the_next_level(network: tuple[bytes, list[Layer], Layer], shape_hw: tuple[int, int]) -> None:
    """The second output is the input at 5/6 of its size, rounded down, its corners where they were."""
    level = np.random.default_rng(3).uniform(0, 255, (1, 3, *shape_hw)).astype(np.float32)
    _, smaller = run(convert(network[0]), level)
    np.testing.assert_allclose(smaller[0], [shrunk(plane) for plane in level[0]], atol=0.01)


def test_the_same_file_gives_the_same_bytes(network: tuple[bytes, list[Layer], Layer]) -> None:
    """The conversion is a function of the file, so that its result can be pinned by digest."""
    model = convert(network[0])
    assert convert(network[0]) == model
    parsed = onnx.load_model_from_string(model)
    assert (parsed.producer_name, parsed.ir_version, parsed.opset_import[0].version) == ("faceveil", 8, 13)


@pytest.mark.parametrize("keep", [0.0001, 0.2, 0.97], ids=["in the options", "in a convolution", "near the end"])
def test_a_cut_file_is_refused(network: tuple[bytes, list[Layer], Layer], keep: float) -> None:
    """A file that ends too early is a format error, never a network with missing parts."""
    content = network[0]
    with pytest.raises(ModelFormatError):
        convert(content[: int(len(content) * keep)])


@pytest.mark.parametrize("start", [head(window_px=40), head(version=2)], ids=["window", "version"])
def test_other_options_are_refused(network: tuple[bytes, list[Layer], Layer], start: bytes) -> None:
    """Another window than the known one, or options of another version, are a format error that says what came."""
    with pytest.raises(ModelFormatError, match=r"expected options of version 1 and a window of 80x80.*got \["):
        convert(start + network[0][len(head()) :])


def test_another_shape_is_refused(network: tuple[bytes, list[Layer], Layer]) -> None:
    """A layer with another number of parameters than the network has is a format error."""
    with pytest.raises(ModelFormatError, match="expected 16 filters of 3x5x5"):
        convert(head() + layer(b"con_4", np.ones(10, np.float32)) + network[0])
