"""Light from one side, and colours that go over into each other."""

import math

import numpy as np
import pytest

from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.light import REACH, across, blend, shade
from tests.unit.methods.cases import FACE_BOX, FACE_HW, drawn_points


@pytest.mark.parametrize("roll", [0, 30, 90, -135])
def test_across_is_the_first_of_the_faces_coordinates(roll: int) -> None:
    """In any turn."""
    facing = Facing.of(Target(FACE_BOX, landmarks=drawn_points(roll)))
    assert across(facing, FACE_HW) == pytest.approx(facing.coordinates(FACE_HW)[..., 0], abs=1e-5)


def test_colours_go_over_smoothly() -> None:
    """From one to the other without a step or a turning back, and the same beyond on both sides."""
    side = np.linspace(-2, 2, 401, dtype=np.float32)[None]
    made = blend((0.2, 0.9), (0.6, 0.1), side, 1.0)
    assert made[:, 0, 0] == pytest.approx([0.2, 0.9])
    assert made[:, 0, -1] == pytest.approx([0.6, 0.1])
    assert (np.diff(made[0, 0]) >= -1e-6).all()
    assert (np.diff(made[1, 0]) <= 1e-6).all()
    assert np.abs(np.diff(made, axis=2)).max() < 0.02


@pytest.mark.parametrize("slope", [-0.8, 0.4])
def test_light_grows_to_one_side_where_it_falls(slope: float) -> None:
    """By its slope for each width of the box, up to the head's edge, and not where nothing is covered."""
    planes = np.full((3, 1, 5), 0.5, np.float32)
    side = np.array([[-0.2, 0.0, 0.3, 9.0, 0.3]], np.float32)
    shade(planes, side, slope, np.array([[1, 1, 1, 1, 0]], np.float32))
    wanted = [0.5 * (1 + slope * x) for x in (-0.2, 0.0, 0.3, REACH, 0.0)]
    assert planes[:, 0] == pytest.approx(np.array([wanted] * 3))


def test_without_light_from_a_side_nothing_changes() -> None:
    """No pixel, not even by rounding."""
    planes = np.full((1, 3, 3), math.pi / 4, np.float32)
    before = planes.copy()
    shade(planes, np.ones((3, 3), np.float32), 0.0, np.ones((3, 3), np.float32))
    assert np.array_equal(planes, before)
