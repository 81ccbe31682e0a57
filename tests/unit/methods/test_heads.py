"""The head that faces are drawn on: turned, it looks as a solid body does, and as a face's points say."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.drawing import oval
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import HALF_HEIGHT, NOSE_DEPTH, POINTS, Facing
from anonymizer_udfs.methods.hair import STYLES, Hair, worn
from anonymizer_udfs.methods.heads import AROUND, CHIN_Y, CROWN_Y, Head

YAWS = [pytest.param(yaw, id=f"yaw{yaw}") for yaw in (-45, -30, 0, 15, 45)]
STYLED = [pytest.param(hair, id=str(i)) for i, hair in enumerate(STYLES)]
EYES = np.array(POINTS[:2])


def five(head: Head) -> np.ndarray:
    """Return where eyes, nose and corners of the mouth of a head are seen, ``(5, 2)``."""
    points = np.array(POINTS)
    nose = head.seen(points[2:3, 0], points[2:3, 1], NOSE_DEPTH)
    return np.concatenate([head.lifted(points[:2]), nose, head.lifted(points[3:])])


def holds(outline: np.ndarray, point: np.ndarray) -> bool:
    """Return whether a point lies within an outline."""
    x, y = (float(v) for v in point)
    return cv2.pointPolygonTest(outline.astype(np.float32), (x, y), measureDist=False) > 0


def test_a_face_that_looks_ahead_has_its_points_where_faces_have_them() -> None:
    """To a hundredth of the box's width."""
    assert five(Head())[[0, 1, 3, 4]] == pytest.approx(np.array(POINTS)[[0, 1, 3, 4]], abs=0.01)


@pytest.mark.parametrize("yaw", YAWS)
def test_the_points_of_a_turned_head_tell_its_turn(yaw: int) -> None:
    """What reads the yaw off a photo's points reads it off the drawing, to a few degrees."""
    width = 100.0
    points = five(Head(yaw)) * width + [200, 200]
    box = (200 - width / 2, 200 - HALF_HEIGHT * width, 200 + width / 2, 200 + HALF_HEIGHT * width)
    facing = Facing.of(Target(box, landmarks=tuple(map(tuple, points.tolist()))))
    assert facing.yaw_degrees == pytest.approx(yaw, abs=6)
    assert facing.roll_degrees == pytest.approx(0, abs=3)


@given(yaw=st.floats(0, 60), jaw=st.floats(0.9, 1.1))
@settings(deadline=None)
def test_a_head_that_looks_to_the_other_side_is_the_mirror_image(yaw: float, jaw: float) -> None:
    """Nothing of it is one-sided."""
    one, other = (np.sort(Head(turn, jaw).outline(), 0) for turn in (yaw, -yaw))
    assert one == pytest.approx(np.sort(other * [-1, 1], 0), abs=1e-9)


@pytest.mark.parametrize("yaw", [15, 30, 45])
def test_the_far_side_is_foreshortened(yaw: int) -> None:
    """The far eye is narrower, and there is less of the cheek between the nose and the far edge."""
    head = Head(yaw)
    near, far = (np.ptp(head.lifted(oval((x, -0.158), (0.1, 0.05)))[:, 0]) for x in (-0.237, 0.237))
    assert far < 0.9 * near
    nose, y = five(head)[2, 0], np.array([0.1])
    right, left = head.edge(y)[0, 0], head.edge(y, side=-1)[0, 0]
    assert right - nose < 0.7 * (nose - left)


@pytest.mark.parametrize("yaw", YAWS)
def test_the_face_is_on_the_head(yaw: int) -> None:
    """All that is drawn on its skin lies within its outline, however it is turned."""
    head = Head(yaw)
    outline = head.outline()
    for shape in (oval((-0.25, -0.16), (0.13, 0.1)), oval((0.25, -0.16), (0.13, 0.1)), oval((0, 0.32), (0.21, 0.08))):
        assert all(holds(outline, point) for point in head.lifted(shape))
    assert (outline[:, 1].min(), outline[:, 1].max()) == (CROWN_Y, CHIN_Y)


@pytest.mark.parametrize("yaw", YAWS)
@pytest.mark.parametrize("height", [-0.6, -0.16, 0.3])
def test_a_line_around_the_head_goes_from_edge_to_edge(yaw: int, height: float) -> None:
    """Its part in view begins at the right edge, ends at the left one, and turns back nowhere."""
    head = Head(yaw)
    line = head.line(np.full_like(AROUND, height))
    ends = head.edge(np.array([height]))[0, 0], head.edge(np.array([height]), side=-1)[0, 0]
    assert (line[0, 0], line[-1, 0]) == pytest.approx(ends, abs=0.01)
    assert (np.diff(line[:, 0]) < 1e-9).all()


def test_a_head_made_larger_holds_the_head() -> None:
    """So that no skin shows beside hair."""
    larger = Head(30).outline(CROWN_Y - 0.1, 0.4, wider=0.05)
    inner = Head(30).outline(CROWN_Y + 0.02, 0.3)
    assert all(holds(larger, point) for point in inner)


@pytest.mark.parametrize("hair", STYLED)
@pytest.mark.parametrize("yaw", YAWS)
def test_hair_covers_the_crown_and_no_eye(hair: Hair, yaw: int) -> None:
    """Every way of wearing it, at every turn."""
    head = Head(yaw)
    cap = hair.cap(head)
    for eye in head.lifted(EYES):
        assert not holds(cap, eye)
    assert not holds(cap, five(head)[2])
    middle = head.outline(CROWN_Y, -0.8).mean(0)
    assert holds(cap, middle)


@pytest.mark.parametrize("yaw", YAWS)
def test_where_hair_covers_the_ears_they_are_under_it(yaw: int) -> None:
    """And where it does not, none of it hangs down beside the face."""
    head = Head(yaw)
    for hair in STYLES:
        lowest = hair.cap(head)[:, 1].max()
        assert lowest > 0.3 if hair.over_ears else lowest < 0.25


def test_every_way_of_wearing_hair_is_worn() -> None:
    """By the same share of faces."""
    drawn = [worn(share) for share in np.linspace(0, 0.999, 6 * len(STYLES))]
    assert [drawn.count(hair) for hair in STYLES] == [6] * len(STYLES)
