"""dlib's serialized files, read without dlib, and the ONNX graphs that are made of its networks.

An integer is a byte whose low four bits say how many bytes follow and whose high bit is the sign; a real number is two
integers, mantissa and exponent of two; a tensor is a version, four dimensions and raw little-endian float32. The file
of a network holds the layers innermost first. Each is its name, a tensor of parameters and its settings; the settings
that matter here follow from the network, which is fixed, so that only names and tensors are read.

The same file gives the same bytes: the graph, its names, the producer, the IR version and the opset are fixed here, and
what is folded is folded in float32 one operation at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError

if TYPE_CHECKING:
    import onnx

IR_VERSION = 8
OPSET = 13

_INTEGER_BYTES = 7
"""The most that an integer of these files has: a mantissa of 53 bits."""
_EXPONENTS = (-1000, 60)
"""Exponents whose number a float32 holds, whatever the mantissa; dlib writes infinities and NaN as 32000 and above."""

Floats = NDArray[np.float32]


@dataclass
class Reader:
    """Reads names, numbers and tensors in the order of the file."""

    content: bytes
    at: int = 0

    def integer(self) -> int:
        """Return the next integer."""
        head = self.content[self.at]
        size = head & 0x0F
        value = int.from_bytes(self.content[self.at + 1 : self.at + 1 + size], "little")
        self.at += 1 + size
        return -value if head & 0x80 else value

    def real(self) -> float:
        """Return the next real number."""
        mantissa = self.integer()
        return float(mantissa * 2.0 ** self.integer())

    def integers(self, count: int) -> NDArray[np.int64]:
        """Return the next integers, ``(count,)``; a thousand of them take a fifth of the time of one after the other.

        Raises:
            ModelFormatError: if the file ends before, or has something else there.
        """
        content, at, starts = self.content, self.at, []
        try:
            for _ in range(count):
                starts.append(at)
                at += 1 + (content[at] & 0x0F)
        except IndexError:
            at = len(content) + 1
        if at > len(content):
            raise ModelFormatError(f"dlib's file ends within the {count} numbers after byte {self.at}")
        where, octets = np.array(starts, np.intp), np.frombuffer(content, np.uint8)
        heads = octets[where]
        sizes = heads & 0x0F
        if (heads & 0x70).any() or int(sizes.max(initial=0)) > _INTEGER_BYTES:
            raise ModelFormatError(f"expected {count} numbers after byte {self.at} of dlib's file, got something else")
        values = np.zeros(count, np.int64)
        for place in range(int(sizes.max(initial=0))):
            octet = octets.take(where + 1 + place, mode="clip").astype(np.int64)
            values |= np.where(sizes > place, octet << (8 * place), 0)
        self.at = at
        return np.where(heads & 0x80, -values, values)

    def pass_over(self, name: bytes) -> None:
        """Go on behind the next layer of that name."""
        found = self.content.find(bytes([1, len(name)]) + name, self.at)
        if found < 0:
            raise ModelFormatError(f"expected a layer {name.decode()} in dlib's file, found none after byte {self.at}")
        self.at = found + 2 + len(name)

    def tensor_after(self, name: bytes, settings_before: int = 0) -> tuple[list[int], Floats]:
        """Return the dimensions and the values of the next layer of that name; integers before them are passed over."""
        self.pass_over(name)
        for _ in range(settings_before):
            self.integer()
        return self.tensor(name.decode())

    def tensor(self, name: str) -> tuple[list[int], Floats]:
        """Return the dimensions and the values of the tensor that follows, of the layer of that name."""
        self.integer()  # the tensor's version
        dims = [self.integer() for _ in range(4)]
        count = int(np.prod(dims))
        if count <= 0 or self.at + 4 * count > len(self.content):
            raise ModelFormatError(f"layer {name} of dlib's file has dimensions {dims}, which cannot be")
        values = np.frombuffer(self.content, "<f4", count, self.at).astype(np.float32)
        self.at += 4 * count
        return dims, values


@dataclass
class Graph:
    """The nodes and constants of the ONNX graph under construction; each node's output is named by its number."""

    reader: Reader
    nodes: list["onnx.NodeProto"] = field(default_factory=list)
    constants: list["onnx.TensorProto"] = field(default_factory=list)

    def constant(self, values: NDArray[np.generic]) -> str:
        """Return the name of a constant with these values."""
        from onnx import numpy_helper  # noqa: PLC0415 (lazily)

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Return the name of the output of a node with these inputs."""
        from onnx import helper  # noqa: PLC0415 (lazily)

        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"node_{len(self.nodes)}", **attributes))
        return name

    def convolve(self, value: str, weights: Floats, biases: Floats, stride: int) -> str:
        """Return a convolution; dlib pads by half the kernel, and not at all where the stride is above one."""
        side = weights.shape[-1]
        pad = 0 if stride > 1 else side // 2
        inputs = self.constant(weights), self.constant(biases)
        return self.node(
            "Conv", value, *inputs, kernel_shape=[side, side], strides=[stride, stride], pads=[pad, pad, pad, pad]
        )

    def model(
        self,
        name: str,
        given: tuple[str, Sequence[int | str]],
        gives: Sequence[tuple[str, Sequence[int | str]]],
    ) -> bytes:
        """Return the graph as the bytes of a checked model.

        Args:
            name: the graph's name.
            given: the input's name and shape.
            gives: each output's name and shape; the names are those of nodes' outputs.
        """
        from onnx import TensorProto, checker, helper  # noqa: PLC0415 (lazily)

        info = helper.make_tensor_value_info
        inputs = [info(given[0], TensorProto.FLOAT, given[1])]
        outputs = [info(output, TensorProto.FLOAT, shape) for output, shape in gives]
        model = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.constants),
            producer_name="faceveil",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))


def reals(integers: NDArray[np.int64]) -> Floats:
    """Return the real numbers whose mantissas and exponents take turns along the last axis, half as many.

    Raises:
        ModelFormatError: if one of them is no finite number.

    Examples:
        >>> reals(np.array([3, -2, -5, 1])).tolist()
        [0.75, -10.0]
    """
    mantissas, exponents = integers[..., 0::2], integers[..., 1::2]
    if exponents.size and not _EXPONENTS[0] <= int(exponents.min()) <= int(exponents.max()) <= _EXPONENTS[1]:
        raise ModelFormatError("expected finite numbers in dlib's file, got one that is none")
    return np.ldexp(mantissas.astype(np.float64), exponents.astype(np.int32)).astype(np.float32)


def parameters(reader: Reader, shape: tuple[int, int, int]) -> tuple[Floats, Floats]:
    """Return the next convolution's weights ``(filters, channels, side, side)`` and biases ``(filters,)``.

    Args:
        reader: the file.
        shape: filters, channels and side of the kernel.
    """
    filters, channels, side = shape
    _, values = reader.tensor_after(b"con_4")
    if values.size != filters * (channels * side * side + 1):
        raise ModelFormatError(
            f"expected {filters} filters of {channels}x{side}x{side} in dlib's file, got {values.size} parameters",
        )
    return values[:-filters].reshape(filters, channels, side, side), values[-filters:]


def scaled(weights: Floats, biases: Floats, gamma: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Return a convolution's weights and biases with the affine layer that follows it folded in."""
    if gamma.shape != biases.shape or beta.shape != biases.shape:
        raise ModelFormatError(f"expected {biases.size} scales of an affine layer in dlib's file, got {gamma.size}")
    return weights * gamma[:, None, None, None], biases * gamma + beta
