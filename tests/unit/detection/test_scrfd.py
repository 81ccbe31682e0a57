"""SCRFD: the packs' graphs freed for batches, what resists, and equality with insightface's own detection."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from anonymizer_udfs import boxes
from anonymizer_udfs.detection import Scrfd
from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models import dynamic_scrfd
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.free_scrfd import ResistsError, free
from anonymizer_udfs.models.sessions import file_digest
from tests.support import graphs
from tests.support.scrfd_graph import MARKS, Style, red_dot_scrfd

Rgb = NDArray[np.uint8]
ROOT = Path(__file__).resolve().parents[3]
PACKS = {"open": "fixture/det_2.5g.onnx", "fixed": "fixture_500m/det_500m.onnx"}
SIDE_PX = 640


def picture(wh: tuple[int, int], *cells: tuple[int, int]) -> Rgb:
    """Return a grey picture with red cells of 8 pixels."""
    out = np.full((wh[1], wh[0], 3), 90, np.uint8)
    for column, row in cells:
        out[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = (255, 0, 0)
    return out


def over(folder: Path, style: Style, **options: Any) -> tuple[Scrfd, Runtime]:
    """Return the detector over a graph of that style."""
    ref = graphs.stored(folder, style, red_dot_scrfd(style, **options))
    return Scrfd(ref), Runtime((str(folder),))


@pytest.mark.parametrize("style", ["open", "fixed"])
def test_both_styles_are_freed_and_find_the_same(tmp_path: Path, style: Style) -> None:
    """Either export, freed, finds a face at any size, not the one alone that it was exported for."""
    detector, runtime = over(tmp_path, style)
    assert dynamic_scrfd.batching(detector.model, runtime) == "dynamic"
    wide, small = detector.detect([picture((301, 70), (20, 4)), picture((64, 64), (3, 3), (7, 7))], runtime)
    np.testing.assert_allclose(wide.boxes_xyxy, [[148, 20, 180, 52]], atol=1e-4)
    np.testing.assert_allclose(wide.landmarks, MARKS[None] + (164, 36), atol=1e-4)
    assert sorted(small.boxes_xyxy.round().tolist()) == [[12, 12, 44, 44], [44, 44, 64, 64]]


@pytest.mark.parametrize("style", ["open", "fixed"])
def test_a_batch_gives_what_each_picture_gives(tmp_path: Path, style: Style) -> None:
    """Eight pictures in one call give the outputs of each, in the order of the pictures."""
    detector, runtime = over(tmp_path, style)
    pack = dynamic_scrfd.load(detector.model, runtime)
    planes = pack.normalized(np.stack([picture((96, 64), (i, 7 - i)) for i in range(8)]))
    together = pack.run(planes)
    for i in range(8):
        for whole, one in zip(together, pack.run(planes[i : i + 1]), strict=True):
            np.testing.assert_allclose(whole[i], one[0], atol=1e-4)
    fired = together[0][:, :, 0].argmax(1)
    assert fired.tolist() == [2 * (12 * (7 - i) + i) for i in range(8)]


def test_shared_calls_find_what_single_ones_find(tmp_path: Path) -> None:
    """With a provider before the CPU, more pictures than a call takes, of two shapes, are decoded one by one."""
    other = "AzureExecutionProvider"  # in ONNX Runtime's CPU packages; it takes no node of such a graph to itself
    if other not in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has no {other}")
    detector, single = over(tmp_path, "fixed")
    shared = replace(single, providers=(other, *single.providers))
    assert shared.accelerated
    images = [picture((64 + 32 * (i % 2), 64), (i % 8, i // 8), (7, 7)) for i in range(40)]
    for a, b in zip(detector.detect(images, shared), detector.detect(images, single), strict=True):
        assert len(a) > 0
        np.testing.assert_allclose(a.boxes_xyxy, b.boxes_xyxy, atol=1e-4)
        np.testing.assert_allclose(a.landmarks, b.landmarks, atol=1e-4)


def test_a_graph_that_resists_goes_through_insightface(tmp_path: Path) -> None:
    """A graph bound to one picture is said to be, and finds its faces one by one, letterboxed to the size it takes."""
    detector, runtime = over(tmp_path, "fixed", batch_bound=True)
    why = "one: a Reshape to [1, 1, 8, 8] after a Transpose by None"
    assert dynamic_scrfd.batching(detector.model, runtime) == why
    large = picture((128, 64), (6, 4), (7, 4), (6, 5), (7, 5))
    found = detector.detect([large, picture((1, 1)), picture((3000, 8)), picture((64, 64), (2, 5))], runtime)
    assert [len(one) for one in found] == [1, 0, 0, 1]
    np.testing.assert_allclose(found[0].boxes_xyxy, [[24, 8, 88, 64]], atol=1e-4)
    np.testing.assert_allclose(found[3].boxes_xyxy, [[4, 28, 36, 60]], atol=1e-4)
    np.testing.assert_allclose(found[3].landmarks, MARKS[None] + (20, 44), atol=1e-4)


def test_a_graph_that_resists_may_have_no_landmarks(tmp_path: Path) -> None:
    """Where insightface gives no landmarks, they are NaN, for one face and for none."""
    detector, runtime = over(tmp_path, "fixed", batch_bound=True, landmarks=False)
    some, none = detector.detect([picture((64, 64), (2, 5)), picture((64, 64))], runtime)
    assert np.isnan(some.landmarks).all()
    assert (some.landmarks.shape, none.landmarks.shape) == ((1, 5, 2), (0, 5, 2))


def test_a_graph_with_unknown_operations_resists() -> None:
    """An operation that the rewriting does not know is named, not hoped for."""
    graph = onnx.load_model_from_string(red_dot_scrfd("open"))
    graph.graph.node.append(onnx.helper.make_node("Softmax", ["score_8"], ["unused"]))
    with pytest.raises(ResistsError, match="unknown operations Softmax"):
        free(graph.SerializeToString())


def test_a_constant_with_a_height_resists() -> None:
    """A sum with a constant as large as a map binds the graph to that size."""
    graph = onnx.load_model_from_string(red_dot_scrfd("fixed"))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((1, 1, 8, 8), np.float32), "grid"))
    graph.graph.node.append(onnx.helper.make_node("Add", ["score_8", "grid"], ["unused"]))
    with pytest.raises(ResistsError, match=r"Add with a constant of shape \(1, 1, 8, 8\)"):
        free(graph.SerializeToString())


@pytest.mark.parametrize("style", ["open", "fixed"])
def test_a_freed_graph_that_differs_is_not_used(tmp_path: Path, style: Style) -> None:
    """Boxes that are off by more than 1e-4 of the output's scale are no proof; off by less they are one."""
    packs = [
        dynamic_scrfd.load(over(tmp_path, style, face_px=px)[0].model, Runtime((str(tmp_path),)))
        for px in (32, 32.01, 32.001)
    ]
    with pytest.raises(ResistsError, match="differs from one picture by"):
        dynamic_scrfd.prove(replace(packs[0], freed=packs[1].freed))
    dynamic_scrfd.prove(replace(packs[0], freed=packs[2].freed))


def test_a_pack_without_landmarks_gives_nan(tmp_path: Path) -> None:
    """Six outputs are boxes and scores alone."""
    detector, runtime = over(tmp_path, "open", landmarks=False)
    found = detector.detect([picture((64, 64), (3, 3))], runtime)[0]
    np.testing.assert_allclose(found.boxes_xyxy, [[12, 12, 44, 44]], atol=1e-4)
    assert found.landmarks.shape == (1, 5, 2)
    assert np.isnan(found.landmarks).all()


def test_another_model_of_a_pack_is_refused(tmp_path: Path) -> None:
    """A pack's recognizer, which insightface loads as well, is no SCRFD."""
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 112, 112])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["m"]), helper.make_node("Flatten", ["m"], ["y"])]
    graph = helper.make_graph(nodes, "tiny", [shape], [out])
    made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    ref = graphs.stored(tmp_path, "recognizer", made.SerializeToString())
    with pytest.raises(ModelFormatError, match="expected SCRFD"):
        Scrfd(ref).detect([picture((64, 64))], Runtime((str(tmp_path),)))


@pytest.fixture(params=sorted(PACKS))
def real(request: pytest.FixtureRequest) -> tuple[Scrfd, Runtime]:
    """SCRFD of a real pack, in each style of export; skipped where there is none."""
    folder = Path(os.environ.get("FACEVEIL_TEST_MODELS", str(ROOT.parent / "shared" / "models"))) / "insightface"
    if not folder.is_dir():
        pytest.skip(f"no InsightFace packs in {folder}; set FACEVEIL_TEST_MODELS")
    file, roots = PACKS[request.param], (str(folder / "models"),)
    return Scrfd(ModelRef(file, file, file_digest(folder / "models" / file))), Runtime(roots)


def group_photo() -> Rgb:
    """Return insightface's own picture of six people, letterboxed to 640x640."""
    import insightface  # noqa: PLC0415 - heavy, and for real packs only

    bgr = cv2.imread(str(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg"))
    assert bgr is not None
    scale = SIDE_PX / max(bgr.shape[:2])
    bgr = cv2.resize(bgr, None, fx=scale, fy=scale)
    out = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    out[: bgr.shape[0], : bgr.shape[1]] = bgr[..., ::-1]
    return out


def variants() -> list[Rgb]:
    """Return the photo turned and mirrored in all eight ways."""
    upright = group_photo()
    turned = [np.rot90(side, k) for side in (upright, upright[:, ::-1]) for k in range(4)]
    return [np.ascontiguousarray(image) for image in turned]


@pytest.mark.packs
def test_a_real_pack_finds_what_insightface_finds(real: tuple[Scrfd, Runtime]) -> None:
    """At 640x640 boxes, scores and landmarks are those of insightface's own detection, in the same order."""
    detector, runtime = real
    network = dynamic_scrfd.load(detector.model, runtime).network
    counts = []
    for image in variants():
        det, points = network.detect(
            np.ascontiguousarray(image[..., ::-1]), input_size=(SIDE_PX, SIDE_PX), det_thresh=detector.score_threshold
        )
        found = detector.detect([image], runtime)[0]
        np.testing.assert_allclose(found.boxes_xyxy, boxes.clip(det[:, :4], (SIDE_PX, SIDE_PX)), atol=1e-3)
        np.testing.assert_allclose(found.scores, det[:, 4], atol=1e-5)
        np.testing.assert_allclose(found.landmarks, points, atol=1e-3)
        counts.append(len(found))
    assert counts[0] == counts[4] == 6


@pytest.mark.packs
def test_a_real_pack_takes_batches(real: tuple[Scrfd, Runtime]) -> None:
    """Eight pictures in one call give what each gives alone to 1e-4, and so do smaller ones of another shape."""
    detector, runtime = real
    assert dynamic_scrfd.batching(detector.model, runtime) == "dynamic"
    pack = dynamic_scrfd.load(detector.model, runtime)
    for stack in (np.stack(variants()), np.stack(variants())[:, 64:384, 160:640]):
        planes = pack.normalized(stack)
        together = pack.run(planes)
        assert together[0].max() > 0.5
        for i in range(len(stack)):
            for whole, one in zip(together, pack.run(planes[i : i + 1]), strict=True):
                np.testing.assert_allclose(whole[i], one[0], atol=1e-4)
