"""dlib's CNN face detector: its pyramid, its confidences, and equality with dlib itself."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import DlibMmod
from anonymizer_udfs.detection.dlib_mmod import confidence
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.defaults import DLIB_MMOD
from anonymizer_udfs.models.sessions import session
from tests.support import graphs, mmod_graph

Rgb = NDArray[np.uint8]
DLIB_FOUND = np.array(
    [
        [904, 69, 1019, 184, 1.0863276],
        [1112, 276, 1226, 391, 1.0708475],
        [52, 265, 167, 380, 1.0691657],
        [720, 357, 835, 472, 1.0666597],
        [436, 275, 573, 412, 1.0615487],
        [264, 158, 360, 254, 1.0301869],
    ],
    np.float32,
)
"""What dlib 20.0.1 finds in the group photo of insightface's wheel: half-open boxes and scores, best first."""
LEVELS, IN_FIRST_COLUMN, APART_PX, AROUND_PX = 27, 5, 10, 11
"""How dlib 20.0.1 lays out the pyramid of a picture of that photo's size, 1280x886."""


@pytest.fixture
def dots(tmp_path: Path) -> tuple[DlibMmod, Runtime]:
    """The detector over the red dot graph."""
    return DlibMmod(model=graphs.stored(tmp_path, "dots", mmod_graph.red_dots())), Runtime((str(tmp_path),))


def picture(side_px: int, corner: tuple[int, int], dot_px: int) -> Rgb:
    """Return a grey square with a red one."""
    out = np.full((side_px, side_px, 3), 90, np.uint8)
    x, y = corner
    out[y : y + dot_px, x : x + dot_px] = (255, 0, 0)
    return out


def test_larger_faces_are_found_on_smaller_levels(dots: tuple[DlibMmod, Runtime]) -> None:
    """Without suppression, a dot of three cells is found on all levels on which it fills one, always around itself."""
    detector, runtime = dots
    everything = replace(detector, nms_iou=1.0)
    found = everything.detect([picture(320, (128, 160), 24)], runtime)[0].boxes_xyxy
    sides = found[:, 2] - found[:, 0]
    levels = np.array([320, 266, 221, 184, 153, 127])
    expected = mmod_graph.FACE_PX * 319 / (levels - 1)
    assert {int(np.abs(expected - side).argmin()) for side in sides} == set(range(6))
    assert np.abs(expected[:, None] - sides).min(0).max() < 0.01
    centres = (found[:, :2] + found[:, 2:]) / 2
    assert ((centres >= [128, 160]) & (centres <= [152, 184])).all()


def test_the_strongest_of_all_levels_is_kept(dots: tuple[DlibMmod, Runtime]) -> None:
    """With suppression one box is left of a dot that is seen on several levels."""
    detector, runtime = dots
    found = detector.detect([picture(320, (128, 160), 12)], runtime)[0]
    assert len(found) == 1


def test_shared_calls_find_what_single_ones_find(dots: tuple[DlibMmod, Runtime]) -> None:
    """With a provider before the CPU, more pictures than a call takes are told apart on every level."""
    other = "AzureExecutionProvider"  # in ONNX Runtime's CPU packages; it takes no node of such a graph to itself
    if other not in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has no {other}")
    detector, single = dots
    shared = replace(single, providers=(other, *single.providers))
    assert shared.accelerated
    images = [picture(120 + 40 * (i % 2), (8 * (i % 7), 8 * (i % 11)), 8 + i % 9) for i in range(36)]
    for a, b in zip(detector.detect(images, shared), detector.detect(images, single), strict=True):
        assert len(a) > 0
        np.testing.assert_allclose(a.boxes_xyxy, b.boxes_xyxy, atol=1e-4)
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)


def test_confidence_is_a_half_at_dlibs_threshold_and_grows() -> None:
    """Confidences rise with the scores, stay in [0, 1] for any, and are 0.5 at 0."""
    given = confidence(np.array([-80, -1, -0.55, 0, 1, 80], np.float32))
    assert (np.diff(given) > 0).all()
    assert given[[0, -1]].tolist() == pytest.approx([0, 1], abs=1e-6)
    assert given[3] == 0.5


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    """The cache with the converted model; skipped where it was not fetched."""
    if not (cache_dir() / DLIB_MMOD.file).is_file():
        pytest.skip("the model is not in the cache; run 'faceveil models fetch dlib_mmod'")
    return Runtime((str(cache_dir()),))


@pytest.fixture(scope="module")
def photo() -> Rgb:
    """The group photo of insightface's wheel."""
    import insightface  # noqa: PLC0415 - heavy, and for the real model only

    bgr = cv2.imread(str(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"))
    assert bgr is not None
    return np.ascontiguousarray(bgr[..., ::-1])


def test_the_real_model_finds_what_dlib_finds(runtime: Runtime, photo: Rgb) -> None:
    """The six faces that dlib finds, and no other, lie where dlib finds them, on a grid that may be half a cell off."""
    found = DlibMmod().detect([photo], runtime)[0]
    overlap = boxes.iou(DLIB_FOUND[:, :4], found.boxes_xyxy)
    assert len(found) == 6
    assert sorted(overlap.argmax(1)) == list(range(6))
    assert overlap.max(1).min() > 0.68
    np.testing.assert_allclose(found.scores[overlap.argmax(1)], confidence(DLIB_FOUND[:, 4]), atol=0.01)


def test_the_converted_network_is_dlibs(runtime: Runtime, photo: Rgb) -> None:
    """Fed the levels in one picture, as dlib feeds itself, it gives dlib's boxes to a pixel and dlib's scores."""
    opened = session(DLIB_MMOD, runtime)
    level = photo.transpose(2, 0, 1)[None].astype(np.float32)
    sizes_wh = [(1280, 886)]
    for _ in range(LEVELS - 1):
        sizes_wh.append((sizes_wh[-1][0] * 5 // 6, sizes_wh[-1][1] * 5 // 6))
    height = sum(h + APART_PX for _, h in sizes_wh[:IN_FIRST_COLUMN]) - APART_PX
    # The mean colour is nothing to the network; what is around the whole is added by the graph.
    tiled = np.tile(np.array([122.782, 117.001, 104.298], np.float32)[:, None, None], (1, height, 1280))
    places, down, up = [], 0, height
    for number, (w, h) in enumerate(sizes_wh):
        up -= h if number >= IN_FIRST_COLUMN else 0
        places.append((0, down) if number < IN_FIRST_COLUMN else (1280 - w, up))
        down, up = down + h + APART_PX, up - (APART_PX if number >= IN_FIRST_COLUMN else 0)
        x, y = places[-1]
        tiled[:, y : y + h, x : x + w] = level[0]
        level = opened.run(["smaller"], {"rgb": level})[0] if min(w, h) >= 7 else level[..., : h * 5 // 6, : w * 5 // 6]
    scores = opened.run(["scores"], {"rgb": tiled[None]})[0][0, 0]
    rows, columns = np.nonzero(scores > 0)
    windows = [_in_photo(8 * c + 3, 8 * r + 3, places, sizes_wh) for r, c in zip(rows, columns, strict=True)]
    found, strength = np.array(windows, np.float32), scores[rows, columns]
    kept = boxes.nms(found, strength, 0.3382761)
    overlap = boxes.iou(DLIB_FOUND[:, :4], found[kept])
    assert sorted(overlap.argmax(1)) == list(range(len(kept))) == list(range(6))
    np.testing.assert_allclose(found[kept][overlap.argmax(1)], DLIB_FOUND[:, :4], atol=1.01)
    np.testing.assert_allclose(strength[kept][overlap.argmax(1)], DLIB_FOUND[:, 4], atol=0.002)


def _in_photo(
    x: float, y: float, places: list[tuple[int, int]], sizes_wh: list[tuple[int, int]]
) -> NDArray[np.float64]:
    """Return the window around a pixel of the one picture as dlib maps it: to the nearest level, then up from it."""

    def away(number: int) -> float:
        (left, top), (w, h) = places[number], sizes_wh[number]
        return float(np.hypot(max(left - x, 0, x - left - w + 1), max(top - y, 0, y - top - h + 1)))

    number = min(range(len(places)), key=away)
    first, last = np.array([x, y]) - places[number] - 39.5, np.array([x, y]) - places[number] + 39.5
    for _ in range(number):  # dlib's own way up, 0.3 pixels a level beside the resampling's
        first, last = first * 6 / 5 + 0.3, last * 6 / 5 + 0.3
    return np.concatenate([np.floor(first + 0.5), np.floor(last + 0.5) + 1])
