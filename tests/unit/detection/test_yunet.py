"""YuNet: its decoding, its graph with the declared dimensions freed, and OpenCV's detector as its reference."""

import os
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from anonymizer_udfs.detection import YuNet, base
from anonymizer_udfs.detection.yunet import MULTIPLE, OUTPUTS, free_dimensions
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.defaults import YUNET
from anonymizer_udfs.models.sessions import file_digest, session
from anonymizer_udfs.recognition import calibration
from jobs.models import cache_dir
from tests.support import graphs, yunet_graph
from tests.unit.detection.cases import Case, yunet

SHARED = Path(__file__).resolve().parents[4] / "shared"
PHOTOS = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", str(SHARED / "data"))) / "lfw_subset"
DYNAMIC = Path(os.environ.get("FACEVEIL_TEST_MODELS", str(SHARED / "models"))) / "yunet" / "yunet_n_dynamic.onnx"
FIXED = cache_dir() / YUNET.file
Floats = NDArray[np.float32]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """YuNet over the red dot graph."""
    return yunet(tmp_path)


def planes(images: list[base.Rgb]) -> Floats:
    """Return pictures of one shape as the graph takes them."""
    ((_, stack),) = base.stacks(images, MULTIPLE, len(images))
    return np.ascontiguousarray(stack[..., ::-1].transpose(0, 3, 1, 2), np.float32)


def mosaic(photos: list[Path], wh: tuple[int, int], tile: int) -> base.Rgb:
    """Return photos side by side, each scaled to ``tile`` pixels, cut at the picture's border."""
    out = np.zeros((wh[1], wh[0], 3), np.uint8)
    places = [(x, y) for y in range(0, wh[1], tile) for x in range(0, wh[0], tile)]
    for (x, y), path in zip(places, photos * (len(places) // len(photos) + 1), strict=False):
        read = cv2.imread(str(path), cv2.IMREAD_COLOR)
        part = cv2.resize(np.asarray(read)[..., ::-1], (tile, tile), interpolation=cv2.INTER_AREA)
        out[y : y + tile, x : x + tile] = part[: wh[1] - y, : wh[0] - x]
    return out


def opencv(file: Path, rgb: base.Rgb, score_threshold: float) -> tuple[Floats, Floats, Floats]:
    """Return the boxes (clipped), scores and points that OpenCV finds without suppressing anything."""
    size = (rgb.shape[1], rgb.shape[0])
    network = cv2.FaceDetectorYN.create(str(file), "", size, score_threshold, 1.0, 100_000)
    _, found = network.detect(np.ascontiguousarray(rgb[..., ::-1]))
    rows = np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)
    corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
    clipped = np.clip(corners, 0, np.array([*size, *size], np.float32))
    inside = ((clipped[:, 2:] - clipped[:, :2]) > 0).all(1)
    return clipped[inside], rows[inside, 14], rows[inside, 4:14].reshape(-1, 5, 2)


def photos() -> list[Path]:
    """Return the labelled photos, or skip where there are none."""
    found = sorted(PHOTOS.glob("*/*.jpg"))
    if not found:
        pytest.skip(f"needs photos in {PHOTOS}; set FACEVEIL_TEST_PHOTOS")
    return found


def needs(file: Path, how: str) -> ModelRef:
    """Return a reference to a real model's file, or skip where it is missing."""
    if not file.is_file():
        pytest.skip(f"needs {file.name}; {how}")
    return ModelRef("real", file.name, file_digest(file))


def test_landmarks_are_offsets_from_the_cell(case: Case, tmp_path: Path) -> None:
    """The graph's five points lie where it says about the middle of the dot's cell, (84, 52)."""
    found = case.detector.detect([case.picture((192, 96), (10, 6))], Runtime((str(tmp_path),)))[0]
    expected = np.array([84, 52]) + yunet_graph.DOT_PX * np.array(yunet_graph.LANDMARKS)
    np.testing.assert_allclose(found.landmarks, expected[None], atol=1e-3)


def test_the_score_is_the_geometric_mean(tmp_path: Path) -> None:
    """A dim dot whose two scores are 0.4 is found at 0.3 with a score of 0.4, and not at 0.5; red is not blue."""
    ref, runtime = graphs.stored(tmp_path, "dots", yunet_graph.red_dots()), Runtime((str(tmp_path),))
    dim = np.zeros((64, 64, 3), np.uint8)
    dim[16:24, 16:24, 0] = 102
    assert YuNet(0.3, model=ref).detect([dim], runtime)[0].scores.tolist() == pytest.approx([0.4], abs=1e-5)
    assert len(YuNet(0.5, model=ref).detect([dim], runtime)[0]) == 0
    assert len(YuNet(0.3, model=ref).detect([dim[..., ::-1]], runtime)[0]) == 0


def test_the_declared_size_is_freed(case: Case, tmp_path: Path) -> None:
    """As it is, the graph refuses a batch of 3 at 64x32; freed, it gives the maps that each gives alone."""
    runtime = Runtime((str(tmp_path),))
    stack = planes([case.picture((64, 32), (i, 2)) for i in range(3)])
    with pytest.raises(Exception, match="invalid dimensions"):
        session(case.detector.model, runtime).run(OUTPUTS, {"input": stack})
    opened = session(case.detector.model, runtime, prepare=free_dimensions)
    together = opened.run(OUTPUTS, {"input": stack})
    assert together[0].shape == (3, 32, 1)
    assert together[0].max() == 1
    for i in range(3):
        for whole, one in zip(together, opened.run(OUTPUTS, {"input": stack[i : i + 1]}), strict=True):
            np.testing.assert_allclose(whole[i], one[0], atol=1e-4)


def test_a_crowd_is_found_whole(case: Case, tmp_path: Path) -> None:
    """Each of 2,500 faces is found: what is decoded is not cut at a crowd's size."""
    dots = [(2 + 5 * x, 2 + 5 * y) for y in range(50) for x in range(50)]
    found = case.detector.detect([case.picture((2048, 2048), *dots)], Runtime((str(tmp_path),)))[0]
    assert len(found) == 2500


@pytest.mark.parametrize("recognizer", ["dlib_resnet", "arcface"])
def test_its_points_are_calibrated(recognizer: str) -> None:
    """Each recognizer has a threshold that was measured with the points of this very file."""
    given = yaml.safe_load((files("conf") / "calibration" / f"{recognizer}.yaml").read_text("utf-8"))
    of_yunet = [one for one in given["calibrations"] if one["detector"] == "yunet"]
    assert [one["detector_sha256"] for one in of_yunet] == [YUNET.sha256]
    found = calibration.find(calibration.parse(given), recognizer, of_yunet[0]["model_sha256"], "yunet")
    assert 0 < found.threshold("1e-3") < found.threshold("1e-4") < 1


@pytest.mark.photos
@pytest.mark.parametrize("tile", [640, 213, 80, 40], ids="{}px".format)
def test_at_its_own_size_it_finds_what_opencv_finds(tile: int) -> None:
    """At 640x640 every candidate has OpenCV's box, score and points, with nothing suppressed."""
    ref = needs(FIXED, "run 'faceveil models fetch yunet'")
    rgb = mosaic(photos(), (640, 640), tile)
    found = YuNet(0.3, 1.0, ref).detect([rgb], Runtime((str(FIXED.parent),)))[0]
    same_as_opencv(found, opencv(FIXED, rgb, 0.3))


@pytest.mark.photos
@pytest.mark.parametrize("file", [FIXED, DYNAMIC], ids=["declared 640x640", "declared open"])
@pytest.mark.parametrize("wh", [(320, 256), (333, 217), (1280, 896), (97, 64), (640, 33)], ids=str)
def test_at_any_size_it_finds_what_opencv_finds(file: Path, wh: tuple[int, int]) -> None:
    """At other sizes too, with the zoo's graph freed and with one that was open already."""
    ref = needs(file, "run 'faceveil models fetch yunet' or set FACEVEIL_TEST_MODELS")
    rgb = mosaic(photos(), wh, 64)
    found = YuNet(0.3, 1.0, ref).detect([rgb], Runtime((str(file.parent),)))[0]
    same_as_opencv(found, opencv(file, rgb, 0.3))


def same_as_opencv(found: base.Detections, expected: tuple[Floats, Floats, Floats]) -> None:
    """Pair each candidate with the nearest of OpenCV's, one to one, and compare them."""
    theirs, scores, points = expected
    assert len(found) == len(scores) > 0
    apart = np.abs(found.boxes_xyxy[:, None] - theirs[None]).max(2)
    nearest = apart.argmin(1)
    assert len(set(nearest.tolist())) == len(found)
    assert apart.min(1).max() < 0.01
    np.testing.assert_allclose(found.scores, scores[nearest], atol=1e-4)
    np.testing.assert_allclose(found.landmarks, points[nearest], atol=0.01)
    assert (found.landmarks[:, 0, 0] < found.landmarks[:, 1, 0]).mean() > 0.95


@pytest.mark.photos
def test_a_batch_of_photos_gives_what_one_photo_gives() -> None:
    """The zoo's graph on 8 photos at once gives each photo's maps to 1e-4."""
    ref = needs(FIXED, "run 'faceveil models fetch yunet'")
    opened = session(ref, Runtime((str(FIXED.parent),)), prepare=free_dimensions)
    stack = planes([mosaic(photos()[i:], (320, 256), 128) for i in range(8)])
    together = opened.run(OUTPUTS, {"input": stack})
    for i in range(len(stack)):
        for whole, one in zip(together, opened.run(OUTPUTS, {"input": stack[i : i + 1]}), strict=True):
            np.testing.assert_allclose(whole[i], one[0], atol=1e-4)
