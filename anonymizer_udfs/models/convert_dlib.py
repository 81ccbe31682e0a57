"""dlib's face recognition ResNet-29 as an ONNX model, made from dlib's own file without dlib.

The network: He et al., "Deep Residual Learning" (2016), as trained by Davis King, with 29 convolutions; its template is
128 numbers, and two faces of one person are less than 0.6 apart. How the file is read: :mod:`.dlib_format`.
"""

from dataclasses import dataclass

import numpy as np

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.dlib_format import Graph, Reader, parameters, scaled

SIDE_PX = 150
TEMPLATE_SIZE = 128
_MEAN_RGB = (122.782, 117.001, 104.298)
_LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Filters, blocks, and whether the first block halves the picture; the innermost level first."""


@dataclass
class _Graph(Graph):
    """The recognizer's graph under construction."""

    def convolution(self, value: str, filters: int, channels: int, side: int, stride: int) -> str:
        """Return a convolution with the affine layer that follows it folded into its weights."""
        weights, biases = parameters(self.reader, (filters, channels, side))
        _, scales = self.reader.tensor_after(b"affine_")
        return self.convolve(value, *scaled(weights, biases, scales[:filters], scales[filters:]), stride)

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
    graph = _Graph(Reader(content))
    try:
        _build(graph)
    except IndexError as error:
        raise ModelFormatError("dlib's file ends in the middle of a layer") from error
    graph.nodes[-1].output[0] = "template"
    return graph.model("dlib_resnet", ("rgb", ["n", 3, SIDE_PX, SIDE_PX]), [("template", ["n", TEMPLATE_SIZE])])
