"""SCRFD of an InsightFace pack with its inner convolutions in 8 bits: faster on a CPU.

The first convolution and those before the outputs stay as they are. Of 100 faces of 18 pixels, in scenes made of photos
that were held back from calibration, a pack of 2.5 GFLOPs found 91 as it is, 89 so, and 73 with all its convolutions in
8 bits. Where the ranges lie is taken from pictures with faces of many sizes: with faces of one size, of 110 pixels, it
found 62. Runs where models are prepared, once a model; needs ``onnx``.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes

if TYPE_CHECKING:
    import onnx

Rgb = NDArray[np.uint8]
SIDE = 640
"""Of a scene, in pixels."""
SIDES = (220, 140, 90, 56, 36, 24)
"""Of the photos put into a scene: faces that fill half of them are 12 to 110 pixels."""
_TRIES = 1000
"""After so many a scene goes without that size."""
_SMEAR_WH = (8, 8)
"""To so few pixels, and back: no face is left of it."""
_OPSET = 13
"""The first in which each channel may have a scale of its own."""


def scenes(photos: Iterable[Rgb]) -> Iterator[tuple[Rgb, boxes.Boxes]]:
    """Yield a picture for each photo, and where the photo is in it: at the sizes of :data:`SIDES`, at seeded places.

    They do not overlap, and lie on what is left of the photo when it is smeared.
    """
    for number, photo in enumerate(photos):
        draw = np.random.default_rng(number)
        canvas = cv2.resize(cv2.resize(photo, _SMEAR_WH, interpolation=cv2.INTER_AREA), (SIDE, SIDE))
        placed = boxes.empty()
        for side in SIDES:
            for _ in range(_TRIES):
                y, x = draw.integers(0, SIDE - side, 2)
                place = np.array([[x, y, x + side, y + side]], np.float32)
                if not boxes.iou(place, placed).any():
                    canvas[y : y + side, x : x + side] = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
                    placed = np.concatenate([placed, place])
                    break
        yield np.asarray(canvas, np.uint8), placed


def quantized(model: bytes, planes: Iterable[NDArray[np.float32]]) -> bytes:
    """Return the graph with its inner convolutions in 8 bits, a scale for each channel (QDQ, MinMax).

    24 pictures took 4 s on one core.

    Args:
        model: the pack's file.
        planes: pictures as the network takes them, ``(1, 3, h, w)``: the range of each tensor is that of all of them.
    """
    import onnx  # noqa: PLC0415 - heavy, and needed only here
    from onnx import version_converter  # noqa: PLC0415
    from onnxruntime import quantization as ort  # noqa: PLC0415

    made = onnx.load_model_from_string(model)
    if made.opset_import[0].version < _OPSET:
        made = version_converter.convert_version(made, _OPSET)
    for i, node in enumerate(made.graph.node):
        node.name = node.name or f"node_{i}"
    weights = {one.name for one in made.graph.initializer}
    name = next(one.name for one in made.graph.input if one.name not in weights)
    pictures = iter(planes)

    class Pictures(ort.CalibrationDataReader):  # type: ignore[misc] # onnxruntime has no types
        def get_next(self) -> dict[str, Any] | None:
            one = next(pictures, None)
            return None if one is None else {name: one}

    with tempfile.TemporaryDirectory() as folder, _without_advice():
        file = Path(folder) / "int8.onnx"
        ort.quantize_static(
            made, file, Pictures(), quant_format=ort.QuantFormat.QDQ, per_channel=True, op_types_to_quantize=["Conv"],
            calibrate_method=ort.CalibrationMethod.MinMax, activation_type=ort.QuantType.QUInt8,
            weight_type=ort.QuantType.QInt8, nodes_to_exclude=outermost(made.graph, name),
        )  # fmt: skip
        return file.read_bytes()


def outermost(graph: "onnx.GraphProto", name: str) -> list[str]:
    """Return the names of the convolutions that the input reaches first, and of those nearest to the outputs."""
    by = {output: node for node in graph.node for output in node.output}
    first = [node.name for node in graph.node if node.op_type == "Conv" and node.input[0] == name]
    last = set()
    waiting = [one.name for one in graph.output]
    while waiting:
        node = by.get(waiting.pop())
        if node is not None and node.op_type == "Conv":
            last.add(node.name)
        elif node is not None:
            waiting += node.input
    return [*first, *sorted(last - set(first))]


@contextmanager
def _without_advice() -> Iterator[None]:
    """Silence what ONNX Runtime's quantization advises on the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
