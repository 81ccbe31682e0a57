"""Close-ups: one finding brought upright and to a known size, and the way back to the picture's pixels."""

import cv2
import numpy as np
import pytest

from anonymizer_udfs.chips import Pyramid
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.detection.closeups import CloseUp
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.passes import Zoom
from anonymizer_udfs.records import Sighting

CENTRE = (70.0, 55.0)
CLOSEUPS = [
    CloseUp(CENTRE, 2.0, roll, 96, mirrored) for roll in (0.0, 30.0, 90.0, -135.0) for mirrored in (False, True)
]


def finding(roll: float | None = None, confidence: float = 0.4) -> Finding:
    """Return a finding of 20x24 pixels around ``CENTRE``."""
    box = np.array([60, 43, 80, 67], np.float32)
    return Finding("face", box, confidence, (Sighting("yunet", "full", 0.8),), roll_degrees=roll)


@pytest.mark.parametrize("view", CLOSEUPS, ids=lambda v: f"{v.roll_degrees:g} degrees, mirrored {v.mirrored}")
def test_what_is_seen_at_a_point_lies_where_it_goes_back_to(view: CloseUp) -> None:
    """A bright spot of the picture is found again at its place, however the close-up is turned and mirrored."""
    image = np.zeros((120, 140, 3), np.uint8)
    image[60:63, 78:81] = 255
    shown = view.render(Pyramid.of(image))
    assert shown.shape == (96, 96, 3)
    y, x = (float(v.mean()) + 0.5 for v in np.nonzero(shown[..., 0] > 127))
    np.testing.assert_allclose(view.back(np.array([[x, y]], np.float32)), [[79.5, 61.5]], atol=0.3)


def test_a_rolled_face_is_shown_upright() -> None:
    """The line from the eyes to the mouth of a face turned clockwise by 60 degrees points down in its close-up."""
    angle = np.radians(60)
    mouth = np.array(CENTRE) + 12 * np.array([-np.sin(angle), np.cos(angle)])
    view = CloseUp(CENTRE, 2.0, 60.0, 96)
    np.testing.assert_allclose(view.back(np.array([[48, 48 + 24]], np.float32)), [mouth], atol=1e-3)


@pytest.mark.parametrize("roll", [0.0, 45.0, 90.0, 200.0], ids=str)
def test_a_face_goes_back_as_the_box_of_its_ellipse(roll: float) -> None:
    """The box in the picture is the one that an ellipse drawn at that turn fills."""
    view = CloseUp(CENTRE, 1.0, roll, 96)
    seen = Detections(
        np.array([[38, 33, 58, 63]], np.float32), np.ones(1, np.float32), np.full((1, 5, 2), 48, np.float32)
    )
    found = view.found(seen, (140, 120))
    drawn = np.zeros((120, 140), np.uint8)
    cv2.ellipse(drawn, (70, 55), (10, 15), roll, 0, 360, 255, -1)
    ys, xs = np.nonzero(drawn)
    np.testing.assert_allclose(found.boxes_xyxy[0], [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], atol=1.6)
    np.testing.assert_allclose(found.landmarks[0], np.tile(CENTRE, (5, 1)), atol=1e-3)


def test_a_neighbour_cut_by_the_border_is_dropped() -> None:
    """Only what lies within the close-up counts; at the picture's own border a face may be cut."""
    view = CloseUp((10.0, 55.0), 1.0, 0.0, 96)
    boxes = np.array([[20, 30, 60, 70], [0, 30, 30, 70], [70, 30, 96, 70]], np.float32)
    seen = Detections(boxes, np.ones(3, np.float32), np.full((3, 5, 2), np.nan, np.float32))
    assert view.found(seen, (140, 120)).boxes_xyxy.tolist() == [[0, 37, 22, 77]]


def test_nothing_seen_is_nothing_found() -> None:
    """No detections keep their shapes."""
    assert len(CloseUp(CENTRE, 1.0, 45.0, 96).found(Detections.none(), (140, 120))) == 0


@pytest.mark.parametrize("view", CLOSEUPS, ids=lambda v: f"{v.roll_degrees:g} degrees, mirrored {v.mirrored}")
def test_a_close_up_knows_what_it_shows(view: CloseUp) -> None:
    """Its centre is in it, and what lies farther than its diagonal is not."""
    assert view.shows(*CENTRE)
    assert not view.shows(CENTRE[0] + 36, CENTRE[1])


@pytest.mark.parametrize(
    ("zoom", "one", "rolls"),
    [
        pytest.param(Zoom("z", 48), finding(), [0.0], id="roll-unknown"),
        pytest.param(Zoom("z", 48), finding(8.0), [0.0], id="nearly-upright"),
        pytest.param(Zoom("z", 48), finding(40.0), [40.0], id="rolled"),
        pytest.param(Zoom("z", 48, turns_degrees=(0, 180)), finding(40.0), [40.0, 220.0], id="either-way-up"),
        pytest.param(Zoom("z", 48, turns_degrees=(60, 120)), finding(8.0), [60.0, 120.0], id="spun"),
        pytest.param(Zoom("z", 48, least=0.5), finding(), [], id="not-worth-it"),
    ],
)
def test_what_a_zoom_shows_of_a_finding(zoom: Zoom, one: Finding, rolls: list[float]) -> None:
    """A close-up for each turn in question, the longer side of the box at the size asked for."""
    views = list(zoom.views((140, 120), [one]))
    assert [view.roll_degrees for view in views] == rolls
    assert all((view.centre_xy, view.scale) == (CENTRE, 2.0) for view in views)


def test_a_zoom_shows_the_surest_and_no_more_than_asked_for() -> None:
    """With hundreds of candidates the cost stays bounded."""
    many = [finding(confidence=0.4 - i / 1000) for i in range(100)]
    assert len(list(Zoom("z", 48, most=16).views((140, 120), many))) == 16
    assert not list(Zoom("z", 48).views((140, 120), []))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(CloseUp((71.0, 55.5), 2.02, 3.0, 96), True, id="moved by less than a box moves"),
        pytest.param(CloseUp(CENTRE, 2.0, 360.0, 96), True, id="a whole turn"),
        pytest.param(CloseUp((80.0, 55.0), 2.0, 0.0, 96), False, id="another place"),
        pytest.param(CloseUp(CENTRE, 2.5, 0.0, 96), False, id="another size"),
        pytest.param(CloseUp(CENTRE, 2.0, 30.0, 96), False, id="another turn"),
        pytest.param(CloseUp(CENTRE, 2.0, 0.0, 96, mirrored=True), False, id="mirrored"),
    ],
)
def test_close_ups_that_show_the_same_are_equal_in_rough(other: CloseUp, same: bool) -> None:
    """What would only repeat a look falls together; what shows something else does not."""
    assert (CloseUp(CENTRE, 2.0, 0.0, 96).rough == other.rough) is same
