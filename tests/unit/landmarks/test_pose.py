"""The pose read off points, on a face that was turned by known angles."""

import itertools

import numpy as np
import pytest

from anonymizer_udfs.landmarks.pose import MEAN_FACE, RIGID, Pose, fit, pose
from anonymizer_udfs.landmarks.schemes import MIRRORED, Points
from tests.unit.landmarks.drawn import face, seen, turn

FACE = face(gap=0.1)
TURNS = list(itertools.product((-70, -25, 0, 40), (-35, 0, 20), (-120, 0, 15, 179)))


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return the rotation of a head that nods up, turns to the picture's right and rolls clockwise, in that order."""
    return np.asarray(turn("z", roll) @ turn("y", -yaw) @ turn("x", -pitch))


@pytest.mark.parametrize(
    "points",
    [
        Points.none("68"),
        Points.none("106"),
        Points(np.full((68, 2), 7, np.float32), "68"),
        Points(np.full((68, 2), np.inf, np.float32), "68"),
    ],
    ids=["nobody", "nobody of 106", "all in one place", "endless"],
)
def test_what_is_not_known_has_no_pose(points: Points) -> None:
    """Without points that span anything there are no angles."""
    found = pose(points)
    assert np.isnan([found.yaw, found.pitch, found.roll]).all()


@pytest.mark.parametrize("scheme", ["68", "106"])
def test_known_angles_come_back(scheme: str) -> None:
    """A head turned by any yaw, pitch and roll is read as turned so, to a hundredth of a degree, in both schemes."""
    for yaw, pitch, roll in TURNS:
        found = pose(seen(FACE, turned(yaw, pitch, roll), scheme=scheme))
        assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=0.01)


def test_signs_are_those_of_the_picture() -> None:
    """To the right moves the nose to the right, up moves it up, clockwise lowers the right eye; each has its angle."""
    front = seen(FACE, np.eye(3)).as_68
    assert seen(FACE, turned(20, 0, 0)).as_68[30, 0] > front[30, 0]
    assert seen(FACE, turned(0, 20, 0)).as_68[30, 1] < front[30, 1]
    assert seen(FACE, turned(0, 0, 20)).as_68[45, 1] > front[45, 1]


def test_a_turned_picture_changes_the_roll_alone() -> None:
    """The same picture turned by a quarter has a roll 90 degrees further, and yaw and pitch as before."""
    points = seen(FACE, turned(-30, 15, 10))
    quarter = np.stack([1000 - points.xy[:, 1], points.xy[:, 0]], 1)
    before, after = pose(points), pose(Points(quarter, "68"))
    assert (after.yaw, after.pitch, after.roll) == pytest.approx((before.yaw, before.pitch, before.roll + 90), abs=0.01)


def test_a_mirrored_picture_changes_signs() -> None:
    """In a mirror a head looks the other way and leans the other way, and nods as it does."""
    points = seen(FACE, turned(-30, 15, 10))
    mirrored = (points.xy * (-1, 1))[list(MIRRORED)].astype(np.float32)
    before, after = pose(points), pose(Points(mirrored, "68"))
    assert (after.yaw, after.pitch, after.roll) == pytest.approx((-before.yaw, before.pitch, -before.roll), abs=0.01)


def test_lids_lips_and_brows_do_not_matter() -> None:
    """Only what is rigid counts: a face that blinks, shouts and frowns has the pose that it had."""
    points = seen(FACE, turned(25, -10, 5))
    other = points.xy + np.random.default_rng(0).normal(0, 30, points.xy.shape).astype(np.float32)
    other[list(RIGID)] = points.xy[list(RIGID)]
    assert pose(Points(other, "68")) == pose(points)


def test_noise_of_points_moves_it_little() -> None:
    """With errors of 2% of the eyes' distance, more than dlib's points wander, an angle is off by 1.6 degrees or so."""
    draw, off = np.random.default_rng(1), []
    for yaw, pitch, roll in TURNS:
        clean = seen(FACE, turned(yaw, pitch, roll), scale=100)
        noisy = Points(clean.xy + draw.normal(0, 2, clean.xy.shape).astype(np.float32), "68")
        a, b = pose(clean), pose(noisy)
        off.append([a.yaw - b.yaw, a.pitch - b.pitch, (a.roll - b.roll + 180) % 360 - 180])
    deviation = np.abs(off)
    assert deviation.max() < 10
    assert np.sqrt((deviation**2).mean(0)).max() < 2.5


def test_points_that_are_no_face_give_some_pose_or_none() -> None:
    """Noise is fitted like anything else: the angles are within their ranges, and nothing fails."""
    for seed in range(200):
        xy = np.random.default_rng(seed).normal(0, 50, (68, 2)).astype(np.float32)
        found = pose(Points(xy, "68"))
        if not np.isnan(found.yaw):
            assert abs(found.yaw) <= 90
            assert max(abs(found.pitch), abs(found.roll)) <= 180


def test_the_fit_is_the_nearest() -> None:
    """Where no turn fits exactly, none near the one found, at any scale near its own, fits better."""
    draw = np.random.default_rng(2)
    model = np.array(MEAN_FACE)
    seen_xy = (50 * model @ turned(20, 10, -30).T)[:, :2] + draw.normal(0, 4, (15, 2))

    def error(rotation: np.ndarray, scale: float) -> float:
        off = seen_xy - seen_xy.mean(0) - scale * ((model - model.mean(0)) @ rotation.T)[:, :2]
        return float((off**2).sum())

    rotation, scale = fit(model, seen_xy)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    best = error(rotation, scale)
    for axis, degrees, factor in itertools.product("xyz", (-1, -0.05, 0.05, 1), (0.99, 1, 1.01)):
        assert error(turn(axis, degrees) @ rotation, factor * scale) > best


def test_the_mean_face_is_symmetric() -> None:
    """Left and right of the model mirror each other, so that a face seen from the front has a yaw of 0."""
    model = dict(zip(RIGID, MEAN_FACE, strict=True))
    for point, (x, y, z) in model.items():
        assert model[MIRRORED[point]] == (-x, y, z)
    assert pose(seen(FACE, np.eye(3))) == Pose(*(pytest.approx(0, abs=1e-3) for _ in range(3)))
