"""The seven ways in which exports of YOLO detectors lay out what they found, told apart by names, shapes and values.

What the projects write (facts of their export code, none of it used here), ``b`` pictures, ``n`` rows, ``c`` classes:

- ``anchors``: one output ``(b, n, 5 + c)``: cx cy w h, objectness, class scores. YOLOv5 (``models/yolo.py``) and YOLOv7
  (``export.py --grid``), three anchors a cell. Their exports of old also have the undecoded maps, of rank five.
- ``anchor_free``: one output ``(b, 4 + c, n)``: cx cy w h, class scores. YOLOv8, v9, v11, v12 (ultralytics'
  ``engine/exporter.py``, ``images`` to ``output0``), one row a cell.
- ``cells``: one output ``(b, n, 5 + c)``: cx cy w h, objectness, class scores, one row a cell. YOLOX
  (``tools/export_onnx.py --decode_in_inference``).
- ``grid``: the same before it is decoded, as YOLOX writes it by default and OpenCV's zoo has it: x and y from the
  cell's corner in cells, and the logarithms of w and h in cells (``demo_postprocess`` in its ``utils/demo_utils.py``).
- ``kept``: one output ``(b, n, 6)``: x0 y0 x1 y1, score, class; unused rows are 0. YOLOv10 and YOLO26, which need no
  NMS, and ultralytics' ``nms=True``.
- ``kept_flat``: one output ``(n, 7)``: picture in the batch, x0 y0 x1 y1, class, score. YOLOv7 (``export.py --grid
  --end2end --max-wh``; ``ONNX_ORT`` in ``models/experimental.py``).
- ``counted``: ``num_dets (b, 1)``, ``det_boxes (b, n, 4)``, ``det_scores (b, n)``, ``det_classes (b, n)``: the outputs
  of TensorRT's EfficientNMS plugin, as YOLOv6, v7 and v9 name them. ONNX Runtime has no such operator and does not
  load a graph with it; it loads exports that do the same with ONNX's own (YOLOv6's ``--end2end --ort``).

Boxes are in pixels of the graph's input throughout, but for ``grid``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import ModelFormatError

Floats = NDArray[np.float32]
STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
"""Cells of the heads in use, in pixels: P3 to P5; P3 to P6 for larger inputs; P2 to P5 for small objects."""
ANCHORS = 3
"""Boxes a cell of heads with anchors."""
COUNTED = ("num_dets", "det_boxes", "det_scores", "det_classes")
MOST_KEPT = 1000
"""More rows than exports with NMS inside keep: 100 to 300 by default."""
MULTIPLE = 64
"""Sides that every head takes, for graphs that do not show their strides."""
_ONE_CLASS = 6
_RANK_OF_UNDECODED_MAPS = 5
_ROUNDING = 1e-3
_FRACTIONS = 2.0
_LARGEST_LOG = 10.0
"""A box of 20,000 cells; what is beyond would overflow."""
_EXPECTED = (
    "expected one output (b, n, 5+c) with three rows or one for each cell of strides 8 to 32, (b, 4+c, n) with one, "
    f"(b, n, 6) with at most {MOST_KEPT} rows, or (n, 7), or the four {', '.join(COUNTED)}"
)


class Form(StrEnum):
    """Which layout it is; see the module's docstring."""

    ANCHORS = "anchors"
    ANCHOR_FREE = "anchor_free"
    CELLS = "cells"
    GRID = "grid"
    KEPT = "kept"
    KEPT_FLAT = "kept_flat"
    COUNTED = "counted"


@dataclass(frozen=True)
class Layout:
    """How to read a graph's outputs.

    Attributes:
        form: which layout.
        outputs: names of the outputs to ask for, in the order that :meth:`rows` takes them.
        classes: number of classes; none where the outputs do not show it.
        multiple: what an open input's sides must be a multiple of, in pixels.
        strides: sides of its cells in pixels, where its rows are one for each.
    """

    form: Form
    outputs: tuple[str, ...]
    classes: int | None = None
    multiple: int = MULTIPLE
    strides: tuple[int, ...] = ()

    @property
    def raw(self) -> bool:
        """Whether it has a row for each cell or anchor, whatever is in the picture."""
        return self.form in {Form.ANCHORS, Form.ANCHOR_FREE, Form.CELLS, Form.GRID}

    def rows(
        self,
        arrays: Sequence[NDArray[np.generic]],
        picture: int,
        classes: tuple[int, ...],
        input_hw: tuple[int, int],
    ) -> tuple[Boxes, Floats]:
        """Return the boxes ``x0 y0 x1 y1`` of one picture in pixels of the input, and their scores, in no order.

        A row's score is the best among the classes that count.

        Args:
            arrays: what the graph gave for :attr:`outputs`.
            picture: its number in the batch.
            classes: the indices of the classes that count; empty: all.
            input_hw: height and width of what the graph was given.

        Raises:
            ModelFormatError: if the values cannot be what the layout says: a score outside [0, 1], half a class.
        """
        given = [np.asarray(array, np.float32) for array in arrays]
        if self.raw:
            return self._raw(given[0][picture], classes, input_hw)
        if self.form is Form.KEPT:
            found = given[0][picture]
            xyxy, scores, labels = found[:, :4], found[:, 4], found[:, 5]
        elif self.form is Form.KEPT_FLAT:
            found = given[0][given[0][:, 0] == picture]
            xyxy, labels, scores = found[:, 1:5], found[:, 5], found[:, 6]
        else:
            count = int(given[0][picture, 0])
            xyxy, scores, labels = (array[picture, :count] for array in given[1:])
        _check(scores)
        if (labels != np.rint(labels)).any():
            raise ModelFormatError("a column of class numbers has fractions in it: the graph is of another layout")
        counts = np.isin(labels, classes) if classes else np.ones(len(labels), bool)
        return xyxy[counts], np.clip(scores[counts], 0, 1)

    def told(self, given: Mapping[str, NDArray[np.generic]], input_hw: tuple[int, int]) -> "Layout":
        """Return the layout that the values have, which shapes alone do not tell.

        Rows of a raw head cover the picture, whatever is in it, so that their centres show the unit.

        Args:
            given: what the graph gave for a picture, by name.
            input_hw: height and width of that picture.

        Raises:
            ModelFormatError: a raw head's boxes are fractions of the picture and not pixels.
        """
        if not self.raw:
            return self
        found = np.asarray(given[self.outputs[0]][0], np.float32)
        most = (found[:2] if self.form is Form.ANCHOR_FREE else found[:, :2]).max()
        if self.form is Form.CELLS:
            return self if most > max(input_hw) / 2 else replace(self, form=Form.GRID)
        if not most > _FRACTIONS:
            raise ModelFormatError(
                f"boxes must be in pixels of the input, all centres are below {_FRACTIONS:g}; export it unscaled"
            )
        return self

    def _raw(self, found: Floats, classes: tuple[int, ...], input_hw: tuple[int, int]) -> tuple[Boxes, Floats]:
        objects = self.form is not Form.ANCHOR_FREE
        found = found if objects else found.T
        scores = found[:, 5 if objects else 4 :]
        if self.form is Form.ANCHORS and self.classes == 1:
            # A single class says nothing that objectness does not, and YOLOv7 does not even train it.
            scores = found[:, 4:5]
        elif objects:
            scores = scores * found[:, 4:5]
        _check(scores)
        best = scores[:, classes or slice(None)].max(1)
        placed = _decoded(found[:, :4], input_hw, self.strides) if self.form is Form.GRID else found[:, :4]
        half = placed[:, 2:] / 2
        return np.concatenate([placed[:, :2] - half, placed[:, :2] + half], 1), np.clip(best, 0, 1)


def layout(shapes: Mapping[str, tuple[int, ...]], input_hw: tuple[int, int]) -> Layout:
    """Return the layout of outputs that have these names and shapes for one picture of ``input_hw``.

    ``(1, n, 6)`` is a head of one class where ``n`` is what such a head has for this input, and what is left after NMS
    otherwise. Whether ``cells`` are decoded is told by values: :meth:`Layout.told`.

    Raises:
        ModelFormatError: if it is none that is known.

    Examples:
        >>> [layout({"o": s}, (640, 640)).form.value for s in ((1, 25200, 6), (1, 5, 8400), (1, 300, 6), (2, 7))]
        ['anchors', 'anchor_free', 'kept', 'kept_flat']
    """
    if set(COUNTED) <= set(shapes):
        ranks = [len(shapes[name]) for name in COUNTED]
        if ranks == [2, 3, 2, 2] and shapes[COUNTED[1]][2] == len("xyxy"):
            return Layout(Form.COUNTED, COUNTED)
        raise _unknown(shapes, input_hw)
    decoded = [name for name, shape in shapes.items() if len(shape) != _RANK_OF_UNDECODED_MAPS]
    found = _single(decoded[0], shapes[decoded[0]], input_hw) if len(decoded) == 1 else None
    if found is None:
        raise _unknown(shapes, input_hw)
    return found


def _single(name: str, shape: tuple[int, ...], input_hw: tuple[int, int]) -> Layout | None:
    if len(shape) == len("nc") and shape[1] == len("bxyxycs"):
        return Layout(Form.KEPT_FLAT, (name,))
    if len(shape) != len("bnc") or shape[0] != 1:
        return None
    cells = {sum(h * w for h, w in _grids(input_hw, strides)): strides for strides in STRIDES}
    _, a, b = shape
    if b >= _ONE_CLASS and a % ANCHORS == 0 and a // ANCHORS in cells:
        return Layout(Form.ANCHORS, (name,), b - 5, max(cells[a // ANCHORS]))
    if a > len("xywh") and b in cells:
        return Layout(Form.ANCHOR_FREE, (name,), a - 4, max(cells[b]))
    if b >= _ONE_CLASS and a in cells:
        return Layout(Form.CELLS, (name,), b - 5, max(cells[a]), cells[a])
    return Layout(Form.KEPT, (name,)) if b == _ONE_CLASS and a <= MOST_KEPT else None


def _grids(input_hw: tuple[int, int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Return rows and columns of the cells of each stride."""
    return [(-(-input_hw[0] // stride), -(-input_hw[1] // stride)) for stride in strides]


def _decoded(found: Floats, input_hw: tuple[int, int], strides: Sequence[int]) -> Floats:
    """Return cx cy w h ``(n, 4)`` in pixels of rows that are told from cells: stride by stride, line by line."""
    grids = _grids(input_hw, strides)
    corners = [np.stack(np.meshgrid(np.arange(w), np.arange(h)), 2).reshape(-1, 2) for h, w in grids]
    sides = np.repeat(strides, [h * w for h, w in grids])[:, None]
    xy = (found[:, :2] + np.concatenate(corners)) * sides
    wh = np.exp(np.minimum(found[:, 2:], _LARGEST_LOG)) * sides
    return np.concatenate([xy, wh], 1).astype(np.float32)


def _unknown(shapes: Mapping[str, tuple[int, ...]], input_hw: tuple[int, int]) -> ModelFormatError:
    came = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
    return ModelFormatError(f"{_EXPECTED}; got {came} for a picture of {input_hw[1]}x{input_hw[0]}")


def _check(scores: Floats) -> None:
    if not ((scores >= -_ROUNDING) & (scores <= 1 + _ROUNDING)).all():
        raise ModelFormatError(
            "scores must be in [0, 1], the graph gives others: it lacks its sigmoid, or is of another layout"
        )
