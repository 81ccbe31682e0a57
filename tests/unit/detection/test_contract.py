"""What every detector must do, on a graph in CenterFace's format that takes red dots for faces."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anonymizer_udfs import detection, family
from anonymizer_udfs.detection import CenterFace, Detector, base
from anonymizer_udfs.errors import ModelFormatError, SpecError, UnknownNameError
from anonymizer_udfs.models.base import Runtime
from tests.support import graphs

Rgb = NDArray[np.uint8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of this module."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def detector(folder: Path) -> Detector:
    """CenterFace over the red dot graph, pictures taken as they are."""
    return CenterFace(model=graphs.stored(folder, "dots", graphs.red_dot_detector()), enlarge_max=1.0)


@pytest.fixture(scope="module")
def runtime(folder: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(folder),))


def picture(wh: tuple[int, int], *dots: tuple[int, int]) -> Rgb:
    """Return a grey picture with red dots of one cell; positions are multiples of 4."""
    out = np.full((wh[1], wh[0], 3), 90, np.uint8)
    for x, y in dots:
        out[y : y + 4, x : x + 4] = (255, 0, 0)
    return out


def test_nothing_is_found_in_no_pictures(detector: Detector, runtime: Runtime) -> None:
    """No pictures give no detections."""
    assert detector.detect([], runtime) == []


@pytest.mark.parametrize("wh", [(1, 1), (31, 7), (3000, 40), (64, 64)], ids=str)
def test_a_picture_without_faces(detector: Detector, runtime: Runtime, wh: tuple[int, int]) -> None:
    """A picture of any size in which there is nothing gives arrays of length 0, in their shapes."""
    found = detector.detect([picture(wh)], runtime)[0]
    assert (found.boxes_xyxy.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_box_and_landmarks_are_where_the_graph_says(detector: Detector, runtime: Runtime) -> None:
    """A dot at (40, 24) is the centre of a box of 32 pixels, and its landmarks are fractions of that box."""
    found = detector.detect([picture((96, 64), (40, 24))], runtime)[0]
    assert found.boxes_xyxy.tolist() == [[26.0, 10.0, 58.0, 42.0]]
    assert found.scores.tolist() == [1.0]
    assert found.landmarks[0, 2].tolist() == pytest.approx([42.0, 27.6], abs=0.01)


def test_boxes_are_clipped_to_the_picture(detector: Detector, runtime: Runtime) -> None:
    """A face over the corner keeps the last row and column of the picture."""
    found = detector.detect([picture((64, 64), (60, 60))], runtime)[0]
    assert found.boxes_xyxy.tolist() == [[46.0, 46.0, 64.0, 64.0]]


def test_pictures_do_not_influence_each_other(detector: Detector, runtime: Runtime) -> None:
    """Many pictures of different sizes in one call give what each gives alone, in the order given."""
    images = [picture((64, 64), (8, 8)), picture((96, 64)), picture((64, 64), (40, 40)), picture((32, 96), (12, 80))]
    together = detector.detect(images, runtime)
    alone = [detector.detect([image], runtime)[0] for image in images]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.boxes_xyxy, b.boxes_xyxy)
        np.testing.assert_array_equal(a.landmarks, b.landmarks)


def test_the_graph_takes_a_batch(detector: Detector, runtime: Runtime) -> None:
    """The declared batch of 10 is freed: 3 pictures in one call give the maps of each."""
    from anonymizer_udfs.detection.centerface import OUTPUTS, free_dimensions  # noqa: PLC0415 - the unit under test
    from anonymizer_udfs.models.sessions import session  # noqa: PLC0415 - loads ONNX Runtime

    opened = session(detector.model, runtime, prepare=free_dimensions)
    stacked = np.stack(
        [base.apply(picture((64, 32), (4 * i, 8)), base.fit((64, 32), (64, 64), 1, 32)) for i in range(3)]
    )
    together = opened.run(OUTPUTS, {"input.1": stacked})
    for i in range(3):
        for whole, one in zip(together, opened.run(OUTPUTS, {"input.1": stacked[i : i + 1]}), strict=True):
            np.testing.assert_allclose(whole[i], one[0], atol=1e-4)


def test_weaker_scores_are_found_with_a_lower_threshold(folder: Path, runtime: Runtime) -> None:
    """A dim dot is found at 0.2 and not at 0.5."""
    ref = graphs.stored(folder, "dots", graphs.red_dot_detector())
    dim = picture((64, 64))
    dim[...] = 0
    dim[16:20, 16:20, 0] = 90
    assert len(CenterFace(0.2, enlarge_max=1.0, model=ref).detect([dim], runtime)[0]) == 1
    assert len(CenterFace(0.5, enlarge_max=1.0, model=ref).detect([dim], runtime)[0]) == 0


def test_small_pictures_are_enlarged(folder: Path, runtime: Runtime) -> None:
    """A picture shorter than the input is enlarged, and boxes come back in its own pixels."""
    ref = graphs.stored(folder, "dots", graphs.red_dot_detector())
    found = CenterFace(model=ref, enlarge_max=2.0).detect([picture((64, 64), (24, 24))], runtime)[0]
    assert found.boxes_xyxy[0, 2] - found.boxes_xyxy[0, 0] == pytest.approx(graphs.FACE_PX / 2)


@given(w=st.integers(1, 5000), h=st.integers(1, 5000))
def test_letterbox_keeps_the_picture_within_its_input(w: int, h: int) -> None:
    """Whatever the size, the content lies within an input whose sides are multiples of 32 and within bounds."""
    box = base.fit((w, h), (640, 1280), 2.0, 32)
    assert box.content_hw[0] <= box.input_hw[0] <= 1280
    assert box.content_hw[1] <= box.input_hw[1] <= 1280
    assert box.input_hw[0] % 32 == box.input_hw[1] % 32 == 0
    corner = box.back(np.array([box.content_hw[::-1]], np.float32))
    np.testing.assert_allclose(corner, [[w, h]], rtol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"score_threshold": 0}, "score_threshold"),
        ({"score_threshold": 1.5}, "score_threshold"),
        ({"nms_iou": -0.1}, "nms_iou"),
        ({"long_side_px": [1280, 640]}, "long_side_px"),
        ({"long_side_px": [640]}, "long_side_px"),
        ({"enlarge_max": 0.5}, "enlarge_max"),
    ],
    ids=lambda v: v if isinstance(v, str) else next(iter(v)),
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, object], word: str) -> None:
    """A parameter that cannot be is named, with what came."""
    with pytest.raises(SpecError, match=word):
        detection.build({"name": "centerface", **parameters})


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    """A misspelt detector or parameter is answered with what there is."""
    with pytest.raises(UnknownNameError, match="did you mean 'centerface'"):
        detection.build("centreface")
    with pytest.raises(UnknownNameError, match="score_threshold"):
        detection.build({"name": "centerface", "threshold": 0.5})


def test_parameters_make_the_same_member_again() -> None:
    """What is recorded of a detector is enough to make it again."""
    made = CenterFace(score_threshold=0.4, long_side_px=(320, 640))
    assert detection.build({"name": made.name, **family.parameters(made)}) == made


def test_a_file_that_is_no_model_is_told(folder: Path, runtime: Runtime) -> None:
    """A file with the right digest that is no ONNX model raises an error that says so."""
    ref = graphs.stored(folder, "junk", b"this is no model")
    with pytest.raises(ModelFormatError, match="junk"):
        CenterFace(model=ref).detect([picture((64, 64))], runtime)
