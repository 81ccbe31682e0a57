"""A small ONNX graph in YuNet's format, bound to 640x640 as OpenCV's model zoo exports it."""

import numpy as np
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

DOT_PX = 8
"""Side of the red square that is taken for a face: one cell of the finest stride."""
FACE_PX = 32
"""Side of the box that the graph draws around each red dot, in pixels of its input."""
LANDMARKS = ((-0.5, -0.5), (0.5, -0.5), (0.0, 0.25), (-0.25, 1.0), (0.25, 1.0))
"""Where the graph puts the five points, as (x, y) in cells of 8 pixels from a dot's centre."""

_STRIDES = (8, 16, 32)
_SIDE_PX = 640


def _constant(name: str, array: ArrayLike, dtype: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.asarray(array, dtype), name)


def red_dots(declared_px: int = _SIDE_PX) -> bytes:
    """Return a graph in YuNet's format that takes red dots for faces.

    A cell's ``cls`` is its mean of R - G - B over 255, cut to [0, 1]; ``obj`` is the same, so that the score is too.
    Only the finest stride finds anything; the coarser ones are fed by pooling, and brought back by a Resize, as in the
    real network. The channels are BGR.

    Args:
        declared_px: side of the input that the graph is declared for, and its number of rows a map.
    """
    red = np.zeros((1, 3, DOT_PX, DOT_PX))
    red[0, 2], red[0, :2] = 1 / 255 / DOT_PX**2, -1 / 255 / DOT_PX**2
    constants = [_constant("red", red), _constant("zero", 0), _constant("one", 1), _constant("roi", np.zeros(0))]
    constants.append(_constant("twice", [1, 1, 2, 2]))
    nodes = [
        helper.make_node("Conv", ["input", "red"], ["raw"], kernel_shape=[DOT_PX] * 2, strides=[DOT_PX] * 2),
        helper.make_node("Clip", ["raw", "zero", "one"], ["cells_8"]),
        helper.make_node("MaxPool", ["cells_8"], ["cells_16"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("MaxPool", ["cells_16"], ["cells_32"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["cells_16", "roi", "twice"], ["back_8"], mode="nearest"),
        helper.make_node("Min", ["cells_8", "back_8"], ["dots"]),
    ]
    constants += [_constant(f"shape_{c}", [1, -1, c], np.int64) for c in (1, 4, 10)]
    outputs: list[ValueInfoProto] = []
    for kind, gain, bias in _heads():
        for stride in _STRIDES:
            source = "dots" if stride == DOT_PX else f"cells_{stride}"
            here = gain if stride == DOT_PX else 0 * gain
            name, cells = f"{kind}_{stride}", (declared_px // stride) ** 2
            constants += [_constant(f"w_{name}", here[:, None, None, None]), _constant(f"b_{name}", bias)]
            nodes += _flattened(source, name, len(bias))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, cells, len(bias)]))
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, declared_px, declared_px])]
    inner = [helper.make_tensor_value_info("cells_8", TensorProto.FLOAT, [1, 1, declared_px // 8, declared_px // 8])]
    graph = helper.make_graph(nodes, "dots", inputs, outputs, constants, value_info=inner)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )


def _heads() -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return each head's name, its gain on a cell's redness and its bias, one number a channel."""
    middle, score = 0.5, np.ones(1)
    box = np.array([middle, middle, np.log(FACE_PX / DOT_PX), np.log(FACE_PX / DOT_PX)])
    points = middle + np.array(LANDMARKS).ravel()
    return [
        ("cls", score, 0 * score),
        ("obj", score, 0 * score),
        ("bbox", np.zeros(4), box),
        ("kps", np.zeros(10), points),
    ]


def _flattened(source: str, name: str, channels: int) -> list[NodeProto]:
    """Return the nodes of one map: a 1x1 convolution, then one row a cell for a constant batch of 1."""
    return [
        helper.make_node("Conv", [source, f"w_{name}", f"b_{name}"], [f"c_{name}"], kernel_shape=[1, 1]),
        helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", [f"t_{name}", f"shape_{channels}"], [name]),
    ]
