"""The utility family: what anonymization costs, measured on a sample of images.

To add one: a file with a frozen dataclass that keeps to :class:`anonymizer_udfs.utility.base.Measure`, and a line in
``MEASURES``; the contract suite does the rest.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.utility.base import Figure, Figures, Measure, Pair, combine
from anonymizer_udfs.utility.changed_outside import ChangedOutside
from anonymizer_udfs.utility.colour_distance import ColourDistance
from anonymizer_udfs.utility.detector_retention import DetectorRetention, retained
from anonymizer_udfs.utility.face_count import FaceCount
from anonymizer_udfs.utility.person_count import PersonCount
from anonymizer_udfs.utility.points_kept import PointsKept
from anonymizer_udfs.utility.psnr import Psnr
from anonymizer_udfs.utility.sharpness import Sharpness
from anonymizer_udfs.utility.ssim import Ssim, ssim_inside, ssim_outside

__all__ = [
    "MEASURES",
    "ChangedOutside",
    "ColourDistance",
    "DetectorRetention",
    "FaceCount",
    "Figure",
    "Figures",
    "Measure",
    "Pair",
    "PersonCount",
    "PointsKept",
    "Psnr",
    "Sharpness",
    "Ssim",
    "build",
    "combine",
    "measure_all",
    "parameters",
    "retained",
    "ssim_inside",
    "ssim_outside",
]

MEASURES: dict[str, type[Measure]] = {
    "ssim": Ssim,
    "psnr": Psnr,
    "detector_retention": DetectorRetention,
    "face_count": FaceCount,
    "person_count": PersonCount,
    "changed_outside": ChangedOutside,
    "colour_distance": ColourDistance,
    "sharpness": Sharpness,
    "points_kept": PointsKept,
}


def build(wish: str | Mapping[str, Any]) -> Measure:
    """Return the measure that ``wish`` names, with its parameters; see :func:`anonymizer_udfs.family.build`.

    Examples:
        >>> build("ssim")
        Ssim()
    """
    return family.build("measure", MEASURES, wish)


def parameters(measure: Measure) -> dict[str, Any]:
    """Return the measure's parameters as plain values, without its name."""
    return family.parameters(measure)


def measure_all(pair: Pair) -> Figures:
    """Return the figures of every measure with its defaults."""
    return {name: figure for cls in MEASURES.values() for name, figure in cls().measure(pair).items()}
