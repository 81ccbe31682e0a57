"""Where what a row says of an image lies in the upright picture."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.evaluation.views import Box, Shown
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.steps import Moved


def corners(box: dict[str, float]) -> Box:
    """Return a box of a row as numbers, ``x0 y0 x1 y1``."""
    return box["x0"], box["y0"], box["x1"], box["y1"]


def area(box: dict[str, float]) -> float:
    """Return how many pixels a box of a row holds."""
    return (box["x1"] - box["x0"]) * (box["y1"] - box["y0"])


def upright_boxes(boxes: Sequence[Box], picture: Picture) -> list[Box]:
    """Return boxes of stored pixels in the upright picture."""
    if not boxes:
        return []
    placed = orientation.boxes_to_upright(np.array(boxes, np.float32), picture.orientation, picture.size_wh)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in placed.tolist()]


def _points(face: dict[str, Any], picture: Picture) -> NDArray[np.float32] | None:
    points = np.array([(p["x"], p["y"]) for p in face["landmarks"] or ()], np.float32)
    if points.shape != (5, 2):
        return None
    return orientation.points_to_upright(points, picture.orientation, picture.size_wh)


def placed(face: dict[str, Any], picture: Picture) -> Shown | None:
    """Return a face of a row in the upright picture; nothing where no recognizer can align it."""
    points = _points(face, picture)
    by = next((name for name in face["detectors"] if name in alignment.DLIB), None)
    if points is None or by is None:
        return None
    box, region = upright_boxes([corners(face["box"]), corners(face["region"])], picture)
    return Shown(box, region, points, by)


def moved(face: Shown, way: Moved | None) -> Shown:
    """Return a face where it is in a picture that its own was moved to, or from; none: it stays."""
    if way is None:
        return face
    box, region = boxes_moved([face.box, face.region], way)
    landmarks = way.finding(_finding(face.box, face.points)).landmarks
    return replace(face, box=box, region=region, points=face.points if landmarks is None else landmarks)


def boxes_moved(boxes: Sequence[Box], way: Moved | None) -> list[Box]:
    """Return boxes as :func:`moved` returns faces."""
    if way is None:
        return list(boxes)
    found = (way.finding(_finding(one)).box.tolist() for one in boxes)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in found]


def _finding(box: Box, points: NDArray[np.float32] | None = None) -> Finding:
    return Finding("face", np.array(box, np.float32), 1.0, (), landmarks=points)


def findings(faces: Sequence[dict[str, Any]], picture: Picture) -> list[Finding]:
    """Return what a row says was found, in the upright picture, to be treated once more."""
    boxes = upright_boxes([corners(face["box"]) for face in faces], picture)
    return [
        Finding(
            kind=face["kind"],
            box=np.array(box, np.float32),
            confidence=face["confidence"],
            sightings=(),
            landmarks=_points(face, picture),
            landmarks_by=next(iter(face["detectors"]), None),
        )
        for face, box in zip(faces, boxes, strict=True)
    ]
