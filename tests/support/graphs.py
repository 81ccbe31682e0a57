"""Small ONNX graphs in the formats of real models, so that unit tests need none of them."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from anonymizer_udfs.models.base import ModelRef

if TYPE_CHECKING:
    import onnxruntime

FACE_PX = 32
"""Side of the box that the graph draws around each red dot, in pixels of its input."""
_STRIDE = 4


def _weights(name: str, array: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(array.astype(np.float32), name)


def red_dot_detector() -> bytes:
    """Return a graph in CenterFace's format that takes red dots for faces.

    A cell's score is its mean of R - G - B over 255, cut to [0, 1]; every box is ``FACE_PX`` square around its cell.
    As in the real file, the declared batch, height and width are 10, 32 and 32.
    """
    heat = np.zeros((1, 3, _STRIDE, _STRIDE))
    heat[0, 0], heat[0, 1:] = 1 / 255 / _STRIDE**2, -1 / 255 / _STRIDE**2
    size = np.full(2, np.log(FACE_PX / _STRIDE))
    points = np.array([0.35, 0.3, 0.35, 0.7, 0.55, 0.5, 0.75, 0.35, 0.75, 0.65])
    nodes = [
        helper.make_node("Conv", ["input.1", "w"], ["raw"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Clip", ["raw", "zero", "one"], ["537"]),
    ]
    constants = [_weights("w", heat), _weights("zero", np.array(0.0)), _weights("one", np.array(1.0))]
    for name, bias in (("538", size), ("539", np.zeros(2)), ("540", points)):
        nodes.append(helper.make_node("Conv", ["raw", f"w{name}", f"b{name}"], [name], kernel_shape=[1, 1]))
        constants += [_weights(f"w{name}", np.zeros((len(bias), 1, 1, 1))), _weights(f"b{name}", bias)]
    shapes = {"537": 1, "538": 2, "539": 2, "540": 10}
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [10, c, 8, 8]) for n, c in shapes.items()]
    inputs = [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [10, 3, 32, 32])]
    graph = helper.make_graph(nodes, "dots", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def colour_recognizer() -> bytes:
    """Return a graph in the format of dlib's ResNet: its template is a random map of the colours of 10x10 cells."""
    cells = 10 * 10 * 3
    weights = np.random.default_rng(0).normal(size=(cells, 128)) / cells / 50
    nodes = [
        helper.make_node("AveragePool", ["rgb"], ["cells"], kernel_shape=[15, 15], strides=[15, 15]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["template"]),
    ]
    inputs = [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, ["n", 3, 150, 150])]
    outputs = [helper.make_tensor_value_info("template", TensorProto.FLOAT, ["n", 128])]
    graph = helper.make_graph(nodes, "colours", inputs, outputs, [_weights("w", weights)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def endless_model() -> "onnxruntime.InferenceSession":
    """Return a session of a graph that goes round as often as its input says; at 3e18 that is for ever."""
    import onnxruntime  # noqa: PLC0415 - heavy, and needed here alone

    scalar = {"n": TensorProto.INT64, "c": TensorProto.BOOL}
    given = [helper.make_tensor_value_info(name, kind, []) for name, kind in scalar.items()]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["on"]), helper.make_node("Identity", ["a"], ["b"])],
        "round",
        [*given, helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("b", TensorProto.FLOAT, [1]),
        ],
    )
    nodes = [
        helper.make_node("Cast", ["x"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["whole"], ["times"]),
        helper.make_node("Loop", ["times", "true", "x"], ["y"], body=body),
    ]
    one = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "endless", one[:1], one[1:], [numpy_helper.from_array(np.array(True), "true")])  # noqa: FBT003
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


def stored(folder: Path, name: str, graph: bytes) -> ModelRef:
    """Write a graph into a model folder and return its reference."""
    ref = ModelRef.fetched(name, hashlib.sha256(graph).hexdigest())
    (folder / ref.file).write_bytes(graph)
    return ref
