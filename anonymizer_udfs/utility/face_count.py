"""Whether as many faces are counted as before, which counts of crowds need, wherever they are found."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.utility.base import Figure, Figures, Pair


@dataclass(frozen=True)
class FaceCount:
    """Whether the same detector counts as many faces in an image after as before; 1 is as many.

    Figures:
        face_count_kept: share of images with as many. Cases are images in which it found a face before or after.
    """

    name: ClassVar[str] = "face_count"

    def measure(self, pair: Pair) -> Figures:
        """Return the figure, as far as it is defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        before, after = len(pair.faces_before), len(pair.faces_after)
        return {"face_count_kept": Figure(float(before == after), 1)} if before or after else {}
