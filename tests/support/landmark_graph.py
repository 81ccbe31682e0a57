"""A small ONNX graph with the inputs and outputs of InsightFace's landmark models."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OUTPUTS = {"insight_2d106": 212, "insight_3d68": 3309}
"""Numbers that each model gives for a crop."""


def landmarks(width: int, side_px: int = 192, *, normalizes: bool = False) -> bytes:
    """Return a graph that mixes the tones of 8x8 places of a crop into ``width`` numbers in (-1, 1).

    Args:
        width: how many.
        side_px: of the crop.
        normalizes: whether it has a subtraction and a multiplication first, by which ``insightface`` tells that it
            takes 0 to 255 and not -1 to 1.
    """
    draw, cell = np.random.default_rng(width), side_px // 8
    scale = 0.05 / 128 if normalizes else 0.05
    constants = {"mix": draw.standard_normal((8 * 8 * 3, width)) * scale, "zero": np.zeros(1), "one": np.ones(1)}
    first = [
        helper.make_node("Sub", ["data", "zero"], ["moved"], name="_minus0"),
        helper.make_node("Mul", ["moved", "one"], ["scaled"], name="_mul0"),
    ]
    nodes = [
        *(first if normalizes else []),
        helper.make_node(
            "AveragePool", ["scaled" if normalizes else "data"], ["cells"], kernel_shape=[cell] * 2, strides=[cell] * 2
        ),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "mix"], ["mixed"]),
        helper.make_node("Tanh", ["mixed"], ["fc1"]),
    ]
    graph = helper.make_graph(
        nodes,
        "landmarks",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, side_px, side_px])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())


def ages(side_px: int = 96) -> bytes:
    """Return a graph with the input and output of InsightFace's ``genderage``: the mean level is the age.

    A white crop is 100 years old, a black one is new. The two numbers before it, of sex, are nonsense.
    """
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["tones"]),
        helper.make_node("ReduceMean", ["tones"], ["level"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["level", "half"], ["around"]),
        helper.make_node("Add", ["around", "half"], ["share"]),
        helper.make_node("Flatten", ["share"], ["flat"]),
        helper.make_node("Concat", ["flat", "flat", "flat"], ["fc1"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "ages",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, side_px, side_px])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(np.full(1, 0.5, np.float32), "half")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())
