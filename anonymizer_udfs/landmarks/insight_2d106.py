"""InsightFace's 106 points, ``2d106det.onnx`` of its packs; for non-commercial use."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.landmarks.insight import Form, OfPack


@dataclass(frozen=True)
class Insight2d106(OfPack):
    """InsightFace's model of 106 points; ``model`` is a pack's ``2d106det.onnx``."""

    name: ClassVar[str] = "insight_2d106"
    scheme: ClassVar[str] = "106"
    form: ClassVar[Form] = Form("landmark_2d_106", scheme, dimensions=2)
