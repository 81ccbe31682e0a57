"""What every detector must do, each on a graph in its format that takes red dots for faces."""

from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs import detection, family
from anonymizer_udfs.detection import DETECTORS
from anonymizer_udfs.errors import ModelFormatError, SpecError, UnknownNameError
from anonymizer_udfs.models.base import Runtime
from tests.support import graphs
from tests.unit.detection.cases import CASES, Case


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of this module."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=sorted(DETECTORS))
def case(request: pytest.FixtureRequest, folder: Path) -> Case:
    """One detector over its graph; a member of the family without a case is an error."""
    return CASES[request.param](folder)


@pytest.fixture(scope="module")
def runtime(folder: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(folder),))


def test_nothing_is_found_in_no_pictures(case: Case, runtime: Runtime) -> None:
    """No pictures give no detections."""
    assert case.detector.detect([], runtime) == []


@pytest.mark.parametrize("wh", [(1, 1), (31, 7), (3000, 40), (64, 64)], ids=str)
def test_a_picture_without_faces(case: Case, runtime: Runtime, wh: tuple[int, int]) -> None:
    """A picture of any size in which there is nothing gives arrays of length 0, in their shapes."""
    found = case.detector.detect([case.picture(wh)], runtime)[0]
    assert (found.boxes_xyxy.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_a_box_is_where_the_graph_says(case: Case, runtime: Runtime) -> None:
    """A dot is the centre of one box of the known size, and the score is in (threshold, 1]."""
    found = case.detector.detect([case.picture((320, 256), (20, 18))], runtime)[0]
    np.testing.assert_allclose(found.boxes_xyxy, [case.box((20, 18))], atol=case.tolerance_px)
    assert case.detector.score_threshold <= found.scores[0] <= 1
    assert np.isfinite(found.landmarks).all() == case.detector.landmarks


def test_boxes_are_clipped_to_the_picture(case: Case, runtime: Runtime) -> None:
    """A face over the corner keeps the last row and column of the picture, and no box leaves it."""
    wh = (24 * case.step_px, 20 * case.step_px)
    found = case.detector.detect([case.picture(wh, (23, 19))], runtime)[0]
    assert len(found) == 1
    assert found.boxes_xyxy[0, 2:].tolist() == list(wh)
    assert (found.boxes_xyxy[0, :2] >= 0).all()


def test_pictures_do_not_influence_each_other(case: Case, runtime: Runtime) -> None:
    """Many pictures of different sizes in one call give what each gives alone, in the order given."""
    s = case.step_px
    images = [
        case.picture((24 * s, 24 * s), (8, 8)),
        case.picture((32 * s, 24 * s)),
        case.picture((24 * s, 24 * s), (14, 14)),
        case.picture((16 * s, 32 * s), (6, 24)),
    ]
    together = case.detector.detect(images, runtime)
    alone = [case.detector.detect([image], runtime)[0] for image in images]
    assert [len(found) for found in together] == [1, 0, 1, 1]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.boxes_xyxy, b.boxes_xyxy)
        np.testing.assert_array_equal(a.landmarks, b.landmarks)
        np.testing.assert_array_equal(a.scores, b.scores)


def test_a_picture_is_not_changed(case: Case, runtime: Runtime) -> None:
    """The pixels given are the pixels kept."""
    image = case.picture((20 * case.step_px, 20 * case.step_px), (9, 9))
    before = image.copy()
    case.detector.detect([image], runtime)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_thresholds_out_of_range_are_refused(name: str, folder: Path) -> None:
    """A threshold that cannot be is named, with what came."""
    model = CASES[name](folder).detector.model
    for wrong in (0, 1.5, -1):
        with pytest.raises(SpecError, match="score_threshold"):
            detection.build({"name": name, "model": model, "score_threshold": wrong})


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    """A misspelt detector or parameter is answered with what there is."""
    with pytest.raises(UnknownNameError, match="did you mean 'centerface'"):
        detection.build("centreface")
    with pytest.raises(UnknownNameError, match="score_threshold"):
        detection.build({"name": "centerface", "threshold": 0.5})


def test_parameters_make_the_same_member_again(case: Case) -> None:
    """What is recorded of a detector, and its model, are enough to make it again."""
    made = case.detector
    again = detection.build({"name": made.name, "model": made.model, **family.parameters(made)})
    assert again == made


def test_a_file_that_is_no_model_is_told(case: Case, folder: Path, runtime: Runtime) -> None:
    """A file with the right digest that is no ONNX model raises an error that says so."""
    ref = graphs.stored(folder, "junk", b"this is no model")
    junk = detection.build({"name": case.detector.name, "model": ref, **family.parameters(case.detector)})
    with pytest.raises(ModelFormatError, match="junk"):
        junk.detect([case.picture((64, 64))], runtime)
