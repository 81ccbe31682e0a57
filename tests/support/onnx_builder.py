"""A few lines that make writing an ONNX graph by hand bearable."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import NodeProto, TensorProto, helper, numpy_helper

WHOLE = ("num_dets", "det_classes")
"""Outputs that are whole numbers."""


@dataclass
class Builder:
    """Nodes and constants as they come; every name within the graph is made here."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def const(self, array: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """Return the name of a constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Return the name of what an operator gives."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def split(self, tensor: str, start: int, stop: int, axis: int) -> str:
        """Return a slice along one axis."""
        ends = (self.const([number], np.int64) for number in (start, stop, axis))
        return self.op("Slice", tensor, *ends)

    def rows(self, maps: str, channels: int) -> str:
        """Return maps ``(b, c, h, w)`` as ``(b, c, h * w)``."""
        return self.op("Reshape", maps, self.const([0, channels, -1], np.int64))

    def output(self, name: str, tensor: str, half: bool = False) -> None:
        """Give a tensor the name that it has outside, as float16 where asked for."""
        as_is = helper.make_node("Identity", [tensor], [name])
        self.nodes.append(helper.make_node("Cast", [tensor], [name], to=TensorProto.FLOAT16) if half else as_is)

    def model(self, inputs: dict[str, list[object]], outputs: dict[str, list[object]], half: bool = False) -> bytes:
        """Return the model, of opset 13, from the shapes of its inputs and outputs; with ``half`` they are float16."""
        kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "dots",
            [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
            [
                helper.make_tensor_value_info(name, TensorProto.INT32 if name in WHOLE else kind, shape)
                for name, shape in outputs.items()
            ],
            self.constants,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(made)
        return bytes(made.SerializeToString())
