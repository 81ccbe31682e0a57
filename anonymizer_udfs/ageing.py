"""How old a face looks, so that whoever stands in for it can be of about that age. Runs on executors.

By InsightFace's ``genderage.onnx`` of a pack, whose licence has to be accepted by name. What it says of sex is not
read. Nothing of it reaches a table: it chooses donors, and is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.landmarks import base
from anonymizer_udfs.landmarks.insight import crop_matrix, seen
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import pack_model

TASK, CENTURY = "genderage", 100.0
"""What ``insightface`` calls the model, and what its last number is a share of (its ``Attribute.get``)."""
OLDEST = 100.0
"""Years; guesses are cut there."""


@dataclass(frozen=True)
class Ages:
    """InsightFace's guess of ages.

    Attributes:
        model: a pack's ``genderage.onnx``.
    """

    model: ModelRef

    name: ClassVar[str] = TASK

    def years(self, rgb: base.Rgb, boxes_xyxy: Boxes, runtime: Runtime) -> NDArray[np.float32]:
        """Return how old each face looks, float32 ``(n,)`` in [0, 100]; NaN where a box is empty.

        The crop is that of InsightFace, upright; one face a call. How far the guess is off was not measured here.

        Args:
            rgb: the picture, uint8 ``(h, w, 3)``.
            boxes_xyxy: float32 ``(n, 4)`` in its pixels.
            runtime: where the model lies.

        Raises:
            ModelError: the model is missing, or another one.
        """
        network = pack_model(self.model, runtime)
        if getattr(network, "taskname", "") != TASK or network.input_size[0] != network.input_size[1]:
            raise ModelFormatError(f"model {self.model.name}: expected InsightFace's square {TASK}, got another model")
        found = [
            float(seen(network, rgb, crop_matrix(box, int(network.input_size[0])))[-1]) * CENTURY
            if base.has_extent(box)
            else np.nan
            for box in boxes_xyxy
        ]
        return np.clip(np.array(found, np.float32), 0, OLDEST)


def build(wish: object) -> Ages:
    """Return who guesses ages as a policy asks for it: ``{model: PACK/genderage.onnx}``.

    Raises:
        SpecError: it is no mapping with a model and nothing else.
    """
    if isinstance(wish, Ages):
        return wish
    model = None
    if isinstance(wish, Mapping) and set(wish) <= {"model", "name"} and wish.get("name", TASK) == TASK:
        model = wish.get("model")
    model = ModelRef(**model) if isinstance(model, Mapping) else model
    if not isinstance(model, ModelRef):
        raise SpecError(f"ages must be a mapping such as {{model: buffalo_l/genderage.onnx}}, got {wish!r}")
    return Ages(model)
