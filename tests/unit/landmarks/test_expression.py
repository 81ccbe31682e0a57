"""How far eyes and mouth are open and how wide the mouth is, on faces drawn to be so."""

from collections.abc import Callable

import numpy as np
import pytest

from anonymizer_udfs.landmarks.expression import eye_aspect_ratios, mouth_openness, mouth_width
from anonymizer_udfs.landmarks.schemes import Points
from tests.unit.landmarks.drawn import face, seen, turn

Measure = Callable[[Points], float]
MEASURES = [
    pytest.param(lambda points: eye_aspect_ratios(points)[0], id="left eye"),
    pytest.param(lambda points: eye_aspect_ratios(points)[1], id="right eye"),
    pytest.param(mouth_openness, id="openness"),
    pytest.param(mouth_width, id="width"),
]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "points", [Points.none("68"), Points.none("106"), Points(np.ones((68, 2), np.float32), "68")],
    ids=["nobody", "nobody of 106", "all in one place"],
)  # fmt: skip
def test_what_is_not_known_is_not_measured(measure: Measure, points: Points) -> None:
    """Without points, or without a length to compare with, there is no figure, and no warning."""
    with np.errstate(all="raise"):
        assert np.isnan(measure(points))


@pytest.mark.parametrize("scheme", ["68", "106"])
@pytest.mark.parametrize(
    ("eyes", "gap", "width"), [((0.3, 0.3), 0, 0.8), ((0.05, 0.4), 0.3, 1.1), ((0, 0), 0.02, 0.5)], ids=str
)
def test_each_measures_what_was_drawn(scheme: str, eyes: tuple[float, float], gap: float, width: float) -> None:
    """Each eye has its own ratio, and gap and width of the mouth are in distances between the eyes, in both schemes."""
    points = seen(face(eyes, gap, width), np.eye(3), scheme=scheme)
    apart = np.linalg.norm(points.as_68[36:42].mean(0) - points.as_68[42:48].mean(0)) / 60
    np.testing.assert_allclose(eye_aspect_ratios(points), eyes, atol=1e-4)
    assert mouth_openness(points) == pytest.approx(gap / apart, abs=1e-4)
    assert mouth_width(points) == pytest.approx(width / apart, abs=1e-4)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(("roll", "scale"), [(0, 5), (37, 60), (180, 900)], ids=str)
def test_size_and_roll_change_nothing(measure: Measure, roll: float, scale: float) -> None:
    """A face has the same figures near and far, upright and turned."""
    drawn = face((0.2, 0.35), 0.25, 1.05)
    assert measure(seen(drawn, turn("z", roll), scale)) == pytest.approx(measure(seen(drawn, np.eye(3))), rel=1e-3)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("yaw", [-25, 25])
def test_a_turned_head_changes_them_little(measure: Measure, yaw: float) -> None:
    """At a yaw of 25 degrees, where a tenth of a width is hidden, no figure is off by more than a fifth."""
    drawn = face((0.3, 0.3), 0.25, 1.05)
    frontal, turned = measure(seen(drawn, np.eye(3))), measure(seen(drawn, turn("y", yaw)))
    assert turned == pytest.approx(frontal, rel=0.2)
