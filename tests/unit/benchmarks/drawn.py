"""Drawn portraits with a face of known place: what is measured in tests is the benchmark, not people."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.recalls.heads import Head
from benchmarks.recalls.portraits import ENLARGED, Portrait

POINTS = np.array([[82, 88], [118, 88], [100, 108], [88, 126], [112, 126]], np.float32)
"""Five points of the faces that the tests of methods draw, in their 200x200 pixels."""
FACE = (45, 36, 105, 114)
"""``x0 y0 x1 y1`` of the face in a photo of 150x150 pixels."""
LANDMARKS = ((60, 66), (90, 66), (75, 82), (62, 96), (88, 96))
SKIN, WALL = (230, 190, 160), (70, 90, 120)


def photo(dot: bool = False) -> NDArray[np.uint8]:
    """Return a photo, RGB ``(150, 150, 3)``: an ellipse as a face before a wall; ``dot``: with a red middle."""
    out = np.full((150, 150, 3), WALL, np.uint8)
    centre = ((FACE[0] + FACE[2]) // 2, (FACE[1] + FACE[3]) // 2)
    cv2.ellipse(out, centre, ((FACE[2] - FACE[0]) // 2, (FACE[3] - FACE[1]) // 2), 0, 0, 360, SKIN, -1)
    for x, y in LANDMARKS:
        cv2.circle(out, (x, y), 3, (40, 40, 40), -1)
    if dot:
        cv2.rectangle(out, (centre[0] - 16, centre[1] - 16), (centre[0] + 15, centre[1] + 15), (255, 0, 0), -1)
    return out


def portrait(folder: Path, name: str = "drawn.png", dot: bool = False) -> Portrait:
    """Write a photo and return it as a portrait."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), photo(dot)[..., ::-1])
    points = tuple(float(v) * ENLARGED for point in LANDMARKS for v in point)
    return Portrait(str(folder / name), tuple(float(v) * ENLARGED for v in FACE), points)


def bare_head(wh: tuple[int, int] = (120, 156)) -> Head:
    """Return a head that is a white face of a size in a clear layer: what is pasted of it is the face alone."""
    w, h = wh
    rgb = np.full((2 * h, 2 * w, 3), 255, np.uint8)
    y, x = np.mgrid[: 2 * h, : 2 * w] + 0.5
    alpha = (np.hypot((x - w) / (w / 2), (y - h) / (h / 2)) <= 1).astype(np.float32)
    box = np.array([w / 2, h / 2, w * 1.5, h * 1.5], np.float32)
    marks = np.array(LANDMARKS, np.float32) - (75, 75) + (w, h)
    return Head(rgb, alpha, box, marks.astype(np.float32))
