"""The five ways in which exports of YOLO detectors lay out what they found, told apart by names and shapes.

What the projects write (facts of their export code, none of it used here), ``b`` pictures, ``n`` rows, ``c`` classes:

- ``anchors``: one output ``(b, n, 5 + c)``: cx cy w h, objectness, class scores. YOLOv5 (``models/yolo.py``) and YOLOv7
  (``export.py --grid``), three anchors a cell. Their exports of old also have the undecoded maps, of rank five.
- ``anchor_free``: one output ``(b, 4 + c, n)``: cx cy w h, class scores. YOLOv8, v9, v11, v12 (ultralytics'
  ``engine/exporter.py``, ``images`` to ``output0``), one row a cell.
- ``kept``: one output ``(b, n, 6)``: x0 y0 x1 y1, score, class; unused rows are 0. YOLOv10 and YOLO26, which need no
  NMS, and ultralytics' ``nms=True``.
- ``kept_flat``: one output ``(n, 7)``: picture in the batch, x0 y0 x1 y1, class, score. YOLOv7 (``export.py --grid
  --end2end --max-wh``; ``ONNX_ORT`` in ``models/experimental.py``).
- ``counted``: ``num_dets (b, 1)``, ``det_boxes (b, n, 4)``, ``det_scores (b, n)``, ``det_classes (b, n)``: the outputs
  of TensorRT's EfficientNMS plugin, as YOLOv6, v7 and v9 name them. ONNX Runtime has no such operator and does not
  load a graph with it; it loads exports that do the same with ONNX's own (YOLOv6's ``--end2end --ort``).

Boxes are in pixels of the graph's input throughout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_EXPECTED = (
    "expected one output (b, n, 5+c) with three rows a cell of strides 8 to 32, (b, 4+c, n) with one, (b, n, 6) with "
    f"at most {MOST_KEPT} rows, or (n, 7), or the four {', '.join(COUNTED)}"
)


class Form(StrEnum):
    """Which layout it is; see the module's docstring."""

    ANCHORS = "anchors"
    ANCHOR_FREE = "anchor_free"
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
    """

    form: Form
    outputs: tuple[str, ...]
    classes: int | None = None
    multiple: int = MULTIPLE

    def rows(
        self, arrays: Sequence[NDArray[np.generic]], picture: int, classes: tuple[int, ...]
    ) -> tuple[Boxes, Floats]:
        """Return the boxes ``x0 y0 x1 y1`` of one picture in pixels of the input, and their scores, in no order.

        A row's score is the best among the classes that count.

        Args:
            arrays: what the graph gave for :attr:`outputs`.
            picture: its number in the batch.
            classes: the indices of the classes that count; empty: all.

        Raises:
            ModelFormatError: if the values cannot be what the layout says: a score outside [0, 1], half a class.
        """
        given = [np.asarray(array, np.float32) for array in arrays]
        if self.form in (Form.ANCHORS, Form.ANCHOR_FREE):
            return self._raw(given[0][picture], classes)
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

    def check_pixels(self, given: Mapping[str, NDArray[np.generic]]) -> None:
        """Raise :class:`ModelFormatError` if a raw head's boxes are fractions of the picture and not pixels.

        Its rows cover the picture, whatever is in it, so that their centres show the unit.
        """
        if self.form in (Form.ANCHORS, Form.ANCHOR_FREE):
            found = np.asarray(given[self.outputs[0]][0], np.float32)
            centres = found[:, :2] if self.form is Form.ANCHORS else found[:2].T
            if not centres.max() > _FRACTIONS:
                raise ModelFormatError(
                    f"boxes must be in pixels of the input, all centres are below {_FRACTIONS:g}; export it unscaled"
                )

    def _raw(self, found: Floats, classes: tuple[int, ...]) -> tuple[Boxes, Floats]:
        anchored = self.form is Form.ANCHORS
        found = found if anchored else found.T
        scores = found[:, 5 if anchored else 4 :]
        if anchored and self.classes == 1:
            # A single class says nothing that objectness does not, and YOLOv7 does not even train it.
            scores = found[:, 4:5]
        elif anchored:
            scores = scores * found[:, 4:5]
        _check(scores)
        best = scores[:, classes or slice(None)].max(1)
        half = found[:, 2:4] / 2
        return np.concatenate([found[:, :2] - half, found[:, :2] + half], 1), np.clip(best, 0, 1)


def layout(shapes: Mapping[str, tuple[int, ...]], input_hw: tuple[int, int]) -> Layout:
    """Return the layout of outputs that have these names and shapes for one picture of ``input_hw``.

    ``(1, n, 6)`` is a head of one class with anchors where ``n`` is what such a head has for this input, and what is
    left after NMS otherwise.

    Raises:
        ModelFormatError: if it is none of the five.

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
    cells = {sum(-(-input_hw[0] // s) * -(-input_hw[1] // s) for s in strides): max(strides) for strides in STRIDES}
    _, a, b = shape
    if b >= _ONE_CLASS and a % ANCHORS == 0 and a // ANCHORS in cells:
        return Layout(Form.ANCHORS, (name,), b - 5, cells[a // ANCHORS])
    if a > len("xywh") and b in cells:
        return Layout(Form.ANCHOR_FREE, (name,), a - 4, cells[b])
    return Layout(Form.KEPT, (name,)) if b == _ONE_CLASS and a <= MOST_KEPT else None


def _unknown(shapes: Mapping[str, tuple[int, ...]], input_hw: tuple[int, int]) -> ModelFormatError:
    came = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
    return ModelFormatError(f"{_EXPECTED}; got {came} for a picture of {input_hw[1]}x{input_hw[0]}")


def _check(scores: Floats) -> None:
    if not ((scores >= -_ROUNDING) & (scores <= 1 + _ROUNDING)).all():
        raise ModelFormatError(
            "scores must be in [0, 1], the graph gives others: it lacks its sigmoid, or is of another layout"
        )
