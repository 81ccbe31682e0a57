"""The graph of an InsightFace pack's SCRFD with batch, height and width left open.

There are two styles of export. In one (2.5g) height and width are open, and the outputs are flattened across the
batch: Transpose to (h, w, n, c), then Reshape to (-1, c). In the other (500m) the input is fixed, the Transposes keep
the batch first, the Reshapes are to (1, -1, c), and the Resizes of the pyramid have constant sizes. Freed, both give
(n, anchors, c). A graph with anything else in it is refused rather than guessed at.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError

if TYPE_CHECKING:
    import onnx

_ACROSS_BATCH, _BATCH_FIRST = [2, 3, 0, 1], [0, 2, 3, 1]
_KNOWN = frozenset(
    (
        *(
            "Add",
            "AveragePool",
            "BatchNormalization",
            "Cast",
            "Clip",
            "Concat",
            "Constant",
            "Conv",
            "Gather",
            "Identity",
        ),
        *("LeakyRelu", "MaxPool", "Mul", "PRelu", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice"),
        *("Transpose", "Unsqueeze", "QuantizeLinear", "DequantizeLinear"),
    )
)
"""Operations that treat each picture of a batch alone and are bound to no size but through what is checked here."""


class ResistsError(ModelFormatError):
    """A graph that cannot be freed; the message says why, without a path."""


def free(model: bytes) -> bytes:
    """Return a pack's graph with batch, height and width left open; its outputs are ``(n, anchors, c)``.

    Raises:
        ResistsError: if something in it is of neither style of export.
    """
    import onnx  # noqa: PLC0415 - heavy, and needed only where a session is made

    made = onnx.load_model_from_string(model)
    graph = made.graph
    unknown = sorted({node.op_type for node in graph.node} - _KNOWN)
    if unknown:
        raise ResistsError(f"unknown operations {', '.join(unknown)}")
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    constants |= {
        n.output[0]: onnx.numpy_helper.to_array(a.t)
        for n in graph.node
        for a in n.attribute
        if n.op_type == "Constant" and a.name == "value"
    }
    _check_bound(graph.node, constants)
    _free_resizes(made, constants)
    _keep_batch(graph, constants)
    _open_ends(graph)
    return bytes(made.SerializeToString())


def _check_bound(nodes: Sequence["onnx.NodeProto"], constants: dict[str, NDArray[Any]]) -> None:
    """Refuse sums and products with a constant that has a height and a width."""
    for node in nodes:
        if node.op_type in ("Add", "Mul"):
            for name in node.input:
                if name in constants and any(side > 1 for side in constants[name].shape[-2:]):
                    raise ResistsError(f"{node.op_type} with a constant of shape {constants[name].shape}")


def _free_resizes(made: "onnx.ModelProto", constants: dict[str, NDArray[Any]]) -> None:
    """Give Resizes to constant sizes the ratio that these sizes are of their input."""
    import onnx  # noqa: PLC0415 (lazily)

    shapes = {v.name: v for v in onnx.shape_inference.infer_shapes(made).graph.value_info}
    for node in made.graph.node:
        sizes = node.input[3] if node.op_type == "Resize" and len(node.input) == 4 else ""  # noqa: PLR2004
        if sizes in constants:
            before = [d.dim_value for d in shapes[node.input[0]].type.tensor_type.shape.dim] if shapes else []
            if len(before) != len(constants[sizes]) or 0 in before:
                raise ResistsError("a Resize to constant sizes of an input without any")
            scales = (constants[sizes] / np.array(before)).astype(np.float32)
            made.graph.initializer.append(onnx.numpy_helper.from_array(scales, f"{node.output[0]}_scales"))
            kept = [*node.input[:2], f"{node.output[0]}_scales"]
            del node.input[:]
            node.input.extend(kept)


def _keep_batch(graph: "onnx.GraphProto", constants: dict[str, NDArray[Any]]) -> None:
    """Turn every Transpose and Reshape before an output so that the batch stays the first axis."""
    import onnx  # noqa: PLC0415 (lazily)

    made_by = {output: node for node in graph.node for output in node.output}
    for node in [n for n in graph.node if n.op_type == "Reshape"]:
        turn = made_by.get(node.input[0])
        perm = list(turn.attribute[0].ints) if turn is not None and turn.op_type == "Transpose" else None
        shape = constants.get(node.input[1], np.zeros(0)).tolist()
        if turn is None or (perm, shape[:-1]) not in ((_ACROSS_BATCH, [-1]), (_BATCH_FIRST, [1, -1])):
            raise ResistsError(f"a Reshape to {shape} after a Transpose by {perm}")
        turn.attribute[0].CopyFrom(onnx.helper.make_attribute("perm", _BATCH_FIRST))
        name = f"{node.output[0]}_shape"
        graph.initializer.append(onnx.numpy_helper.from_array(np.array([0, -1, shape[-1]], np.int64), name))
        node.input[1] = name


def _open_ends(graph: "onnx.GraphProto") -> None:
    """Declare batch, height, width and the number of anchors as open."""
    import onnx  # noqa: PLC0415 (lazily)

    del graph.value_info[:]
    weights = {w.name for w in graph.initializer}
    for tensor in [i for i in graph.input if i.name not in weights]:
        dims = tensor.type.tensor_type.shape.dim
        for axis, letter in ((0, "n"), (2, "h"), (3, "w")):
            dims[axis].dim_param = letter
    for i, tensor in enumerate(list(graph.output)):
        dims = tensor.type.tensor_type.shape.dim
        opened = ["n", f"anchors_{i}", dims[len(dims) - 1].dim_value or None]
        graph.output[i].CopyFrom(
            onnx.helper.make_tensor_value_info(tensor.name, tensor.type.tensor_type.elem_type, opened)
        )
