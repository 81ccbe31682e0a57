"""Where a pasted face is: its true box is measured on the pixels that it changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.recalls import heads
from tests.unit.benchmarks.drawn import bare_head

HEAD = bare_head()


def extent(canvas: NDArray[np.uint8], level: int = 128) -> list[float]:
    """Return the box around all pixels brighter than a level, half-open."""
    y, x = np.nonzero(canvas[..., 0] >= level)
    return [float(x.min()), float(y.min()), float(x.max()) + 1, float(y.max()) + 1]


@pytest.mark.parametrize("roll", [0, 15, 45, 90, 135, 180, 270, 345])
@pytest.mark.parametrize("height", [24, 64, 156, 300])
def test_the_true_box_is_around_the_face(height: float, roll: float) -> None:
    """White pixels of a pasted ellipse end within 1.5 pixels of the box returned, at any size and angle."""
    canvas = np.zeros((500, 600, 3), np.uint8)
    box = heads.paste(canvas, HEAD, (290.3, 241.8), height, roll)
    np.testing.assert_allclose(extent(canvas), box, atol=1.5)


@given(x=st.floats(80, 220), y=st.floats(80, 220), height=st.floats(8, 120), roll=st.floats(0, 359))
@settings(deadline=None, max_examples=40)
def test_the_centre_is_met_to_half_a_pixel(x: float, y: float, height: float, roll: float) -> None:
    """The middle of the true box is where the face was asked to be, but for whole pixels."""
    box = heads.paste(np.zeros((300, 300, 3), np.uint8), HEAD, (x, y), height, roll)
    centre = (box[:2] + box[2:]) / 2
    assert np.abs(centre - (x, y)).max() <= 0.501


@given(height=st.floats(8, 400))
@settings(deadline=None, max_examples=40)
def test_an_upright_face_has_the_height_asked_for(height: float) -> None:
    """The height is what was asked, but for the layer's whole pixels, of which a face takes half."""
    box = heads.paste(np.zeros((60, 60, 3), np.uint8), HEAD, (30, 30), height, 0)
    assert box[3] - box[1] == pytest.approx(height, abs=0.3)


def test_a_quarter_turn_swaps_the_sides() -> None:
    """At 90 degrees the box is as wide as the face is high."""
    upright = heads.paste(np.zeros((9, 9, 3), np.uint8), HEAD, (4, 4), 100, 0)
    turned = heads.paste(np.zeros((9, 9, 3), np.uint8), HEAD, (4, 4), 100, 90)
    np.testing.assert_allclose((turned[2:] - turned[:2])[::-1], upright[2:] - upright[:2], atol=1)


def test_rolls_are_clockwise() -> None:
    """A mark at the top of the head is on its right when it is rolled by 90 degrees."""
    rgb = HEAD.rgb.copy()
    rgb[: rgb.shape[0] // 2, :, 1:] = 0
    canvas = np.zeros((300, 300, 3), np.uint8)
    heads.paste(canvas, HEAD.with_rgb(rgb), (150, 150), 100, 90)
    red = (canvas[..., 0] > 128) & (canvas[..., 1] < 64)
    white = canvas[..., 1] > 128
    assert np.nonzero(red)[1].mean() > np.nonzero(white)[1].mean() + 20


@pytest.mark.parametrize("centre", [(-10, 40), (110, 40), (50, -10), (50, 90), (-500, -500)], ids=str)
def test_a_head_over_the_border_is_cut(centre: tuple[float, float]) -> None:
    """What is outside of the picture is not drawn, and the box is not clipped: that is the scene's part."""
    canvas = np.zeros((80, 100, 3), np.uint8)
    box = heads.paste(canvas, HEAD, centre, 60, 30)
    assert (box[0] < 0) or (box[1] < 0) or (box[2] > 100) or (box[3] > 80)
    assert canvas.any() == (centre[0] > -100)


def test_nothing_outside_of_the_head_changes() -> None:
    """Pixels farther from the face than its layer keep their values."""
    canvas = np.full((200, 200, 3), 77, np.uint8)
    heads.paste(canvas, HEAD, (100, 100), 40, 0)
    outside = np.ones((200, 200), np.bool_)
    outside[58:142, 66:134] = False
    assert (canvas[outside] == 77).all()
    assert (canvas[~outside] != 77).any()
