"""The detectors that say where the face is in a clean photo: CenterFace, and whichever of YuNet and SCRFD are there."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.models.base import Runtime
from benchmarks.recalls.portraits import Look, Rgb

SCORE = 0.3
"""Low, so that a second face beside the one meant is seen, and the photo left out."""
NMS_IOU = 0.3


def witnesses(runtime: Runtime, yunet: Path | None = None, scrfd: Path | None = None) -> dict[str, Look]:
    """Return the detectors that are there, by name.

    Args:
        runtime: where CenterFace lies.
        yunet: an ONNX file for ``cv2.FaceDetectorYN``.
        scrfd: an ONNX file of an InsightFace pack.
    """
    centerface = CenterFace(SCORE)
    found: dict[str, Look] = {"centerface": lambda rgb: centerface.detect([rgb], runtime)[0]}
    if yunet is not None and yunet.is_file():
        found["yunet"] = _yunet(yunet)
    if scrfd is not None and scrfd.is_file():
        found["scrfd"] = _scrfd(scrfd)
    return found


def _yunet(file: Path) -> Look:
    network = cv2.FaceDetectorYN.create(str(file), "", (320, 320), SCORE, NMS_IOU)

    def look(rgb: Rgb) -> Detections:
        network.setInputSize(rgb.shape[1::-1])
        _, rows = network.detect(np.ascontiguousarray(rgb[..., ::-1]))
        if rows is None:
            return Detections.none()
        rows = rows.astype(np.float32)
        corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
        return Detections(boxes.clip(corners, rgb.shape[1::-1]), rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2))

    return look


def _scrfd(file: Path) -> Look:
    opened: list[Any] = []

    def look(rgb: Rgb) -> Detections:
        if not opened:
            from insightface import model_zoo  # noqa: PLC0415 - heavy, and only where a pack is given

            opened.append(model_zoo.get_model(str(file), providers=["CPUExecutionProvider"]))
        side = 2 * max(rgb.shape[:2])  # with a margin as wide as the photo: SCRFD misses faces that fill its input
        padded = np.zeros((side, side, 3), np.uint8)
        padded[: rgb.shape[0], : rgb.shape[1]] = rgb[..., ::-1]
        det, points = opened[0].detect(padded, input_size=(640, 640), det_thresh=SCORE)
        corners = boxes.clip(np.asarray(det[:, :4], np.float32), rgb.shape[1::-1])
        return Detections(corners, det[:, 4].astype(np.float32), np.asarray(points, np.float32))

    return look
