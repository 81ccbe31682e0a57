"""Shapes that are drawn: how much of each pixel they cover, at any place and size."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.drawing import curve, oval, pair, stamp

SIDES = (60, 80)


def whole(polygon: np.ndarray, soft_px: float = 0.0, sides: tuple[int, int] = SIDES) -> np.ndarray:
    """Return how a shape covers a canvas, all of it."""
    out = np.zeros(sides, np.float32)
    over = stamp(polygon, sides, soft_px)
    out[over.rows, over.columns] = over.cover
    return out


@given(x=st.floats(15, 65), y=st.floats(15, 45), a=st.floats(0.5, 12), b=st.floats(0.5, 12), roll=st.floats(0, 3))
@settings(deadline=None)
def test_an_ellipse_covers_its_area_about_its_centre(x: float, y: float, a: float, b: float, roll: float) -> None:
    """To the eighth of a pixel along its edge that OpenCV adds, whatever its place between the pixels."""
    turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    cover = whole(oval((0, 0), (a, b)) @ turn.T + [x, y])
    around = math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))  # Ramanujan 1914
    assert -0.1 <= cover.sum() - math.pi * a * b <= 0.2 * around + 0.3
    rows, columns = np.mgrid[: SIDES[0], : SIDES[1]] + 0.5
    assert (cover * columns).sum() / cover.sum() == pytest.approx(x, abs=0.35)
    assert (cover * rows).sum() / cover.sum() == pytest.approx(y, abs=0.35)


def test_an_edge_within_a_pixel_is_shown_by_how_much_it_covers() -> None:
    """A quarter of a pixel more is a quarter more of the last pixel."""
    last = [whole(np.array([[2, 2], [end, 2], [end, 9], [2, 9]]))[5, 6] for end in (6.0, 6.25, 6.5)]
    assert np.diff(last) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("soft_px", [0.0, 0.7, 1.5, 3.0, 6.0])
def test_what_a_canvas_shows_of_a_shape_is_part_of_the_whole(soft_px: float) -> None:
    """A shape over the edge is drawn as it would be on a larger canvas; only the blur ends at the edge."""
    shape = oval((4, 50), (30, 25))
    margin = 48
    large = whole(shape + margin, soft_px, (SIDES[0] + 2 * margin, SIDES[1] + 2 * margin))
    inner = large[margin : margin + SIDES[0], margin : margin + SIDES[1]]
    away = math.ceil(4 * soft_px)
    seen = slice(away, SIDES[0] - away), slice(away, SIDES[1] - away)
    differing = np.abs(whole(shape, soft_px) - inner)[seen]
    assert differing.max() <= 0.2  # of a pixel, where the shape's upper end is cut off
    assert differing.mean() <= (0.01 if soft_px > 2 else 0.002)


@pytest.mark.parametrize("shift", [(-500, 0), (0, 500), (1e7, 1e7), (-1e300, 5)])
def test_a_shape_elsewhere_covers_nothing(shift: tuple[float, float]) -> None:
    """However far away."""
    over = stamp(oval((10, 10), (5, 5)) + shift, SIDES)
    assert over.cover.size == 0
    canvas = np.ones((3, *SIDES), np.float32)
    over.onto(canvas, (0, 0, 0))
    assert (canvas == 1).all()


@pytest.mark.parametrize("soft_px", [0.5, 1.5, 2.5, 6.0])
def test_a_soft_edge_is_a_gaussian_one(soft_px: float) -> None:
    """As a blur of the sharp shape has it, nearly, also where it is drawn on coarser pixels."""
    shape = np.array([[30.0, -200.0], [300.0, -200.0], [300.0, 300.0], [30.0, 300.0]])
    edge = whole(shape, soft_px)[30]
    wanted = [(1 + math.erf((x + 0.5 - 30) / soft_px / math.sqrt(2))) / 2 for x in range(60)]
    assert edge[:60] == pytest.approx(wanted, abs=0.06)


def test_large_shapes_have_smooth_edges_too() -> None:
    """Half of the samples are enough, none is not."""
    large = whole(oval((700, 700), (600, 600)), sides=(1400, 1400))
    assert {0.25, 0.5, 0.75} <= set(np.round(np.unique(large), 2).tolist()[1:-1])
    assert large.sum() == pytest.approx(math.pi * 600**2, rel=0.003)


def test_a_colour_is_laid_over_by_cover() -> None:
    """Nothing where nothing is covered, all where all is, and the mean at half; each plane has a value of its own."""
    canvas = np.full((2, *SIDES), 0.5, np.float32)
    shape = np.array([[10.0, 10.0], [20.5, 10.0], [20.5, 20.0], [10.0, 20.0]])
    stamp(shape, SIDES).onto(canvas, (1.0, 0.0))
    assert canvas[:, 15, 15].tolist() == [1.0, 0.0]
    assert canvas[:, 30, 30].tolist() == [0.5, 0.5]
    assert 0.5 < canvas[0, 15, 20] < 1
    assert canvas[:, 15, 20].sum() == pytest.approx(1)


def test_shapes_are_drawn_at_once() -> None:
    """A shape and its mirror image cover what each of them does."""
    one = oval((9, 20), (5, 6))
    both, shift = pair(one), np.array([40, 5])
    assert np.array_equal(both[1], one * [-1, 1])
    assert np.array_equal(whole(both + shift), whole(one + shift) + whole(both[1] + shift))
    assert pair(np.ones((4, 3)))[1].tolist() == [[-1, 1, 1]] * 4


def test_a_curve_goes_through_its_points_smoothly() -> None:
    """Points on a circle give nearly a circle, closed and without corners."""
    turn = np.arange(8) * math.pi / 4
    corners = np.stack([np.cos(turn), np.sin(turn)], 1)
    made = curve(corners)
    assert np.isin(corners.round(9), made.round(9)).all()
    assert np.hypot(*made.T) == pytest.approx(1, abs=0.02)
    steps = np.diff(made, axis=0, append=made[:1])
    turns = np.abs(np.angle((steps[:, 0] + 1j * steps[:, 1]) / np.roll(steps[:, 0] + 1j * steps[:, 1], 1)))
    assert turns.max() < 0.3


def test_an_oval_holds_its_ellipse() -> None:
    """Its sides touch the ellipse and cut nothing off."""
    shape = oval((10, 20), (4, 7), 12).astype(np.float32)
    for turn in np.linspace(0, 2 * math.pi, 100):
        place = 10 + 3.999 * math.cos(turn), 20 + 6.999 * math.sin(turn)
        assert cv2.pointPolygonTest(shape, place, measureDist=False) > 0
