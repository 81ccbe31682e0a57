"""What moves under a warp, how far, and what does not."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.methods import Target, Warp
from anonymizer_udfs.methods.facing import HALF_HEIGHT, POINTS, Facing
from anonymizer_udfs.methods.warp import EYES_APART, RING, WAYS, _sources
from tests.unit.methods.cases import FACE_BOX, face, rng

WIDTH = 120
MARKS = np.array([*POINTS[:2], POINTS[2], *POINTS[3:], [0.0, 0.36]])
"""The five points and the middle of the mouth, below the line of its corners."""


def seen(roll: float = 0.0, width: float = WIDTH, yaw: float = 0.0) -> tuple[Target, np.ndarray]:
    """Return a face in the middle of a patch four times as wide, and the 2x3 matrix from its coordinates to it."""
    turn = math.radians(roll)
    matrix = width * np.array([[math.cos(turn), -math.sin(turn), 2], [math.sin(turn), math.cos(turn), 2]])
    points = np.array(POINTS) * (math.cos(math.radians(yaw)), 1)
    there = points @ matrix[:, :2].T + matrix[:, 2]
    x, y, half = 2 * width, 2 * width, width / 2
    box = (x - half, y - 2 * HALF_HEIGHT * half, x + half, y + 2 * HALF_HEIGHT * half)
    return Target(box, landmarks=tuple(map(tuple, there.tolist()))), matrix


@functools.cache
def found(method: Warp, seed: int, roll: float = 0.0, width: float = WIDTH) -> np.ndarray:
    """Return where dots drawn at ``MARKS`` are after a warp, in the face's coordinates."""
    target, matrix = seen(roll, width)
    out = []
    for mark in MARKS:
        at = matrix[:, :2] @ mark + matrix[:, 2]
        y, x = np.mgrid[: round(4 * width), : round(4 * width)] + 0.5
        dot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * (width / 60) ** 2))
        after = method.apply(np.rint(dot * 255).astype(np.uint8)[..., None], target, rng(seed))[..., 0].astype(float)
        # Each pixel shows what lies half a pixel further.
        centre = np.array([(after * x).sum(), (after * y).sum()]) / after.sum() + 0.5
        out.append(np.linalg.solve(matrix[:, :2], centre - matrix[:, 2]))
    return np.array(out)


@pytest.mark.parametrize("seed", range(4))
def test_sides_move_as_mirror_images(seed: int) -> None:
    """Both eyes and both corners of the mouth are as far from the middle as each other, and the nose stays on it."""
    at = found(Warp(0.2), seed)
    mirrored = at[[1, 0, 2, 4, 3, 5]] * (-1, 1)
    assert at == pytest.approx(mirrored, abs=0.004)


@pytest.mark.parametrize("seed", range(10))
def test_the_mouth_keeps_its_curve(seed: int) -> None:
    """How far its middle lies below its corners stays the same share of its width, to three tenths."""
    curves = [(at[5, 1] - at[3:5, 1].mean()) / np.ptp(at[3:5, 0]) for at in (MARKS, found(Warp(), seed))]
    assert curves[1] == pytest.approx(curves[0], rel=0.3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("amplitude", [0.05, 0.15, 0.25])
def test_eyes_move_by_the_amplitude(seed: int, amplitude: float) -> None:
    """Across by at least half of what is asked, in either direction, and by no more than all of it."""
    across = np.abs(found(Warp(amplitude), seed)[:2, 0] - MARKS[:2, 0]) / EYES_APART
    assert across.min() >= 0.4 * amplitude
    assert across.max() <= 1.1 * amplitude


def test_keys_move_other_ways() -> None:
    """Of some keys, some bring the eyes together and some apart."""
    apart = [np.ptp(found(Warp(0.1), seed)[:2, 0]) - EYES_APART for seed in range(8)]
    assert min(apart) < 0 < max(apart)


@pytest.mark.parametrize(("roll", "width"), [(0, 60), (30, 120), (90, 200), (-135, 90), (180, 120)])
def test_a_face_of_any_size_and_roll_is_warped_alike(roll: float, width: float) -> None:
    """In the face's own coordinates everything moves as it does in an upright one."""
    assert found(Warp(0.2), 5, roll, width) == pytest.approx(found(Warp(0.2), 5), abs=0.006)


@pytest.mark.parametrize("roll", [0, 40])
def test_pose_stays(roll: float) -> None:
    """What the five points tell of roll and yaw is what it was, to a degree or two."""
    target, matrix = seen(roll)
    there = found(Warp(0.2), 6, roll)[:5] @ matrix[:, :2].T + matrix[:, 2]
    after = Facing.of(Target(target.box_xyxy, landmarks=tuple(map(tuple, there.tolist()))))
    assert after.roll_degrees == pytest.approx(roll, abs=1)
    assert after.yaw_degrees == pytest.approx(0, abs=2)


@given(
    seed=st.integers(0, 99),
    roll=st.floats(-179, 180),
    stray=st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=5, max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_nothing_folds(seed: int, roll: float, stray: list[tuple[float, float]]) -> None:
    """However oddly the points lie, and even if they fall together, no piece of the picture is turned inside out."""
    target, matrix = seen(roll, 100)
    points = (np.array(POINTS) + stray) @ matrix[:, :2].T + matrix[:, 2]
    odd = Target(target.box_xyxy, landmarks=tuple(map(tuple, points.tolist())))
    amounts = rng(seed).choice([-1.0, 1.0], WAYS) * 0.25 * EYES_APART
    from_where = _sources((400, 400), Facing.of(odd), amounts).astype(np.float64)
    ax, ay = np.diff(from_where, axis=1)[:-1].transpose(2, 0, 1)
    bx, by = np.diff(from_where, axis=0)[:, :-1].transpose(2, 0, 1)
    assert (ax * by - ay * bx).min() > 0


@pytest.mark.parametrize("roll", [0, 40])
@pytest.mark.parametrize("margin", [pytest.param(0, id="the-box"), pytest.param(24, id="1.4-boxes")])
def test_there_is_no_seam(roll: float, margin: int) -> None:
    """On the patch's edge each pixel is what lies half a pixel beside it, however far features move."""
    target, _ = seen(roll)
    x0, y0, x1, y1 = (round(v) for v in target.box_xyxy)
    corner = np.array([x0 - margin, y0 - margin])
    points = np.array(target.landmarks) - corner
    box = (margin, margin, margin + x1 - x0, margin + y1 - y0)
    shape = (y1 - y0 + 2 * margin, x1 - x0 + 2 * margin)
    facing = Facing.of(Target(box, landmarks=tuple(map(tuple, points.tolist()))))
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    moved = _sources(shape, facing, np.full(WAYS, 0.25 * EYES_APART)) - np.stack([columns, rows], 2)
    for edge in (moved[0], moved[-1], moved[:, 0], moved[:, -1]):
        assert edge == pytest.approx(0, abs=0.01)
    assert np.abs(moved).max() > 0.05 * WIDTH


@pytest.mark.parametrize("roll", [0, 40, 170])
def test_nothing_moves_beyond_the_head(roll: float) -> None:
    """Outside of an ellipse that is turned with the face everything stays, and within it features move."""
    target, _ = seen(roll)
    facing = Facing.of(target)
    pixels = np.stack(np.meshgrid(np.arange(480), np.arange(480)), 2)
    moved = _sources((480, 480), facing, np.full(WAYS, 0.25 * EYES_APART)) - pixels
    away = np.hypot(*(facing.coordinates((480, 480)) / RING).transpose(2, 0, 1))
    assert moved[away > 1.25] == pytest.approx(0.5, abs=0.01)
    assert np.abs(moved[away < 0.8] - 0.5).max() > 0.1 * WIDTH


def test_a_box_without_extent_is_no_way_around_it() -> None:
    """Then the patch counts as the face, and its features move."""
    for box in ((0, 0, 0, 0), (50, 50, 50, 50)):
        after = Warp(0.25).apply(face(), Target(box), rng())
        assert np.abs(after.astype(int) - face()).mean() > 5
    assert np.array_equal(after, Warp(0.25).apply(face(), Target((0, 0, 200, 200)), rng()))


def test_sixteen_bits_give_away_no_more_than_eight() -> None:
    """What a level of 256 is rounded from does not matter."""
    wide = face().astype(np.uint16) * 257
    finer = np.clip(wide.astype(int) + np.random.default_rng(1).integers(-100, 101, wide.shape), 0, 65535)
    target = Target(FACE_BOX)
    expected = Warp().apply(face(), target, rng()).astype(np.uint16) * 257
    for patch in (wide, finer.astype(np.uint16)):
        assert np.array_equal(Warp().apply(patch, target, rng()), expected)


@pytest.mark.parametrize("shape", [pytest.param((3, 40_000, 1), id="wide"), pytest.param((40_000, 2, 3), id="high")])
def test_a_patch_longer_than_opencv_samples_is_warped_in_blocks(shape: tuple[int, int, int]) -> None:
    """Along a wave each pixel is what lies half a pixel beside it, across the seams of blocks as well."""
    long = int(np.argmax(shape[:2]))
    along = np.arange(shape[long]).reshape((-1, 1, 1) if long == 0 else (1, -1, 1))
    patch = np.broadcast_to(np.rint(127 + 100 * np.sin(along / 50)), shape).astype(np.uint8)
    after = Warp().apply(patch, Target((-50, -50, -40, -40)), rng())
    assert np.abs(after - (127 + 100 * np.sin((along + 0.5) / 50))).max() <= 1.5
