"""dlib's CNN face detector as an ONNX model, made from dlib's own file without dlib.

The network (King, "Max-Margin Object Detection", 2015, arXiv:1502.00046; the file of 2016): three 5x5 convolutions of
stride two and no padding with 16, 32 and 32 filters, three 5x5 of 45 filters, each with batch normalization, and one
9x9 whose only output is the score of an 80x80 window. The file is of a time when the normalization was kept as trained,
with its running means and variances. How the file is read: :mod:`.dlib_format`.

One run is one level of the image pyramid. Beside the scores the graph gives the next smaller level, 5/6 of the size, by
bilinear interpolation that keeps the corners in place, as dlib does.
"""

import numpy as np

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.dlib_format import Floats, Graph, Reader, parameters, scaled

WINDOW_PX = 80
"""Side of the window whose score a cell is, in pixels of the level."""
PADDING_PX = 11
"""What is put around a level, in the colour that is nothing to the network, as around dlib's tiled pyramid."""
_EPSILON = np.float32(1e-4)
"""What dlib adds to a variance."""
_LAYERS = ((16, 3, 5, 2), (32, 16, 5, 2), (32, 32, 5, 2), (45, 32, 5, 1), (45, 45, 5, 1), (45, 45, 5, 1))
"""Filters, channels, side of the kernel and stride of each convolution that is normalized, innermost first."""


def convert(content: bytes) -> bytes:
    """Return the network as the bytes of an ONNX model: ``rgb`` (n, 3, h, w) to ``scores`` and ``smaller``.

    ``rgb`` is in 0 to 255, sides of 7 pixels at least. ``scores`` is (n, 1, rows, columns), unbounded, 0 at dlib's own
    threshold: cell (i, j) is the window around row 8 i + 3 and column 8 j + 3. ``smaller`` is ``rgb`` at 5/6 of its
    size, rounded down. Runs on the driver.

    Args:
        content: ``mmod_human_face_detector.dat``.

    Raises:
        ModelFormatError: if it is no such file.
    """
    graph = Graph(Reader(content))
    try:
        mean = _options(graph.reader)
        scores = _network(graph, mean)
    except IndexError as error:
        raise ModelFormatError("dlib's file ends in the middle of a layer") from error
    graph.nodes[-1].output[0] = scores = "scores"
    _shrink(graph)
    graph.nodes[-1].output[0] = smaller = "smaller"
    gives: list[tuple[str, list[int | str]]] = [
        (scores, ["n", 1, "rows", "columns"]),
        (smaller, ["n", 3, "smaller_h", "smaller_w"]),
    ]
    return graph.model("dlib_mmod", ("rgb", ["n", 3, "h", "w"]), gives)


def _options(reader: Reader) -> Floats:
    """Return the mean colour, after a look at whether the window is the one that is known."""
    reader.pass_over(b"loss_mmod_")
    options = [reader.integer() for _ in range(3)]
    if options != [1, WINDOW_PX, WINDOW_PX]:
        raise ModelFormatError(
            f"expected options of version 1 and a window of {WINDOW_PX}x{WINDOW_PX} in dlib's file, got {options}"
        )
    reader.pass_over(b"input_rgb_image_pyramid")
    return np.array([reader.real() for _ in range(3)], np.float32)


def _network(graph: Graph, mean: Floats) -> str:
    """Append the layers from ``rgb`` to the scores."""
    reader = graph.reader
    value = graph.node("Sub", "rgb", graph.constant(mean.reshape(1, 3, 1, 1)))
    value = graph.node("Mul", value, graph.constant(np.float32(1 / 256).reshape(1)))
    around = np.array([0, 0, PADDING_PX, PADDING_PX] * 2, np.int64)
    value = graph.node("Pad", value, graph.constant(around))
    for filters, channels, side, stride in _LAYERS:
        weights, biases = parameters(reader, (filters, channels, side))
        value = graph.convolve(value, *scaled(weights, biases, *_normalization(reader, filters)), stride)
        value = graph.node("Relu", value)
    return graph.convolve(value, *parameters(reader, (1, _LAYERS[-1][0], 9)), 1)


def _normalization(reader: Reader, filters: int) -> tuple[Floats, Floats]:
    """Return the scale and the shift of each filter that the next batch normalization is, once trained."""
    _, scales = reader.tensor_after(b"bn_con2")
    for _ in range(10):  # the shapes of the two halves of what was just read
        reader.integer()
    for _ in range(2):  # the means and the inverse deviations of the last batch of the training
        reader.tensor("bn_con2")
    _, means = reader.tensor("bn_con2")
    _, variances = reader.tensor("bn_con2")
    if (scales.size, means.size, variances.size) != (2 * filters, filters, filters):
        raise ModelFormatError(f"expected the normalization of {filters} filters in dlib's file, got {means.size}")
    gamma = scales[:filters] / np.sqrt(variances + _EPSILON)
    return gamma, scales[filters:] - gamma * means


def _shrink(graph: Graph) -> str:
    """Append what makes the next smaller level of ``rgb``."""

    def integers(*values: int) -> str:
        return graph.constant(np.array(values, np.int64))

    shape = graph.node("Shape", "rgb")
    kept = graph.node("Slice", shape, integers(0), integers(2), integers(0))
    sides = graph.node("Slice", shape, integers(2), integers(4), integers(0))
    fewer = graph.node("Div", graph.node("Mul", sides, integers(5)), integers(6))
    sizes = graph.node("Concat", kept, fewer, axis=0)
    return graph.node("Resize", "rgb", "", "", sizes, mode="linear", coordinate_transformation_mode="align_corners")
