"""InsightFace's 68 points in three dimensions, ``1k3d68.onnx`` of its packs; for non-commercial use."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.landmarks import base, insight
from anonymizer_udfs.landmarks.schemes import Points
from anonymizer_udfs.models.base import ModelRef, Runtime

FORM = insight.Form("landmark_3d_68", "68", dimensions=3)


@dataclass(frozen=True)
class Insight3d68:
    """InsightFace's model of 68 points in three dimensions, of which two are taken.

    Its jaw is the edge of the bone, also where a cheek hides it, while dlib's follows what is seen.

    Attributes:
        model: a pack's ``1k3d68.onnx``. There is no default, since its licence must be accepted by name.
        turned_beyond_degrees: roll in [0, 180] beyond which a face is turned upright before it is shown, where the
            detector gives points to tell it by; others are shown as InsightFace shows all. 180 turns none.
    """

    model: ModelRef
    turned_beyond_degrees: float = 30.0
    name: ClassVar[str] = "insight_3d68"
    scheme: ClassVar[str] = FORM.scheme

    def __post_init__(self) -> None:
        """Refuse a roll out of range."""
        insight.check_turn(self.turned_beyond_degrees)

    def locate(
        self, rgb: base.Rgb, boxes_xyxy: Boxes, five: base.Five, detector: str, runtime: Runtime
    ) -> list[Points]:
        """Return the points of each face; see :class:`anonymizer_udfs.landmarks.base.Landmarker`.

        Any detector will do: its boxes are taken as they are.
        """
        del detector
        network = insight.load(self.model, runtime, FORM)
        return network.locate(rgb, boxes_xyxy, five, self.turned_beyond_degrees)
