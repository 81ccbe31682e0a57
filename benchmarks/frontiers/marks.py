"""What 68 points say of a face in a photo of the benchmark: looked for in the photo enlarged, as detectors see it."""

import numpy as np

from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.landmarks.marks import Marks, Moved, moved
from anonymizer_udfs.models.base import Runtime
from benchmarks.photos import ENLARGE, Face, Rgb, enlarged

__all__ = ["Marks", "Moved", "marks", "moved"]


def marks(rgb: Rgb, face: Face, landmarker: Landmarker, runtime: Runtime) -> Marks:
    """Return what a landmarker's points say of a face; they are looked for in the photo enlarged.

    Args:
        rgb: the photo.
        face: CenterFace's box and points in it.
        landmarker: who finds the points.
        runtime: where its model lies.
    """
    shown, box, five = enlarged(rgb), face.box * np.float32(ENLARGE), face.landmarks * np.float32(ENLARGE)
    return Marks.of(shown, landmarker.locate(shown, box[None], five[None], "centerface", runtime)[0])
