"""InsightFace's landmark models, against ``insightface`` itself on graphs of the same form."""

from pathlib import Path

import numpy as np
import pytest
from insightface.app.common import Face
from insightface.model_zoo.landmark import Landmark

from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.landmarks import Insight2d106, Insight3d68, Landmarker, build
from anonymizer_udfs.models.base import ModelRef, Runtime
from tests.support import graphs, landmark_graph
from tests.unit.landmarks.cases import Floats, Rgb, faces, picture

NOBODY = np.full((1, 5, 2), np.nan, np.float32)
BOXES = [
    pytest.param((80, 70, 160, 176), id="inside"),
    pytest.param((80.3, 70.6, 170.9, 120.2), id="wide"),
    pytest.param((-30, -50, 60, 70), id="over the top left"),
    pytest.param((190, 200, 290, 330), id="over the bottom right"),
    pytest.param((120, 120, 124, 125), id="tiny"),
    pytest.param((-300, -300, 500, 600), id="larger than the picture"),
]


def theirs(path: Path, rgb: Rgb, box: tuple[float, ...]) -> Floats:
    """Return what ``insightface`` gives for one face, x and y."""
    landmark = Landmark(model_file=str(path))
    return np.asarray(landmark.get(rgb[..., ::-1], Face(bbox=np.array(box, np.float32)))[:, :2])


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("normalizes", [False, True], ids=["takes -1 to 1", "takes 0 to 255"])
@pytest.mark.parametrize("kind", [Insight2d106, Insight3d68])
def test_points_are_those_of_insightface(
    tmp_path: Path, kind: type[Insight2d106 | Insight3d68], box: tuple[float, ...], normalizes: bool
) -> None:
    """Crop, normalization, colours, output and the way back are InsightFace's: every point is equal, to a hundredth."""
    width = landmark_graph.OUTPUTS[kind.name]
    model = graphs.stored(tmp_path, "points", landmark_graph.landmarks(width, normalizes=normalizes))
    boxes = np.array([box], np.float32)
    found = kind(model).locate(picture(), boxes, NOBODY, "scrfd", Runtime((str(tmp_path),)))[0]
    expected = theirs(tmp_path / model.file, picture(), box)
    assert found.xy.shape == expected.shape
    np.testing.assert_allclose(found.xy, expected, atol=0.01)
    assert np.ptp(expected, axis=0).min() > 0.05 * max(box[2] - box[0], box[3] - box[1]), "points that tell something"


@pytest.fixture
def member(tmp_path: Path) -> tuple[ModelRef, Runtime]:
    """Return a model of 106 points and what runs it."""
    return graphs.stored(tmp_path, "points", landmark_graph.landmarks(212)), Runtime((str(tmp_path),))


def located(landmarker: Landmarker, rgb: Rgb, boxes: Floats, five: Floats, runtime: Runtime) -> Floats:
    """Return the points of one face."""
    return landmarker.locate(rgb, boxes, five, "scrfd", runtime)[0].xy


def rolled(five: Floats, degrees: float) -> Floats:
    """Return a face's points turned about their mean."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = five.mean(1, keepdims=True)
    return ((five - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle).astype(np.float32)


@pytest.mark.parametrize(
    ("roll", "beyond", "turns"), [(25, 30, False), (-25, 20, True), (35, 30, True), (179, 180, False)]
)
def test_only_what_is_rolled_further_is_turned(
    member: tuple[ModelRef, Runtime], roll: float, beyond: float, turns: bool
) -> None:
    """Up to the roll that was asked for a face is shown as InsightFace shows it; beyond, it stands upright."""
    model, runtime = member
    boxes, five = faces((120, 120))
    landmarker = Insight2d106(model, turned_beyond_degrees=beyond)
    as_theirs = located(landmarker, picture(), boxes, NOBODY, runtime)
    found = located(landmarker, picture(), boxes, rolled(five, roll), runtime)
    assert np.array_equal(found, as_theirs) != turns


@pytest.mark.parametrize("degrees", [-1, 181, float("nan")])
@pytest.mark.parametrize("name", ["insight_2d106", "insight_3d68"])
def test_a_roll_out_of_range_is_refused(member: tuple[ModelRef, Runtime], name: str, degrees: float) -> None:
    """There is no roll beyond a half turn."""
    with pytest.raises(SpecError, match="turned_beyond_degrees must be in"):
        build({"name": name, "model": member[0], "turned_beyond_degrees": degrees})


def test_each_takes_its_own_model_only(member: tuple[ModelRef, Runtime]) -> None:
    """The model of 106 points is a format error for the one of 68, not 68 points of something."""
    model, runtime = member
    with pytest.raises(ModelFormatError, match="landmark_3d_68"):
        Insight3d68(model).locate(picture(), *faces((120, 120)), "scrfd", runtime)
