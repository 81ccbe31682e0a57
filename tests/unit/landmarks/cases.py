"""What the contract suite runs on: for each landmarker, a model in its format whose points depend on what it sees.

To add a landmarker: a factory here and its line in ``CASES``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.landmarks import Dlib68, Insight2d106, Insight3d68, Landmarker
from anonymizer_udfs.landmarks.dlib68 import FIVE_IN_SQUARE
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.convert_dlib_shape import convert
from tests.support import graphs, landmark_graph
from tests.support.predictor_file import Predictor

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]
SIDE_PX = 240
"""Of the picture that most tests use."""


@dataclass(frozen=True)
class Case:
    """One landmarker over a model of the tests.

    Attributes:
        landmarker: the member, its model in the folder given.
        corner_px: where the picture's corner is in its coordinates: -0.5 where a pixel's place is its centre.
    """

    landmarker: Landmarker
    corner_px: float = 0.0


def picture(seed: int = 0) -> Rgb:
    """Return a picture of soft blobs."""
    small = np.random.default_rng(seed).integers(0, 255, (20, 20, 3), np.uint8)
    return np.asarray(cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def faces(*centres: tuple[float, float], width_px: float = 80) -> tuple[Floats, Floats]:
    """Return the boxes and the five points of upright faces that CenterFace would give."""
    five = np.array(FIVE_IN_SQUARE["centerface"]) - 0.5
    boxes = [(x - width_px / 2, y - width_px * 0.66, x + width_px / 2, y + width_px * 0.66) for x, y in centres]
    points = [five * width_px * 1.09 + (x, y + width_px * 0.03) for x, y in centres]
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(points, np.float32).reshape(-1, 5, 2)


def stored_predictor(folder: Path, points: int = 68, seed: int = 4) -> ModelRef:
    """Write a shape predictor as a fetched model and return its reference."""
    content = convert(Predictor.drawn(seed, points=points, depth=3).content())
    ref = ModelRef.fetched("dlib68", hashlib.sha256(content).hexdigest(), ".safetensors")
    (folder / ref.file).write_bytes(content)
    return ref


def stored_graph(folder: Path, name: str) -> ModelRef:
    """Write a landmark model as a fetched one and return its reference."""
    return graphs.stored(folder, name, landmark_graph.landmarks(landmark_graph.OUTPUTS[name]))


CASES: dict[str, Callable[[Path], Case]] = {
    "dlib68": lambda folder: Case(Dlib68(stored_predictor(folder))),
    "insight_2d106": lambda folder: Case(Insight2d106(stored_graph(folder, "insight_2d106")), -0.5),
    "insight_3d68": lambda folder: Case(Insight3d68(stored_graph(folder, "insight_3d68")), -0.5),
}
