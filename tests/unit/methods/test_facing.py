"""Where a face's own coordinates lie in a patch."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anonymizer_udfs.methods.base import Landmarks, Target
from anonymizer_udfs.methods.facing import HALF_HEIGHT, NOSE_DEPTH, POINTS, STRAY, Facing
from tests.unit.methods.cases import placed

FLAT = np.array(POINTS)
SOLID = np.column_stack([FLAT, [0, 0, NOSE_DEPTH, 0, 0]])


def box(width_px: float, centre: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return the upright box of such a face."""
    (x, y), high = centre, HALF_HEIGHT * width_px
    return x - width_px / 2, y - high, x + width_px / 2, y + high


@given(width=st.floats(8, 2000), roll=st.floats(-179, 180), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_points_tell_size_place_and_roll(width: float, roll: float, x: float, y: float) -> None:
    """Whatever the size and roll, a face's own points come back at their own coordinates."""
    facing = Facing.of(Target(box(width, (x, y)), landmarks=placed(FLAT, width, roll, (x, y))))
    assert facing.width_px == pytest.approx(width)
    assert math.cos(math.radians(facing.roll_degrees - roll)) == pytest.approx(1)
    assert facing.pixels(FLAT) == pytest.approx(np.array(placed(FLAT, width, roll, (x, y))), abs=1e-6 * (width + 1000))
    assert facing.yaw_degrees == pytest.approx(0, abs=0.01)
    assert facing.points == pytest.approx(FLAT)


@pytest.mark.parametrize("roll", [pytest.param(roll, id=f"roll{roll}") for roll in (0, 30, 90, 180, -135)])
@pytest.mark.parametrize("yaw", [pytest.param(yaw, id=f"yaw{yaw}") for yaw in (-45, -20, 0, 5, 35)])
def test_the_nose_tells_the_yaw(yaw: float, roll: float) -> None:
    """A solid face that is turned by an angle, seen from far away, says that angle in any roll."""
    turn = math.radians(yaw)
    seen = np.column_stack([SOLID[:, 0] * math.cos(turn) + SOLID[:, 2] * math.sin(turn), SOLID[:, 1]])
    facing = Facing.of(Target(box(100, (80, 90)), landmarks=placed(seen, 100, roll, (80, 90))))
    assert facing.yaw_degrees == pytest.approx(yaw, abs=1)


@pytest.mark.parametrize(
    "landmarks",
    [
        pytest.param(None, id="none"),
        pytest.param(((20.0, 20.0),) * 5, id="all-in-one-place"),
        pytest.param(placed(FLAT, 500, 90, (20, 20)), id="much-larger-than-the-box"),
        pytest.param(placed(FLAT, 4, 90, (20, 20)), id="much-smaller"),
    ],
)
def test_points_that_the_box_contradicts_are_not_believed(landmarks: Landmarks | None) -> None:
    """Then the face counts as upright and fills its box."""
    facing = Facing.of(Target(box(20, (20, 20)), landmarks=landmarks))
    assert (facing.width_px, facing.roll_degrees, facing.yaw_degrees) == (20, 0, 0)
    assert facing.pixels(np.zeros((1, 2))).tolist() == [[20, 20]]


def test_a_point_that_is_far_off_is_held_near_its_place() -> None:
    """A corner of the mouth that is told beside an ear counts as no further off than any that was seen."""
    told = np.array([*FLAT[:3], FLAT[3] + (0.6, 0), FLAT[4]])
    facing = Facing.of(Target(box(100, (80, 90)), landmarks=placed(told, 100, 0, (80, 90))))
    away = np.abs(facing.points - FLAT)
    assert away.max() == pytest.approx(STRAY)
    assert away.argmax() == 6


@pytest.mark.parametrize("yaw", [-30, 0, 30])
def test_the_outline_stays_behind_as_the_head_turns(yaw: float) -> None:
    """Its middle goes the other way than the nose, and by less."""
    facing = Facing(np.eye(2, 3), float(yaw))
    assert facing.outline_x == -facing.outline_x or facing.outline_x * yaw < 0
    assert abs(facing.outline_x) < 0.15


def test_a_box_without_extent_has_a_face_of_a_pixel() -> None:
    """Nothing is divided by zero."""
    facing = Facing.of(Target((3, 3, 3, 3)))
    assert facing.width_px == 1
    assert np.isfinite(facing.coordinates((5, 6))).all()


@given(width=st.floats(4, 300), roll=st.floats(-179, 180))
def test_coordinates_undo_pixels(width: float, roll: float) -> None:
    """The coordinates of a pixel's centre lie there again."""
    facing = Facing.of(Target(box(width, (9, 7)), landmarks=placed(FLAT, width, roll, (9, 7))))
    there = facing.pixels(facing.coordinates((11, 13)).reshape(-1, 2)).reshape(11, 13, 2)
    rows, columns = np.mgrid[0:11, 0:13] + 0.5
    assert there == pytest.approx(np.stack([columns, rows], 2), abs=1e-6)


@given(width=st.floats(8, 2000), roll=st.floats(-179, 180), x=st.floats(-500, 500), y=st.floats(-500, 500))
@settings(deadline=None)
def test_by_its_box_a_face_is_turned_by_its_points_and_nothing_else(
    width: float, roll: float, x: float, y: float
) -> None:
    """Points that lie askew in the box tell the roll; place and size are those of the box."""
    assume(abs(abs(math.cos(math.radians(2 * roll))) - 0.5) > 1e-6)  # there a region begins to guess the face's aspect
    askew = placed(FLAT * 0.9 + [0.1, 0.05], width, roll, (x, y))
    facing = Facing.by_box(Target(box(width, (x, y)), landmarks=askew))
    assert math.cos(math.radians(facing.roll_degrees - roll)) == pytest.approx(1)
    assert facing.pixels(np.zeros((1, 2)))[0] == pytest.approx((x, y), abs=1e-6 * (width + 1000))
    in_place = Target(box(width, (x, y)), landmarks=placed(FLAT, width, roll, (x, y)))
    assert facing.width_px == pytest.approx(Facing.by_box(in_place).width_px)
    assert facing.yaw_degrees == 0


@pytest.mark.parametrize("roll", [pytest.param(roll, id=f"roll{roll}") for roll in (0, 45, 90, -170)])
def test_by_the_box_of_a_turned_face_its_own_size_comes_back(roll: int) -> None:
    """A face that is turned has a box of another shape, and is no larger for it."""
    turn, wide, high = math.radians(roll), 0.5, HALF_HEIGHT
    half_w = 100 * math.hypot(wide * math.cos(turn), high * math.sin(turn))
    half_h = 100 * math.hypot(wide * math.sin(turn), high * math.cos(turn))
    edges = (200 - half_w, 200 - half_h, 200 + half_w, 200 + half_h)
    target = Target(edges, landmarks=placed(FLAT, 100, roll, (200, 200)))
    assert Facing.by_box(target).width_px == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize(("roll", "seen"), [(-10, 0), (11, 0), (20, 20), (97, 90), (-175, 180)])
def test_a_face_that_is_nearly_upright_counts_as_that_where_asked(roll: int, seen: int) -> None:
    """As for its region."""
    target = Target(box(50, (40, 40)), landmarks=placed(FLAT, 50, roll, (40, 40)))
    snapped, plain = (Facing.by_box(target, snap=snap).roll_degrees for snap in (True, False))
    assert math.cos(math.radians(snapped - seen)) == pytest.approx(1)
    assert math.cos(math.radians(plain - roll)) == pytest.approx(1)
