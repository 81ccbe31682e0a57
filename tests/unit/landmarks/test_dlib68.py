"""dlib's points: where its square is, and, on photos and the real model, that they lie where detectors' points do."""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.errors import ModelFormatError, UnknownNameError
from anonymizer_udfs.landmarks import Dlib68, five
from anonymizer_udfs.landmarks.dlib68 import FIVE_IN_SQUARE, SQUARE_IN_BOX, SQUARE_PX, square_of
from anonymizer_udfs.models import CENTERFACE
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.sessions import loaded
from anonymizer_udfs.models.shape_predictor import read
from jobs.models import cache_dir, registry
from tests.unit.landmarks.cases import faces, picture, stored_predictor

ROOT = Path(__file__).resolve().parents[3]
LICENCE = "ibug-300-w-non-commercial"
BOX = np.array([10, 20, 90, 120], np.float32)


def corners(square: np.ndarray) -> list[list[float]]:
    """Return where the top left corner and the bottom right one of a square are."""
    return (np.array([[0, 0], [1, 1]]) @ square[:, :2].T + square[:, 2]).round(3).tolist()


@pytest.mark.parametrize("detector", FIVE_IN_SQUARE)
def test_five_points_put_the_square(detector: str) -> None:
    """Points that lie in a square as the detector's do give that square, wherever it is and however it is turned."""
    cos, sin = 80 * math.cos(2), 80 * math.sin(2)
    square = np.array([[cos, -sin, 70], [sin, cos, 30]])
    points = np.array(FIVE_IN_SQUARE[detector]) @ square[:, :2].T + square[:, 2]
    np.testing.assert_allclose(square_of(BOX, points, detector), square, atol=1e-6)


@pytest.mark.parametrize(
    "points",
    [
        np.full((5, 2), np.nan),
        np.array([[np.nan, 0], [9, 0], [5, 5], [1, 9], [8, 9]]),
        np.full((5, 2), 50.0),
        5.0 * np.array(FIVE_IN_SQUARE["centerface"]),
        900.0 * np.array(FIVE_IN_SQUARE["centerface"]),
    ],
    ids=["none", "one missing", "all in one place", "far too small", "far too large"],
)
def test_without_points_of_use_the_box_puts_it(points: np.ndarray) -> None:
    """Where points are missing or cannot belong to the box the square is upright, at a known place of the box."""
    below, side = SQUARE_IN_BOX["centerface"]
    side *= math.sqrt(80 * 100)
    x, y = 50, 70 + below * 100
    expected = [[x - side / 2, y - side / 2], [x + side / 2, y + side / 2]]
    np.testing.assert_allclose(corners(square_of(BOX, points, "centerface")), expected, atol=1e-3)


def test_points_and_box_put_it_at_one_place() -> None:
    """For an upright face both ways agree, to a tenth of the square: they were fitted to the same squares."""
    boxes, points = faces((120, 120), width_px=100)
    by_points, by_box = (square_of(boxes[0], p, "centerface") for p in (points[0], np.full((5, 2), np.nan)))
    np.testing.assert_allclose(corners(by_points), corners(by_box), atol=11)


@pytest.mark.parametrize("corner", [(30, 40), (-50, 100)], ids=["inside", "over the edge"])
def test_a_face_as_large_as_the_chip_is_seen_pixel_by_pixel(tmp_path: Path, corner: tuple[int, int]) -> None:
    """Where nothing need be scaled or turned, the points are the predictor's on the mean of the picture's channels."""
    model, runtime, rgb = stored_predictor(tmp_path), Runtime((str(tmp_path),)), picture()
    points = np.array([FIVE_IN_SQUARE["centerface"]]) * SQUARE_PX + corner
    box = np.array([[*corner, corner[0] + SQUARE_PX, corner[1] + SQUARE_PX]], np.float32)
    found = Dlib68(model).locate(rgb, box, points.astype(np.float32), "centerface", runtime)[0]
    square = np.array([[SQUARE_PX, 0, corner[0]], [0, SQUARE_PX, corner[1]]], np.float64)
    grey = (rgb.astype(int).sum(2) // 3).astype(np.uint8)
    np.testing.assert_allclose(found.xy, loaded(model, runtime, read).points(grey, square), atol=0.01)


def test_every_detector_has_both() -> None:
    """A detector whose points are known has its box known as well."""
    assert set(FIVE_IN_SQUARE) == set(SQUARE_IN_BOX)


def test_an_unknown_detector_is_refused(tmp_path: Path) -> None:
    """The points of a detector that was not fitted are an error that names those that were."""
    member = Dlib68(stored_predictor(tmp_path))
    with pytest.raises(UnknownNameError, match="known: centerface, scrfd, yunet"):
        member.locate(picture(), *faces((99, 99)), "pencil", Runtime((str(tmp_path),)))


def test_another_number_of_points_is_refused(tmp_path: Path) -> None:
    """A predictor of five points, as dlib has one too, is a format error and not a face of five."""
    member = Dlib68(stored_predictor(tmp_path, points=5))
    with pytest.raises(ModelFormatError, match="expected a predictor of 68 points, got 5"):
        member.locate(picture(), *faces((99, 99)), "centerface", Runtime((str(tmp_path),)))


def test_its_licence_is_accepted_by_name() -> None:
    """The shipped entry is no default and not for commercial use; its reference is that of no ONNX file."""
    entry = registry().entry("dlib68")
    assert (entry.default, entry.terms.commercial_use, entry.terms.licence) == (False, False, LICENCE)
    assert registry().resolve("dlib68", [LICENCE]).file == f"dlib68-{str(entry.sha256)[:12]}.safetensors"


@pytest.mark.photos
def test_on_photos_it_agrees_with_the_detector() -> None:
    """On photos of ten people its eyes and mouth are where CenterFace's are, to a twelfth of the eyes' distance."""
    photos = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", str(ROOT.parent / "shared" / "data"))) / "lfw_subset"
    model = registry().resolve("dlib68", [LICENCE])
    missing = [ref.name for ref in (CENTERFACE, model) if not (cache_dir() / ref.file).is_file()]
    if missing or not photos.is_dir():
        pytest.skip(f"needs {photos} and the fetched models {', '.join(missing)}; set FACEVEIL_TEST_PHOTOS")
    runtime, off = Runtime((str(cache_dir()),)), []
    for path in [p for folder in sorted(photos.iterdir()) for p in sorted(folder.glob("*.jpg"))[:3]]:
        rgb = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])  # type: ignore[index]
        found = CenterFace().detect([rgb], runtime)[0].best(1)
        points = Dlib68(model).locate(rgb, found.boxes_xyxy, found.landmarks, "centerface", runtime)[0]
        eyes = float(np.linalg.norm(found.landmarks[0, 1] - found.landmarks[0, 0]))
        off.append(np.linalg.norm(five(points) - found.landmarks[0], axis=1)[[0, 1, 3, 4]] / eyes)
    assert np.median(off) < 1 / 12
    assert np.quantile(off, 0.9) < 1 / 5
