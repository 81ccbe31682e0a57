"""Small ONNX graphs in the formats of plate detectors that take red dots for plates, and green ones for another class.

A cell of 8 pixels finds the dot whose centre of mass is in it. The dot's area is counted in a window of 24 pixels, so
it may be up to 8 pixels wide and lie anywhere; the box around it grows with its side, so that a dot in a picture that
was shrunk has a shrunken box.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.onnx_builder import WHOLE, Builder

DOT_PX = 8
PLATE_WH = (48.0, 16.0)
"""Size of the box around a dot of ``DOT_PX``."""
LPD_WH = (48.0, 24.0)
"""The same for LPD-YuNet's graph, whose plates are skewed."""
CLASSES = 3
"""Of a graph with several: 0 green, 1 nothing, 2 red."""
FORMS = ("anchors", "anchor_free", "cells", "grid", "kept", "kept_flat", "counted")
YOLOX = ("cells", "grid")
_CELL, _WINDOW = 8, 24
_FADE = 16.0
"""A dot's score is its area over its area and this, in pixels: 0.8 for ``DOT_PX``."""
_KEPT = 20
_LPD_CORNERS = ((-24.0, -8.0), (24.0, -12.0), (24.0, 8.0), (-24.0, 12.0))


def score(side_px: float) -> float:
    """Return the score that a dot of this side gets."""
    return side_px**2 / (side_px**2 + _FADE)


def _dots(g: Builder, picture: str, colours: list[list[float]]) -> tuple[str, str, str]:
    """Return maps of cells: each colour's score, offset x y of the dot's centre from the cell's, and the dot's side."""
    n = len(colours)
    seen = g.op("Clip", g.op("Conv", picture, g.const(np.reshape(colours, (n, 3, 1, 1)))), g.const(0), g.const(1))
    at = np.arange(_WINDOW) + 0.5 - _WINDOW / 2
    kernels = np.zeros((n + 2, n, _WINDOW, _WINDOW))
    for i in range(n):
        kernels[i, i] = 1
    kernels[n], kernels[n + 1] = at[None, None, :], at[None, :, None]
    pads = [(_WINDOW - _CELL) // 2] * 4
    moments = g.op("Conv", seen, g.const(kernels), strides=[_CELL, _CELL], pads=pads)
    area = g.split(moments, 0, n, 1)
    total = g.op("Max", g.op("ReduceSum", area, g.const([1], np.int64)), g.const(1e-6))
    offset = g.op("Div", g.split(moments, n, n + 2, 1), total)
    far = g.op("ReduceMax", g.op("Abs", offset), axes=[1])
    steep = g.op("Mul", g.op("Sub", g.const(_CELL / 2 + 0.25), far), g.const(1e4))
    mine = g.op("Clip", steep, g.const(0), g.const(1))
    scores = g.op("Mul", g.op("Div", area, g.op("Add", area, g.const(_FADE))), mine)
    return scores, offset, g.op("Sqrt", total)


def _places(g: Builder, like: str) -> str:
    """Return the centres of all cells as maps x y, in pixels, whatever the size."""
    ones = g.op("Add", g.op("Mul", g.split(like, 0, 1, 1), g.const(0)), g.const(1))
    counted = [g.op("CumSum", ones, g.const(axis, np.int64)) for axis in (3, 2)]
    return g.op("Mul", g.op("Sub", g.op("Concat", *counted, axis=1), g.const(0.5)), g.const(_CELL))


def _in_cells(g: Builder, maps: str, channels: int, stride: int) -> str:
    """Return maps whose cx cy w h are told from cells of that stride, as YOLOX leaves them, the rest as it is."""
    ones = _constant_like(g, g.split(maps, 0, 1, 1), 1.0)
    corner = g.op("Sub", g.op("Concat", *(g.op("CumSum", ones, g.const(a, np.int64)) for a in (3, 2)), axis=1), ones)
    place = g.op("Sub", g.op("Div", g.split(maps, 0, 2, 1), g.const(stride)), corner)
    size = g.op("Log", g.op("Div", g.op("Max", g.split(maps, 2, 4, 1), g.const(1e-3)), g.const(stride)))
    return g.op("Concat", place, size, g.split(maps, 4, channels, 1), axis=1)


def _decoded(g: Builder, picture: str, classes: int, anchors: int, *, encoded: bool = False) -> tuple[str, str]:
    """Return all candidates: cx cy w h ``(b, 4, n)`` and class scores ``(b, c, n)``, in pixels of the input.

    With ``encoded`` boxes are told from their cells.

    With three anchors the second has a larger box of a lower score, which NMS has to drop, and the third finds nothing;
    neither do the strides of 16 and 32.
    """
    red, green = [1.0, -0.5, -0.5], [-0.5, 1.0, -0.5]
    scores, offset, side = _dots(g, picture, [red] if classes == 1 else [green, [0.0] * 3, red])
    centre = g.op("Add", _places(g, offset), offset)
    size = g.op("Mul", side, g.const(np.reshape(PLATE_WH, (1, 2, 1, 1)) / np.float32(DOT_PX)))
    maps = g.op("Concat", centre, size, scores, axis=1)
    parts = []
    for grown, fainter in ((1.0, 1.0), (1.2, 0.9), (1.0, 0.0))[:anchors]:
        gain = np.array([1, 1, grown, grown, *[fainter] * classes])[None, :, None, None]
        parts.append(g.op("Mul", maps, g.const(gain)))
    blind = np.array([1] * 4 + [0] * classes)[None, :, None, None]
    for step in (2, 4):
        coarse = g.op("MaxPool", maps, kernel_shape=[step, step], strides=[step, step])
        parts += [g.op("Mul", coarse, g.const(blind))] * anchors
    if encoded:
        parts = [_in_cells(g, part, 4 + classes, _CELL * step) for part, step in zip(parts, (1, 2, 4), strict=True)]
    rows = g.op("Concat", *(g.rows(part, 4 + classes) for part in parts), axis=2)
    return g.split(rows, 0, 4, 1), g.split(rows, 4, 4 + classes, 1)


def _corners(g: Builder, boxes: str) -> str:
    """Return cx cy w h ``(b, 4, n)`` as x0 y0 x1 y1 ``(b, n, 4)``."""
    turn = np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]], np.float32)
    return g.op("Transpose", g.op("MatMul", g.const(turn), boxes), perm=[0, 2, 1])


def _raw(g: Builder, boxes: str, scores: str, form: str, classes: int) -> str:
    if form == "anchor_free":
        return g.op("Concat", boxes, scores, axis=1)
    best = g.op("ReduceMax", scores, axes=[1])
    # A single class is left at a half, as YOLOv7 leaves what it does not train.
    alone = 1.0 if form in YOLOX else 0.5
    share = g.op("Div", scores, g.op("Max", best, g.const(1e-6))) if classes > 1 else _constant_like(g, best, alone)
    return g.op("Transpose", g.op("Concat", boxes, best, share, axis=1), perm=[0, 2, 1])


def _constant_like(g: Builder, tensor: str, value: float) -> str:
    return g.op("Add", g.op("Mul", tensor, g.const(0)), g.const(value))


def _top(g: Builder, boxes: str, scores: str) -> str:
    """Return the best rows ``(b, 20, 6)`` by TopK, as heads without NMS do."""
    best = g.op("ReduceMax", scores, axes=[1], keepdims=0)
    label = g.op("Cast", g.op("ArgMax", scores, axis=1, keepdims=0), to=TensorProto.FLOAT)
    all_rows = g.op(
        "Concat",
        _corners(g, boxes),
        g.op("Unsqueeze", best, g.const([2], np.int64)),
        g.op("Unsqueeze", label, g.const([2], np.int64)),
        axis=2,
    )
    g.nodes.append(helper.make_node("TopK", [best, g.const([_KEPT], np.int64)], ["top", "which"], axis=1))
    index = g.op("Expand", g.op("Unsqueeze", "which", g.const([2], np.int64)), g.const([1, 1, 6], np.int64))
    return g.op("GatherElements", all_rows, index, axis=1)


def _selected(g: Builder, boxes: str, scores: str) -> tuple[str, str, str, str]:
    """Return what NonMaxSuppression leaves: picture ``(m, 1)``, corners ``(m, 4)``, class and score ``(m, 1)``."""
    corners = _corners(g, boxes)
    best = g.op("ReduceMax", scores, axes=[1])
    label = g.op("Cast", g.op("ArgMax", scores, axis=1), to=TensorProto.FLOAT)
    limits = g.const([_KEPT], np.int64), g.const([0.45]), g.const([0.2])
    picked = g.op("NonMaxSuppression", corners, best, *limits)
    picture, row = (g.split(picked, i, i + 1, 1) for i in (0, 2))
    where = g.op("Concat", picture, row, axis=1)
    labels, scored = (g.op("GatherND", g.op("Transpose", one, perm=[0, 2, 1]), where) for one in (label, best))
    return g.op("Cast", picture, to=TensorProto.FLOAT), g.op("GatherND", corners, where), labels, scored


def _padded(g: Builder, tensor: str, columns: int, value: float) -> str:
    """Return ``(m, columns)`` as ``(1, 20, columns)``, what is not used filled with ``value``."""
    filler = g.const(np.full((_KEPT, columns), value))
    whole = g.split(g.op("Concat", tensor, filler, axis=0), 0, _KEPT, 0)
    return g.op("Unsqueeze", whole, g.const([0], np.int64))


def _counted(g: Builder, boxes: str, scores: str) -> dict[str, str]:
    """Return the four outputs; rows past the count hold a box and a score that must not be believed."""
    _, corners, label, best = _selected(g, boxes, scores)
    count = g.split(g.op("Shape", corners), 0, 1, 0)
    flat = g.const([1, _KEPT], np.int64)
    return {
        "num_dets": g.op("Cast", g.op("Reshape", count, g.const([1, 1], np.int64)), to=TensorProto.INT32),
        "det_boxes": _padded(g, corners, 4, 7.0),
        "det_scores": g.op("Reshape", _padded(g, best, 1, 0.99), flat),
        "det_classes": g.op("Cast", g.op("Reshape", _padded(g, label, 1, 2.0), flat), to=TensorProto.INT32),
    }


def yolo(
    form: str,
    hw: tuple[int, int] | None = None,
    *,
    classes: int = CLASSES,
    batch: int | str = "batch",
    input_max: float | None = None,
    half: bool = False,
    task: str = "",
    gain: float = 1.0,
) -> bytes:
    """Return a graph of a YOLO export that finds red dots, as class 2, or as class 0 where it is the only one.

    Args:
        form: one of ``FORMS``; ``kept`` selects by TopK, ``kept_flat`` and ``counted`` by NonMaxSuppression.
        hw: the input's height and width; none: open.
        classes: 1, or ``CLASSES``.
        batch: pictures a call, or the name of an open dimension.
        input_max: what a white pixel is given as; none: what the form's projects give.
        half: whether input and outputs are float16.
        task: what ultralytics' exports write into their metadata.
        gain: what all raw scores are multiplied by, to make them impossible.
    """
    g = Builder()
    picture = g.op("Cast", "images", to=TensorProto.FLOAT) if half else "images"
    white = input_max or (255.0 if form in YOLOX else 1.0)
    shown = g.op("Div", picture, g.const(white))
    boxes, scores = _decoded(g, shown, classes, anchors=3 if form == "anchors" else 1, encoded=form == "grid")
    scores = g.op("Mul", scores, g.const(gain))
    if form in ("anchors", "anchor_free", *YOLOX):
        named = {"output0": _raw(g, boxes, scores, form, classes)}
    elif form == "kept":
        named = {"output0": _top(g, boxes, scores)}
    elif form == "kept_flat":
        picked, corners, label, best = _selected(g, boxes, scores)
        named = {"output": g.op("Concat", picked, corners, label, best, axis=1)}
    else:
        named = _counted(g, boxes, scores)
    shapes: dict[str, list[object]] = {}
    for name, tensor in named.items():
        g.output(name, tensor, half and name not in WHOLE)
        shapes[name] = [f"{name}_{axis}" for axis in range(3 if name in ("output0", "det_boxes") else 2)]
    sides: list[object] = list(hw) if hw else ["height", "width"]
    made = onnx.load_model_from_string(g.model({"images": [batch, 3, *sides]}, shapes, half))
    if task:
        helper.set_model_props(made, {"task": task})
    return bytes(made.SerializeToString())


def somebody() -> bytes:
    """Return a graph of a head without NMS that finds one thing of class 0 in every picture, wherever it is shown."""
    g = Builder()
    nothing = g.op("Mul", g.op("ReduceMean", "images", axes=[1, 2, 3], keepdims=1), g.const(0))
    row = g.op("Add", g.op("Reshape", nothing, g.const([-1, 1, 1], np.int64)), g.const([[[4, 4, 40, 60, 0.9, 0]]]))
    g.output("output0", row)
    return g.model({"images": ["batch", 3, "height", "width"]}, {"output0": ["batch", 1, 6]})


def lpd_yunet(conf_columns: int = 2) -> bytes:
    """Return a graph in LPD-YuNet's format, BGR of 0 to 255 at 320x240, that finds red dots as skewed plates.

    The first prior of a cell of 8 pixels finds; the second does too, with half the score; no other does. What the
    decoder has no use for, box and middle point, is filled with nonsense.

    Args:
        conf_columns: 2 as in the real file, or something that must be refused.
    """
    g = Builder()
    # BGR, so red is the last; the graph's squares are 10, 16 and 24 pixels wide, and a variance is 0.1.
    found, offset, side = _dots(g, g.op("Div", "input", g.const(255)), [[-0.5, -0.5, 1.0]])
    locs = []
    for prior in (10, 16, 24):
        corners = [
            g.op("Add", offset, g.op("Mul", side, g.const(np.reshape(corner, (1, 2, 1, 1)) / np.float32(DOT_PX))))
            for corner in _LPD_CORNERS
        ]
        scaled = [g.op("Div", corner, g.const(0.1 * prior)) for corner in corners]
        nonsense = _constant_like(g, offset, 9.0)
        locs += [nonsense, nonsense, *scaled[:2], nonsense, *scaled[2:]]
    scores = [g.op("Mul", found, g.const(gain)) for gain in (1.0, 0.5, 0.0)]
    fine = {"loc": g.op("Concat", *locs, axis=1), "iou": g.op("Concat", *scores, axis=1)}
    rest = 15 * 20 * 2 + 7 * 10 * 2 + 3 * 5 * 3
    outputs: dict[str, list[object]] = {}
    for name, columns in (("loc", 14), ("iou", 1)):
        flat = g.op("Reshape", g.op("Transpose", fine[name], perm=[0, 2, 3, 1]), g.const([-1, columns], np.int64))
        g.nodes.append(helper.make_node("Concat", [flat, g.const(np.zeros((rest, columns)))], [name], axis=0))
        outputs[name] = [30 * 40 * 3 + rest, columns]
    other = g.op("Sub", g.const(1), "iou")
    g.nodes.append(helper.make_node("Concat", [other, *["iou"] * (conf_columns - 1)], ["conf"], axis=1))
    outputs["conf"] = [outputs["iou"][0], conf_columns]
    return g.model({"input": [1, 3, 240, 320]}, outputs)
