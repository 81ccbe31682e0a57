"""Detectors of the YOLO kind, as the ONNX exports of several projects write them: licence plates, or other classes.

Which of the layouts of :mod:`yolo_layouts` a graph has is found when its session is made, by showing it a grey picture.
The graph takes RGB as upstream trains with: from 0 to 1 (YOLOX: to 255), grey of 114 around the picture (``letterbox``
in YOLOv5's ``utils/augmentations.py`` and in ultralytics' ``data/augment.py``).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection import base
from anonymizer_udfs.detection.letterbox import Placement, batches
from anonymizer_udfs.detection.yolo_layouts import Form, Layout, layout
from anonymizer_udfs.errors import ModelFormatError, SpecError, UnknownNameError
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import session

if TYPE_CHECKING:
    import onnxruntime

KINDS = ("face", "plate", "person")
GREY = 114
WHOLE_PIXELS = 255.0
"""What YOLOX is given a white pixel as (its ``preproc`` in ``data/data_augment.py`` does not divide); the others, 1."""
BATCH_ON_ACCELERATOR = 16
MOST_CANDIDATES = 5000
"""Candidates of one picture that NMS is given, best first, which bounds its time."""
PROBE_PX = 320
"""Side of the grey picture where a graph leaves its own open: of it raw heads have over 2,000 rows, kept ones fewer."""
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}


@dataclass(frozen=True)
class Yolo:
    """A YOLO export on the pictures given.

    Attributes:
        model: the ONNX file; there is no default, since none is known that may be used by everybody.
        score_threshold: least confidence in (0, 1]. A graph with NMS inside drops what is below its own threshold.
        nms_iou: overlap in [0, 1] above which the weaker of two boxes is dropped, of whatever classes they are.
        classes: numbers of the classes that count; empty: all.
        kind: what those classes are: ``plate`` or ``face``; ``person`` is for counting, no policy takes it.
        input_max: what a white pixel is given as: 1, or 255; none: 255 for heads of YOLOX, 1 for others.
    """

    model: ModelRef
    score_threshold: float = 0.25
    nms_iou: float = 0.45
    classes: tuple[int, ...] = ()
    kind: str = "plate"
    input_max: float | None = None

    name: ClassVar[str] = "yolo"
    landmarks: ClassVar[bool] = False
    alone: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        base.check_parameters(self.score_threshold, self.nms_iou)
        given: object = self.classes
        if not isinstance(given, list | tuple) or not all(type(c) is int and c >= 0 for c in given):
            raise SpecError(f"classes must be a list of class numbers from 0, got {given!r}")
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.kind not in KINDS:
            raise UnknownNameError("kind", str(self.kind), KINDS)
        if self.input_max not in (None, 1, WHOLE_PIXELS):
            raise SpecError(f"input_max must be 1 or 255, got {self.input_max!r}")

    def detect(self, images: Sequence[base.Rgb], runtime: Runtime) -> list[base.Detections]:
        """Return what is found in each picture; see :class:`anonymizer_udfs.detection.base.Detector`.

        Pictures share a call on an accelerator only, and only where the graph's batch is open.
        """
        if not images:
            return []
        head = inspect(self.model, runtime)
        if head.layout.classes is not None and max(self.classes, default=0) >= head.layout.classes:
            raise SpecError(f"classes must be below {head.layout.classes}, the number of model {self.model.name}'s")
        opened = session(self.model, runtime)
        placements = [Placement.of(image.shape, head.canvas_hw(image.shape)) for image in images]
        found: list[base.Detections] = [base.Detections.none()] * len(images)
        for group in batches(placements, BATCH_ON_ACCELERATOR if runtime.accelerated and head.batched else 1):
            stack = np.stack([placements[i].draw(images[i], GREY) for i in group])
            white = self.input_max or head.input_max
            arrays = opened.run(list(head.layout.outputs), {head.input_name: planes(stack, white, head.dtype)})
            for row, i in enumerate(group):
                found[i] = self._found(head, arrays, row, placements[i])
        return found

    def _found(
        self, head: "Head", arrays: Sequence[NDArray[np.generic]], row: int, placement: Placement
    ) -> base.Detections:
        try:
            canvas, scores = head.layout.rows(arrays, row, self.classes, placement.canvas_hw)
        except ModelFormatError as error:
            raise ModelFormatError(f"model {self.model.name}: {error}") from None
        best = np.flatnonzero(scores >= self.score_threshold)
        best = best[np.argsort(-scores[best], kind="stable")[:MOST_CANDIDATES]]
        return placement.found(canvas[best], scores[best], self.nms_iou)


@dataclass(frozen=True)
class Head:
    """What a graph takes and gives.

    Attributes:
        layout: how its outputs are read.
        input_name: the name of its input.
        dtype: the type of its input, ``float32`` or ``float16``.
        fixed_hw: height and width of its input; none where it is open.
        batched: whether it takes more than one picture a call.
    """

    layout: Layout
    input_name: str
    dtype: str
    fixed_hw: tuple[int | None, int | None]
    batched: bool

    @property
    def input_max(self) -> float:
        """What its projects give a white pixel as."""
        return WHOLE_PIXELS if self.layout.form in {Form.CELLS, Form.GRID} else 1.0

    def canvas_hw(self, shape_hw: tuple[int, ...]) -> tuple[int, int]:
        """Return the size of the canvas for a picture: the graph's own, or the next multiple that it takes."""
        padded = base.padded_hw(shape_hw[:2], self.layout.multiple)
        return self.fixed_hw[0] or padded[0], self.fixed_hw[1] or padded[1]


def planes(stack: NDArray[np.uint8], input_max: float, dtype: str) -> NDArray[np.generic]:
    """Return canvases ``(b, H, W, 3)`` as a graph's input ``(b, 3, H, W)``, from 0 to ``input_max``."""
    floats = np.ascontiguousarray(stack.transpose(0, 3, 1, 2), np.float32) * np.float32(input_max / 255)
    return floats.astype(dtype, copy=False)


@functools.lru_cache(maxsize=32)
def inspect(model: ModelRef, runtime: Runtime) -> Head:
    """Return what a model's graph takes and gives, looked at once a process.

    Raises:
        ModelFormatError: if it is not a detector in one of the known layouts.
    """
    opened = session(model, runtime)
    task = opened.get_modelmeta().custom_metadata_map.get(
        "task", "detect"
    )  # ultralytics' exports say what they are for
    inputs = opened.get_inputs()
    shape = [side if isinstance(side, int) else None for side in inputs[0].shape] if len(inputs) == 1 else []
    fits = len(shape) == len("nchw") and shape[0] in (1, None) and shape[1] in (3, None)
    if not fits or inputs[0].type not in _TYPES or task != "detect":
        came = ", ".join(f"{i.type} {i.shape}" for i in inputs)
        raise ModelFormatError(
            f"model {model.name}: expected a detector with one input of floats, (1 or open, 3, height, width), got one "
            f"for the task {task} with {came}; export it again, for detection and one picture a call",
        )
    fixed, dtype = (shape[2], shape[3]), _TYPES[inputs[0].type]
    known = _probed(model, opened, (fixed[0] or PROBE_PX, fixed[1] or PROBE_PX), dtype)
    return Head(known, inputs[0].name, dtype, fixed, batched=shape[0] is None)


def _probed(model: ModelRef, opened: "onnxruntime.InferenceSession", hw: tuple[int, int], dtype: str) -> Layout:
    """Return the layout of what a graph gives for a grey picture; declared shapes are often open, or wrong."""
    grey = planes(np.full((1, *hw, 3), GREY, np.uint8), 1.0, dtype)
    names = [output.name for output in opened.get_outputs()]
    try:
        given = dict(zip(names, opened.run(names, {opened.get_inputs()[0].name: grey}), strict=True))
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise ModelFormatError(f"model {model.name}: expected a graph that takes {grey.shape}: {error}") from error
    try:
        return layout({name: np.shape(array) for name, array in given.items()}, hw).told(given, hw)
    except ModelFormatError as error:
        raise ModelFormatError(f"model {model.name}: {error}") from None
