"""SCRFD graphs as InsightFace's packs export them, in both styles, that take red dots for faces."""

from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Style = Literal["open", "fixed"]
FACE_PX = 32
"""Side of the box that the graph draws around the middle of each red cell, in pixels of its input."""
CELL_PX = 8
"""Side of the finest level's cell; a dot fills one."""
SIDE_PX = 64
"""The side of the input in the fixed style."""
MARKS = np.array([[-6, -5], [6, -5], [0, 1], [-5, 7], [5, 7]], np.float32)
"""Landmarks around the middle of the box, in pixels."""
_CHANNELS = {"score": 1, "bbox": 4, "kps": 10}


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(values, f"constant_{len(self.constants)}"))
        return str(self.constants[-1].name)

    def floats(self, values: object) -> str:
        return self.constant(np.array(values, np.float32))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        name = name or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def red_dot_scrfd(
    style: Style, *, landmarks: bool = True, batch_bound: bool = False, face_px: float = FACE_PX
) -> bytes:
    """Return a graph of three strides with two anchors a cell; only the first anchor of the finest level ever fires.

    As in the packs, ``open`` has open sides, outputs flattened across the batch and Resizes to a computed shape;
    ``fixed`` has a fixed square input and Resizes to constant sizes. A cell's score is its redness times that of
    the best cell of the coarser levels around it, brought back by those Resizes.

    Args:
        style: which of the two.
        landmarks: whether there are nine outputs or six.
        batch_bound: whether the graph is bound to one picture by a Reshape to a constant shape.
        face_px: side of the box around a dot.
    """
    made = _Graph()
    red = np.zeros((1, 3, CELL_PX, CELL_PX), np.float32)
    red[0, 0], red[0, 1:] = 1 / CELL_PX**2, -1 / CELL_PX**2
    # The input is (rgb - 127.5) / 128: a weight of 128 / 255 brings differences back to [0, 1], and the biases cancel.
    raw = made.node("Conv", "input.1", made.floats(red * 128 / 255), made.floats([-127.5 / 255]), strides=[CELL_PX] * 2)
    fine = made.node("Clip", raw, made.floats(0), made.floats(1))
    if batch_bound:
        fine = made.node("Reshape", fine, made.integers(1, 1, SIDE_PX // CELL_PX, SIDE_PX // CELL_PX))
    middle = made.node("MaxPool", fine, kernel_shape=[2, 2], strides=[2, 2])
    coarse = made.node("MaxPool", middle, kernel_shape=[2, 2], strides=[2, 2])
    doubled = _resize(made, coarse, middle, SIDE_PX // 16, style)
    doubled = _resize(made, made.node("Mul", doubled, middle), fine, SIDE_PX // 8, style)
    levels = {8: made.node("Mul", doubled, fine), 16: middle, 32: coarse}
    kinds = [kind for kind in _CHANNELS if landmarks or kind != "kps"]
    outputs = [_head(made, levels[s], kind, s, style=style, face_px=face_px) for kind in kinds for s in levels]
    side: int | str = "?" if style == "open" else SIDE_PX
    inputs = [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, side, side])]
    graph = helper.make_graph(made.nodes, "scrfd", inputs, outputs, made.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _resize(made: _Graph, value: str, like: str, side: int, style: Style) -> str:
    """Return a value at twice its size: to the shape of ``like`` or to a constant one."""
    sizes = made.node("Shape", like) if style == "open" else made.integers(1, 1, side, side)
    nothing = made.constant(np.zeros(0, np.float32))
    how = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return made.node("Resize", value, nothing, nothing, sizes, **how)


def _head(made: _Graph, level: str, kind: str, stride: int, *, style: Style, face_px: float) -> onnx.ValueInfoProto:
    """Append one output's layers: a convolution for two anchors, Transpose and Reshape as in the packs."""
    channels, centre = _CHANNELS[kind], CELL_PX / 2
    weights = np.zeros((2 * channels, 1, 1, 1), np.float32)
    biases = np.zeros(2 * channels, np.float32)
    if kind == "score" and stride == CELL_PX:
        weights[0] = 1
    if kind == "bbox":
        biases[:4] = np.array([face_px / 2 - centre] * 2 + [face_px / 2 + centre] * 2) / stride
    if kind == "kps":
        biases[:10] = (MARKS + centre).ravel() / stride
    perm, shape = ([2, 3, 0, 1], [-1]) if style == "open" else ([0, 2, 3, 1], [1, -1])
    turned = made.node("Transpose", made.node("Conv", level, made.floats(weights), made.floats(biases)), perm=perm)
    name = made.node("Reshape", turned, made.integers(*shape, channels), name=f"{kind}_{stride}")
    anchors = 2 * (SIDE_PX // stride) ** 2
    dims = ["anchors", channels] if style == "open" else [1, anchors, channels]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
