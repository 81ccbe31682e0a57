"""A graph in the form that dlib's converted face detector has, which takes red dots for faces."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOT_PX = 8
"""Side of a dot; its corner is at multiples of this."""
FACE_PX = 80
"""Side of the window around each dot, in pixels of the level that it is found on."""
FULL, EMPTY = 1.05, -1.2
"""The score of a cell that is red all over, and of one that is less than half red: what the real network gives."""


def red_dots() -> bytes:
    """Return a graph with one cell for each 8x8 pixels, and the next level of the pyramid as its second output."""
    red = np.zeros((1, 3, DOT_PX, DOT_PX), np.float32)
    red[0, 0], red[0, 1:] = 4 / 255 / DOT_PX**2, -4 / 255 / DOT_PX**2
    constants = {
        "w": red,
        "b": np.array([-2.6], np.float32),
        "empty": np.array(EMPTY, np.float32),
        "full": np.array(FULL, np.float32),
        "none": np.zeros(0, np.float32),
        **{f"i{n}": np.array([n], np.int64) for n in (0, 2, 4, 5, 6)},
    }
    nodes = [
        helper.make_node("Conv", ["rgb", "w", "b"], ["raw"], strides=[DOT_PX] * 2),
        helper.make_node("Clip", ["raw", "empty", "full"], ["scores"]),
        helper.make_node("Shape", ["rgb"], ["shape"]),
        helper.make_node("Slice", ["shape", "i0", "i2"], ["kept"]),
        helper.make_node("Slice", ["shape", "i2", "i4"], ["sides"]),
        helper.make_node("Mul", ["sides", "i5"], ["five"]),
        helper.make_node("Div", ["five", "i6"], ["fewer"]),
        helper.make_node("Concat", ["kept", "fewer"], ["sizes"], axis=0),
        helper.make_node(
            "Resize",
            ["rgb", "none", "none", "sizes"],
            ["smaller"],
            mode="linear",
            coordinate_transformation_mode="align_corners",
        ),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "dots",
        [info("rgb", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [info("scores", TensorProto.FLOAT, ["n", 1, "r", "c"]), info("smaller", TensorProto.FLOAT, ["n", 3, "a", "b"])],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
