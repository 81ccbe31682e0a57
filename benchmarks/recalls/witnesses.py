"""The detectors that say where the face is in a clean photo: CenterFace and YuNet, and SCRFD where a pack is given.

A peer's detector is asked as well where it is there, so that a peer is not charged with photos on which it sees nothing
even at their best.
"""

from collections.abc import Callable

from anonymizer_udfs.detection import CenterFace, Detector, Scrfd, YuNet
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.models.base import ModelRef, Runtime
from benchmarks.recalls.portraits import Look, Rgb

SCORE = 0.3
"""Low, so that a second face beside the one meant is seen, and the photo left out."""


def witnesses(runtime: Runtime, scrfd: ModelRef | None = None) -> dict[str, Look]:
    """Return the detectors that have to agree, by name.

    Args:
        runtime: where the models lie.
        scrfd: the detector of an InsightFace pack.
    """
    asked: list[Detector] = [CenterFace(SCORE), YuNet(SCORE)]
    if scrfd is not None:
        asked.append(Scrfd(scrfd, SCORE))
    return {f"{one.name}-{one.model.sha256[:12]}": _look(one, runtime) for one in asked}


def _look(detector: Detector, runtime: Runtime) -> Callable[[Rgb], Detections]:
    return lambda rgb: detector.detect([rgb], runtime)[0]
