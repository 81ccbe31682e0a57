"""Heads on the canvas: aligned by size, roll and place, at any of them."""

import math

import cv2
import numpy as np
import pytest

from anonymizer_udfs.grouping.heads import head
from anonymizer_udfs.methods.facing import POINTS
from anonymizer_udfs.methods.surrogate import placed as on_patch
from tests.unit.methods.test_k_same import canvas as drawn

BOX_WH = np.array([100.0, 132.0])


def photo(
    roll: float, scale: float, size: int = 700
) -> tuple[np.ndarray, tuple[float, float, float, float], np.ndarray]:
    """Return a picture that shows a drawn canvas as a head, turned and scaled, with the face's box and points."""
    width, middle = BOX_WH[0] * scale, (size / 2 + 11, size / 2 - 7)
    matrix = on_patch(middle, width, roll)
    rgb = cv2.warpAffine(drawn(), matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    angle = math.radians(roll)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = np.array(POINTS) @ turn.T * width + middle
    half = BOX_WH / 2 * scale
    box = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    return rgb, box, points


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("roll", [0.0, 30.0, -75.0, 180.0])
def test_a_head_lies_on_the_canvas_as_a_surrogate_is_put_on_a_face(roll: float, scale: float) -> None:
    """What ``k_same`` puts there is what is taken from there, but for resampling."""
    rgb, box, points = photo(roll, scale)
    found = head(rgb, box, tuple((x, y) for x, y in points.tolist()))
    assert found is not None
    off = np.abs(found.astype(int) - drawn().astype(int))[64:-64, 64:-64]
    assert off.mean() < 2
    assert off.max() < 16


def test_a_face_without_points_has_no_head() -> None:
    """Nothing tells how it is turned."""
    assert head(np.zeros((50, 50, 3), np.uint8), (10, 10, 30, 36), None) is None


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(tuple((x + 9000.0, y) for x, y in (np.array(POINTS) * 100).tolist()), id="outside"),
        pytest.param(tuple((x, y) for x, y in (np.array(POINTS) * 1e7).tolist()), id="as-large-as-nothing"),
    ],
)
def test_a_face_that_is_not_in_the_picture_has_no_head(points: tuple[tuple[float, float], ...]) -> None:
    """It cannot be aligned, and no memory is taken for it."""
    side = abs(points[1][0] - points[0][0]) / 0.474
    x, y = np.mean(points, 0)
    box = (x - side / 2, y - side * 0.66, x + side / 2, y + side * 0.66)
    assert head(np.zeros((50, 50, 3), np.uint8), tuple(map(float, box)), points) is None


def test_beyond_the_picture_its_edge_goes_on() -> None:
    """A head at the edge is not averaged with black."""
    rgb = np.full((60, 60, 3), 200, np.uint8)
    points = tuple((x + 5, y + 5) for x, y in (np.array(POINTS) * 40).tolist())
    found = head(rgb, (-15.0, -21.4, 25.0, 31.4), points)
    assert found is not None
    assert (found == 200).all()
