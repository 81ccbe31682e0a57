"""Where eyes look, on faces drawn to look there."""

import cv2
import numpy as np
import pytest

from anonymizer_udfs.landmarks.gaze import gaze
from anonymizer_udfs.landmarks.schemes import LEFT_EYE, MIRRORED, RIGHT_EYE, Points
from tests.unit.landmarks.drawn import Floats, face, seen, turn

Rgb = np.ndarray


def looking(
    aside: tuple[float, float],
    roll: float = 0.0,
    scale: float = 60,
    iris: int = 40,
    eyes: tuple[float, float] = (0.35, 0.35),
) -> tuple[Rgb, Points]:
    """Return a picture of 422x300 and the points of a face in it, whose irises lie aside of the eyes' middles.

    Args:
        aside: of the left and the right eye, in widths of the eye, along the line between its corners.
        roll: how far it is turned in the picture, in degrees.
        scale: pixels between the eyes.
        iris: its level; the white has 220 and the skin 150.
        eyes: height by width of each.
    """
    points = seen(face(eyes), turn("z", roll), scale)
    rgb = np.full((300, 422, 3), 150, np.uint8)
    for part, share in ((LEFT_EYE, aside[0]), (RIGHT_EYE, aside[1])):
        lids = points.as_68[part]
        _fill(rgb, lids, 220)
        along = lids[3] - lids[0]
        middle = (lids[0] + lids[3]) / 2 + share * along
        across = 0.16 * np.hypot(*along) * np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, 2 * np.pi, 48)])
        _fill(rgb, middle + across, iris)
    return rgb, points


def _fill(rgb: Rgb, polygon: Floats, level: int) -> None:
    """Fill a polygon, its corners in 64ths of a pixel, in place."""
    cv2.fillPoly(rgb, [np.rint((polygon - 0.5) * 64).astype(np.int32)], (level,) * 3, shift=6, lineType=cv2.LINE_AA)


@pytest.mark.parametrize("scale", [60, 100])
@pytest.mark.parametrize("roll", [0, 20, -35, 90, 180])
@pytest.mark.parametrize("aside", [-0.2, -0.1, 0.0, 0.15])
def test_the_irises_are_found_where_they_were_drawn(aside: float, roll: float, scale: float) -> None:
    """At any roll and size, in widths of an eye along it: a tenth aside is told from a fifth."""
    assert gaze(*looking((aside, aside), roll, scale)) == pytest.approx(aside, abs=0.035)


def test_of_two_eyes_the_mean_counts() -> None:
    """Eyes that look apart cancel out; one that is shut leaves the other one's word."""
    assert gaze(*looking((-0.2, 0.2))) == pytest.approx(0, abs=0.035)
    assert gaze(*looking((-0.2, 0.2), eyes=(0.05, 0.35))) == pytest.approx(0.2, abs=0.035)


def test_a_mirror_turns_it_round() -> None:
    """What looks to the left looks to the right there, as far."""
    rgb, points = looking((0.15, 0.15), roll=10)
    flipped = (points.xy * (-1, 1) + (rgb.shape[1], 0))[list(MIRRORED)].astype(np.float32)
    back = gaze(np.ascontiguousarray(rgb[:, ::-1]), Points(flipped, "68"))
    assert back == pytest.approx(-gaze(rgb, points), abs=0.01)


def test_where_nothing_is_an_iris_nothing_is_said() -> None:
    """Eyes that are shut, or of one level, or beyond the picture, or nobody's, give no figure."""
    rgb, points = looking((0, 0))
    assert np.isnan(gaze(*looking((0, 0), eyes=(0.05, 0.05))))
    assert np.isnan(gaze(np.full_like(rgb, 90), points))
    assert np.isnan(gaze(*looking((0, 0), iris=215)))
    assert np.isnan(gaze(rgb, Points(points.xy + 1000, "68")))
    assert np.isnan(gaze(rgb, Points.none("68")))
    assert np.isnan(gaze(rgb, Points(np.ones((68, 2), np.float32), "68")))
