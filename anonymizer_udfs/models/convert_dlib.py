"""dlib's face recognition ResNet-29 as an ONNX model, made from dlib's own file without dlib.

The file holds the layers innermost first. Each is its name, a tensor of parameters and its settings; the settings that
matter here follow from the network, which is fixed, so that only names and tensors are read. An integer is a byte whose
low four bits say how many bytes follow and whose high bit is the sign; a tensor is a version, four dimensions and raw
little-endian float32. The network: He et al., "Deep Residual Learning" (2016), as trained by Davis King, with 29
convolutions; its template is 128 numbers, and two faces of one person are less than 0.6 apart.

The same file gives the same bytes: the graph, its names, the producer, the IR version and the opset are fixed here, and
what is folded is folded in float32 one operation at a time.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError

if TYPE_CHECKING:
    import onnx

IR_VERSION = 8
OPSET = 13
SIDE_PX = 150
TEMPLATE_SIZE = 128
_MEAN_RGB = (122.782, 117.001, 104.298)
_LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Filters, blocks, and whether the first block halves the picture; the innermost level first."""

Floats = NDArray[np.float32]


@dataclass
class _Reader:
    """Reads names, integers and tensors in the order of the file."""

    content: bytes
    at: int = 0

    def integer(self) -> int:
        head = self.content[self.at]
        size = head & 0x0F
        value = int.from_bytes(self.content[self.at + 1 : self.at + 1 + size], "little")
        self.at += 1 + size
        return -value if head & 0x80 else value

    def tensor_after(self, name: bytes, settings_before: int = 0) -> tuple[list[int], Floats]:
        """Return the dimensions and the values of the next layer of that name; integers before them are passed over."""
        found = self.content.find(bytes([1, len(name)]) + name, self.at)
        if found < 0:
            raise ModelFormatError(f"expected a layer {name.decode()} in dlib's file, found none after byte {self.at}")
        self.at = found + 2 + len(name)
        for _ in range(settings_before):
            self.integer()
        self.integer()  # the tensor's version
        dims = [self.integer() for _ in range(4)]
        count = int(np.prod(dims))
        if count <= 0 or self.at + 4 * count > len(self.content):
            raise ModelFormatError(f"layer {name.decode()} of dlib's file has dimensions {dims}, which cannot be")
        values = np.frombuffer(self.content, "<f4", count, self.at).astype(np.float32)
        self.at += 4 * count
        return dims, values


@dataclass
class _Graph:
    """The nodes and constants of the ONNX graph under construction; each node's output is named by its number."""

    reader: _Reader
    nodes: list["onnx.NodeProto"] = field(default_factory=list)
    constants: list["onnx.TensorProto"] = field(default_factory=list)

    def constant(self, values: NDArray[np.generic]) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 (lazily)

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        from onnx import helper  # noqa: PLC0415 (lazily)

        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"node_{len(self.nodes)}", **attributes))
        return name

    def convolution(self, value: str, filters: int, channels: int, side: int, stride: int) -> str:
        """Return a convolution with the affine layer that follows it folded into its weights."""
        _, params = self.reader.tensor_after(b"con_4")
        _, scales = self.reader.tensor_after(b"affine_")
        if params.size != filters * (channels * side * side + 1) or scales.size != 2 * filters:
            raise ModelFormatError(
                f"expected {filters} filters of {channels}x{side}x{side} in dlib's file, got {params.size} parameters "
                f"and {scales.size} of the affine layer",
            )
        weights, biases = params[:-filters].reshape(filters, channels, side, side), params[-filters:]
        gamma, beta = scales[:filters], scales[filters:]
        inputs = self.constant(weights * gamma[:, None, None, None]), self.constant(biases * gamma + beta)
        pad = 0 if stride > 1 else side // 2
        return self.node(
            "Conv", value, *inputs, kernel_shape=[side, side], strides=[stride, stride], pads=[pad, pad, pad, pad]
        )

    def pad_end(self, value: str, channels: int, side_px: int) -> str:
        """Return the value with zeros after its channels, rows and columns: dlib adds unequal shapes that way."""
        pads = np.array([0, 0, 0, 0, 0, channels, side_px, side_px], np.int64)
        return self.node("Pad", value, self.constant(pads)) if pads.any() else value

    def block(self, value: str, filters: int, channels: int, side_px: int, *, halve: bool) -> tuple[str, int]:
        """Return a residual block's output and its side in pixels."""
        inner = self.node("Relu", self.convolution(value, filters, channels, 3, 2 if halve else 1))
        inner = self.convolution(inner, filters, filters, 3, 1)
        shortcut, inner_px, shortcut_px = value, side_px, side_px
        if halve:
            shortcut = self.node("AveragePool", value, kernel_shape=[2, 2], strides=[2, 2])
            inner_px, shortcut_px = (side_px - 3) // 2 + 1, side_px // 2
        out_px = max(inner_px, shortcut_px)
        inner = self.pad_end(inner, 0, out_px - inner_px)
        shortcut = self.pad_end(shortcut, filters - channels, out_px - shortcut_px)
        return self.node("Relu", self.node("Add", inner, shortcut)), out_px


def _build(graph: _Graph) -> None:
    mean = graph.constant(np.array(_MEAN_RGB, np.float32).reshape(1, 3, 1, 1))
    value = graph.node("Sub", "rgb", mean)
    value = graph.node("Mul", value, graph.constant(np.float32(1 / 256).reshape(1)))
    value = graph.node("Relu", graph.convolution(value, 32, 3, 7, 2))
    value = graph.node("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2])
    side_px, channels = 35, 32
    for filters, blocks, halves in _LEVELS:
        for number in range(blocks):
            value, side_px = graph.block(value, filters, channels, side_px, halve=halves and number == 0)
            channels = filters
    value = graph.node("Flatten", graph.node("GlobalAveragePool", value))
    dims, weights = graph.reader.tensor_after(b"fc_2", settings_before=2)
    if weights.size != channels * TEMPLATE_SIZE:
        raise ModelFormatError(f"expected {channels}x{TEMPLATE_SIZE} weights in dlib's last layer, got {dims}")
    graph.node("MatMul", value, graph.constant(weights.reshape(channels, TEMPLATE_SIZE)))


def convert(content: bytes) -> bytes:
    """Return dlib's network as the bytes of an ONNX model: ``rgb`` (n, 3, 150, 150) to ``template`` (n, 128).

    The input is RGB in 0 to 255, of any batch size. Runs on the driver; a second and 100 MB.

    Args:
        content: ``dlib_face_recognition_resnet_model_v1.dat``.

    Raises:
        ModelFormatError: if it is no such file.
    """
    from onnx import TensorProto, checker, helper  # noqa: PLC0415 (lazily)

    graph = _Graph(_Reader(content))
    try:
        _build(graph)
    except IndexError as error:
        raise ModelFormatError("dlib's file ends in the middle of a layer") from error
    graph.nodes[-1].output[0] = "template"
    shape: list[int | str] = ["n", 3, SIDE_PX, SIDE_PX]
    proto = helper.make_graph(
        graph.nodes,
        "dlib_resnet",
        [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, ["n", TEMPLATE_SIZE])],
        graph.constants,
    )
    model = helper.make_model(
        proto, producer_name="faceveil", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
