"""InsightFace's 68 points in three dimensions, ``1k3d68.onnx`` of its packs; for non-commercial use."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.landmarks.insight import Form, OfPack


@dataclass(frozen=True)
class Insight3d68(OfPack):
    """InsightFace's model of 68 points in three dimensions, of which two are taken; a pack's ``1k3d68.onnx``.

    Its jaw is the edge of the bone, also where a cheek hides it, while dlib's follows what is seen.
    """

    name: ClassVar[str] = "insight_3d68"
    scheme: ClassVar[str] = "68"
    form: ClassVar[Form] = Form("landmark_3d_68", scheme, dimensions=3)
