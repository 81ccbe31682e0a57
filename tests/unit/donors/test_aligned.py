"""Donors of photos: a face is brought onto the canvas, whatever its size and roll, and unfit ones are left out."""

import math

import cv2
import numpy as np
import pytest

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.aligned import donor, unfit
from anonymizer_udfs.donors.faces import bundled
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.methods.seen import Seen

SIDE = 400


def seen(*, yaw: float = 0.0, roll: float = 0.0, eyes_px: float = 80.0) -> Seen:
    """Return how a face lies in a picture."""
    y, r = math.radians(yaw), math.radians(roll)
    turn = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    rolled = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return Seen(rolled @ turn, eyes_px, np.array([SIDE / 2, SIDE / 2]), shape.NEUTRAL[:5])


def points(at: Seen, face: np.ndarray = shape.NEUTRAL) -> Points:
    """Return the points of a face that lies so."""
    return Points(at.placed(face, shape.DEPTH).astype(np.float32), "68")


@pytest.mark.parametrize(("roll", "eyes_px"), [(0.0, 96.0), (30.0, 80.0), (-120.0, 60.0), (180.0, 110.0)])
def test_a_canvas_that_lies_in_a_photo_comes_back(roll: float, eyes_px: float) -> None:
    """Size and roll are taken out: what is found on the canvas is what was put into the photo."""
    canvas, at = bundled().canvases[8], seen(roll=roll, eyes_px=eyes_px)
    move = np.column_stack([at.scale * at.flat / shape.EYE_PX, at.placed(np.array([shape.CORNER]), np.zeros(1))[0]])
    photo = cv2.warpAffine(canvas, move, (SIDE, SIDE), flags=cv2.INTER_AREA)
    flat = np.float32(at.scale * shape.CANVAS @ at.flat.T + at.shift)
    made, own = donor(np.asarray(photo, np.uint8), Points(flat, "68"))
    middle = np.s_[60:260, 50:210]
    assert np.abs(made[middle].astype(int) - canvas[middle]).mean() < 6
    assert own[36:48] == pytest.approx(shape.NEUTRAL[36:48], abs=0.12)


def test_own_proportions_are_kept_and_the_expression_is_not() -> None:
    """A broad jaw stays; eyes that are narrowed and lips that are apart do not."""
    face = shape.NEUTRAL.copy()
    face[:17, 0] *= 1.1
    face[[65, 66, 67], 1] += 0.06
    photo = np.full((SIDE, SIDE, 3), 120, np.uint8)
    _, own = donor(photo, points(seen(), face))
    assert own[:17, 0] == pytest.approx(face[:17, 0], abs=0.03)
    gap = (own[[65, 66, 67], 1] - own[[63, 62, 61], 1]).mean()
    assert gap < 0.03


@pytest.mark.parametrize(
    ("told", "why"),
    [
        pytest.param(points(seen()), None, id="fit"),
        pytest.param(points(seen(roll=90.0)), None, id="rolled"),
        pytest.param(points(seen(yaw=20.0)), "turned", id="turned"),
        pytest.param(points(seen(eyes_px=30.0)), "small", id="small"),
        pytest.param(Points.none("68"), "small", id="none"),
    ],
)
def test_a_face_that_is_no_donors_is_told(told: Points, why: str | None) -> None:
    """The first reason is given, and none for a face that serves."""
    assert unfit(told) == why


def test_eyes_that_are_shut_and_a_mouth_that_is_open_are_told() -> None:
    """What the canvas has open or closed must be so in the photo."""
    shut, talking = shape.NEUTRAL.copy(), shape.NEUTRAL.copy()
    shut[36:42, 1] = shut[36:42, 1].mean()
    talking[[65, 66, 67], 1] += 0.15
    assert unfit(points(seen(), shut)) == "eyes shut"
    assert unfit(points(seen(), talking)) == "mouth open"


def test_points_of_no_face_are_an_error() -> None:
    """Nothing is made of what cannot be seen from the front."""
    with pytest.raises(SpecError, match="from the front"):
        donor(np.zeros((9, 9, 3), np.uint8), Points.none("68"))
