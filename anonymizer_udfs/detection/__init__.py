"""Detectors: where faces and licence plates are in a picture.

To add one: a file here with a frozen dataclass that follows :class:`base.Detector`, and its line in ``DETECTORS``; the
contract suite in ``tests/unit/detection`` then runs on it.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.detection.base import Detections, Detector
from anonymizer_udfs.detection.centerface import CenterFace
from anonymizer_udfs.detection.dlib_mmod import DlibMmod
from anonymizer_udfs.detection.lpd_yunet import LpdYunet
from anonymizer_udfs.detection.scrfd import Scrfd
from anonymizer_udfs.detection.yolo import Yolo
from anonymizer_udfs.detection.yunet import YuNet

DETECTORS: dict[str, type[Detector]] = {
    "centerface": CenterFace,
    "dlib": DlibMmod,
    "lpd_yunet": LpdYunet,
    "scrfd": Scrfd,
    "yolo": Yolo,
    "yunet": YuNet,
}


def build(wish: str | Mapping[str, Any]) -> Detector:
    """Return the detector named, with its parameters; see :func:`anonymizer_udfs.family.build`."""
    return family.build("detector", DETECTORS, wish)


__all__ = [
    "DETECTORS",
    "CenterFace",
    "Detections",
    "Detector",
    "DlibMmod",
    "LpdYunet",
    "Scrfd",
    "Yolo",
    "YuNet",
    "build",
]
