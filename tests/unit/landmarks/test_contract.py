"""What every landmarker promises, each on a model in its format whose points depend on what it sees."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs import family
from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError, UnknownNameError
from anonymizer_udfs.landmarks import LANDMARKERS, Landmarker, build
from anonymizer_udfs.landmarks.schemes import SIZES
from anonymizer_udfs.models.base import ModelRef, Runtime
from tests.support import graphs
from tests.unit.landmarks.cases import CASES, SIDE_PX, Case, Floats, Rgb, faces, picture

NOBODY = np.full((1, 5, 2), np.nan, np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of this module."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=sorted(LANDMARKERS))
def case(request: pytest.FixtureRequest, folder: Path) -> Case:
    """One landmarker over its model; a member of the family without a case is an error."""
    return CASES[request.param](folder)


@pytest.fixture(scope="module")
def runtime(folder: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(folder),))


def located(case: Case, runtime: Runtime, rgb: Rgb, boxes: Floats, five: Floats) -> Floats:
    """Return the points of all faces, ``(n, points, 2)``, after a look at what they are."""
    found = case.landmarker.locate(rgb, boxes, five, "centerface", runtime)
    assert [points.scheme for points in found] == [case.landmarker.scheme] * len(boxes)
    return np.array([points.xy for points in found], np.float32).reshape(len(boxes), SIZES[case.landmarker.scheme], 2)


def test_no_faces_no_points(case: Case, runtime: Runtime) -> None:
    """A picture without faces gives no points."""
    assert located(case, runtime, picture(), *faces()).shape[0] == 0


@pytest.mark.parametrize("shape_hw", [(1, 1), (3, 400), (240, 240)], ids=str)
@pytest.mark.parametrize(
    "box",
    [(0, 0, 1, 1), (100, 100, 180, 206), (-50, -60, 30, 40), (900, 900, 950, 960), (-4e4, -4e4, 4e4, 5e4)],
    ids=["1x1", "inside", "over the edge", "outside", "huge"],
)
@pytest.mark.parametrize("points", ["five points", "none"])
def test_any_box_in_any_picture_has_points(
    case: Case, runtime: Runtime, shape_hw: tuple[int, int], box: tuple[float, ...], points: str
) -> None:
    """A box that has an extent gets all its points, finite ones, wherever it lies, with five points or without."""
    rgb = np.random.default_rng(1).integers(0, 256, (*shape_hw, 3), np.uint8)
    x0, y0, x1, y1 = box
    five = faces(((x0 + x1) / 2, (y0 + y1) / 2), width_px=x1 - x0)[1] if points == "five points" else NOBODY
    found = located(case, runtime, rgb, np.array([box], np.float32), five)
    assert found.shape == (1, SIZES[case.landmarker.scheme], 2)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "box",
    [(5, 5, 5, 9), (5, 5, 9, 5), (9, 9, 5, 5), (0, 0, np.nan, 5), (0, 0, np.inf, 5)],
    ids=["no width", "no height", "swapped", "not a number", "endless"],
)
def test_a_box_that_is_none_gets_no_points(case: Case, runtime: Runtime, box: tuple[float, ...]) -> None:
    """A face without a place has NaN for its points, and the one beside it has its own."""
    boxes, five = faces((120, 120), (120, 120))
    alone = located(case, runtime, picture(), boxes[1:], five[1:])
    boxes[0] = box
    found = located(case, runtime, picture(), boxes, five)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1:], alone)


def test_a_face_does_not_depend_on_the_others(case: Case, runtime: Runtime) -> None:
    """Faces together give the same bits as one by one, and each its own."""
    boxes, five = faces((60, 80), (150, 130), (180, 60))
    together = located(case, runtime, picture(), boxes, five)
    alone = [located(case, runtime, picture(), boxes[i : i + 1], five[i : i + 1])[0] for i in range(3)]
    np.testing.assert_array_equal(together, alone)


def test_the_input_is_left_alone(case: Case, runtime: Runtime) -> None:
    """Neither the picture nor the boxes nor the points are changed; one that cannot be written to will do."""
    rgb, (boxes, five) = picture(), faces((120, 120))
    rgb.flags.writeable = boxes.flags.writeable = five.flags.writeable = False
    located(case, runtime, rgb, boxes, five)
    located(case, runtime, rgb[:, ::-1], boxes, five)


def test_points_depend_on_the_picture(case: Case, runtime: Runtime) -> None:
    """Another picture under the same box has other points."""
    boxes, five = faces((120, 120))
    one, other = (located(case, runtime, picture(seed), boxes, five) for seed in (0, 1))
    assert np.abs(one - other).max() > 0.5


@pytest.mark.parametrize("points", ["five points", "none"])
def test_points_move_with_the_picture(case: Case, runtime: Runtime, points: str) -> None:
    """The same face elsewhere in a larger picture has the same points, moved by as much."""
    rgb, (boxes, five) = picture(), faces((120, 120), width_px=60)
    five = five if points == "five points" else NOBODY
    larger = np.zeros((SIDE_PX + 70, SIDE_PX + 50, 3), np.uint8)
    larger[70:, 50:] = rgb
    here = located(case, runtime, rgb, boxes, five)
    there = located(case, runtime, larger, boxes + np.float32([50, 70, 50, 70]), five + np.float32([50, 70]))
    np.testing.assert_allclose(there - (50, 70), here, atol=0.01)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_points_turn_with_the_face(case: Case, runtime: Runtime, quarters: int) -> None:
    """A face on its side or upside down, whose five points tell so, has the points of the upright one, turned."""
    rgb, (boxes, five) = picture(), faces((115, 125))
    upright, far_px = located(case, runtime, rgb, boxes, five), SIDE_PX + 2 * case.corner_px

    def turned(xy: Floats) -> Floats:
        for _ in range(quarters):
            xy = np.stack([far_px - xy[..., 1], xy[..., 0]], -1)
        return xy

    corners = turned(boxes.reshape(-1, 2, 2))
    there = np.concatenate([corners.min(1), corners.max(1)], 1)
    found = located(case, runtime, np.ascontiguousarray(np.rot90(rgb, -quarters)), there, turned(five))
    np.testing.assert_allclose(found, turned(upright), atol=0.02)


@pytest.mark.parametrize(
    ("rgb", "boxes", "five"),
    [
        (picture().astype(np.uint16), *faces((9, 9))),
        (picture()[..., 0], *faces((9, 9))),
        (picture()[..., :2], *faces((9, 9))),
        (picture()[:0], *faces((9, 9))),
        (picture(), faces((9, 9))[0][:, :3], faces((9, 9))[1]),
        (picture(), faces((9, 9))[0], faces()[1]),
        (picture(), faces((9, 9))[0], faces((9, 9))[1][:, :4]),
    ],
    ids=["16 bits", "grey", "two channels", "no rows", "boxes of three", "points of nobody", "four points"],
)
def test_arrays_of_another_form_are_refused(
    case: Case, runtime: Runtime, rgb: Rgb, boxes: Floats, five: Floats
) -> None:
    """What is no picture in 8-bit RGB, or no boxes and points that belong together, is an error that says so."""
    with pytest.raises(SpecError, match="must be"):
        case.landmarker.locate(rgb, boxes, five, "centerface", runtime)


def test_a_model_must_be_there_and_the_one(case: Case, folder: Path, tmp_path: Path) -> None:
    """Without its file a member cannot work, and with another in its place it will not."""
    model = case.landmarker.model
    away = build({"name": case.landmarker.name, "model": ModelRef.fetched("away", 64 * "a")})
    with pytest.raises(ModelMissingError, match="faceveil models fetch"):
        away.locate(picture(), *faces((99, 99)), "centerface", Runtime((str(folder),)))
    (tmp_path / model.file).write_bytes((folder / model.file).read_bytes() + b"\0")
    elsewhere = build({"name": case.landmarker.name, "model": ModelRef(model.name, model.file, 64 * "b")})
    with pytest.raises(ModelDigestError):
        elsewhere.locate(picture(), *faces((99, 99)), "centerface", Runtime((str(tmp_path),)))


def test_another_kind_of_model_is_refused(case: Case, folder: Path, runtime: Runtime) -> None:
    """A detector's file is a format error, not points."""
    detector = graphs.stored(folder, "dots", graphs.red_dot_detector())
    member = build({"name": case.landmarker.name, "model": detector})
    with pytest.raises(ModelFormatError):
        member.locate(picture(), *faces((99, 99)), "centerface", runtime)


def test_members_travel_to_executors(case: Case) -> None:
    """A member is equal after pickling, and made anew by its name and parameters."""
    member = case.landmarker
    assert pickle.loads(pickle.dumps(member)) == member  # noqa: S301 - our own bytes
    assert build({"name": member.name, "model": member.model, **family.parameters(member)}) == member


def test_every_name_is_its_own() -> None:
    """The table's names are the members', and each has a scheme that is known."""
    assert {name: member.name for name, member in LANDMARKERS.items()} == {name: name for name in LANDMARKERS}
    assert {member.scheme for member in LANDMARKERS.values()} <= set(SIZES)
    assert set(CASES) == set(LANDMARKERS)


@pytest.mark.parametrize("name", LANDMARKERS)
def test_no_member_has_a_model_by_default(name: str) -> None:
    """None of their licences is free: a model must be named, and a mapping of its three fields will do."""
    with pytest.raises(SpecError, match="model"):
        build(name)
    model = {"name": "p/a.onnx", "file": "p/a.onnx", "sha256": "ab" * 32}
    made: Landmarker = build({"name": name, "model": model})
    assert made.model == ModelRef(**model)


def test_an_unknown_name_is_answered() -> None:
    """A name that nobody has is answered with those that are known."""
    with pytest.raises(UnknownNameError, match="known: dlib68, insight_2d106, insight_3d68"):
        build("dlib86")
