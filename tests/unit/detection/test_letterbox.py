"""Pictures on a canvas, and boxes on their way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.detection.letterbox import Placement, batches

SIDE = st.integers(1, 900)


def test_no_placements_make_no_batches() -> None:
    """Nothing to place gives no group."""
    assert list(batches([], 4)) == []


def test_batches_share_a_canvas() -> None:
    """Canvases of one size go together, no more than the limit, each once."""
    canvases = [(64, 64), (32, 64), (64, 64), (64, 64)]
    placed = [Placement.of((10, 10), canvas) for canvas in canvases]
    assert list(batches(placed, 2)) == [[0, 2], [3], [1]]


def test_what_fits_is_not_touched() -> None:
    """A picture that fits keeps its pixels at the top left; the rest is the grey asked for."""
    image = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    canvas = Placement.of(image.shape, (4, 8)).draw(image, 114)
    np.testing.assert_array_equal(canvas[:3, :5], image)
    assert (canvas[3:] == 114).all()
    assert (canvas[:, 5:] == 114).all()


def test_a_thin_line_survives_shrinking() -> None:
    """A line of one pixel in a picture four times too large leaves a quarter of itself: no pixel is skipped."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[30] = 255
    assert Placement.of(image.shape, (16, 16)).draw(image, 0).max() == pytest.approx(255 / 4, abs=1)


@given(SIDE, SIDE, SIDE, SIDE)
def test_the_whole_picture_comes_back_whole(h: int, w: int, canvas_h: int, canvas_w: int) -> None:
    """The part of the canvas that the picture covers is the whole picture, at any size of both, and never larger."""
    placed = Placement.of((h, w), (canvas_h, canvas_w))
    scaled_w, scaled_h = placed.scaled_wh
    assert 1 <= scaled_w <= min(w, canvas_w)
    assert 1 <= scaled_h <= min(h, canvas_h)
    covered = np.array([[0, 0, scaled_w, scaled_h]], np.float32)
    np.testing.assert_allclose(placed.back(covered), [[0, 0, w, h]], rtol=1e-6)


def test_found_is_clipped_merged_and_without_landmarks() -> None:
    """Boxes are clipped to the picture, the weaker of two on one place and one beside the picture are dropped."""
    xyxy = np.array([[-5, 2, 10, 8], [0, 2, 10, 8], [41, 0, 60, 9]], np.float32)
    found = Placement.of((20, 80), (64, 40)).found(xyxy, np.array([0.5, 0.9, 0.7], np.float32), 0.45)
    assert found.boxes_xyxy.tolist() == [[0, 4, 20, 16]]
    assert found.scores.tolist() == pytest.approx([0.9])
    assert np.isnan(found.landmarks).all()
