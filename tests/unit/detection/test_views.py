"""Views: what a detector is shown, and the way back to the picture's pixels."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.detection.plans import Pass
from anonymizer_udfs.detection.views import View, scale_for, tiles

VIEWS = [
    View((0, 0, 90, 60), (90, 60), turns=turns, mirrored=mirrored, margin_px=margin)
    for turns, mirrored, margin in itertools.product(range(4), (False, True), (0, 17))
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: f"{v.turns} turns, mirrored {v.mirrored}, margin {v.margin_px}")
def test_what_is_seen_at_a_point_is_what_lies_where_it_goes_back_to(view: View) -> None:
    """A bright pixel is found again at its place in the picture, however it was turned, mirrored and padded."""
    image = np.zeros((60, 90, 3), np.uint8)
    image[7, 71] = 255
    shown = view.render(image)
    assert shown.shape[1::-1] == view.size_wh
    y, x = np.argwhere(shown[..., 0] == 255)[0]
    centre = np.array([[x + 0.5, y + 0.5]], np.float32)
    assert view.back(centre)[0].tolist() == [71.5, 7.5]


def test_a_part_that_is_scaled_goes_back_to_its_place() -> None:
    """A crop that is doubled keeps its corners."""
    view = View((10, 20, 40, 60), (60, 80))
    corners = view.back(np.array([[0, 0], [60, 80]], np.float32))
    assert corners.tolist() == [[10, 20], [40, 60]]


def test_mirrored_landmarks_change_sides() -> None:
    """The left eye of a mirrored view is the right eye of the picture."""
    view = View((0, 0, 100, 100), (100, 100), mirrored=True)
    marks = np.array([[[70, 30], [90, 30], [80, 50], [72, 70], [88, 70]]], np.float32)
    found = view.found(Detections(np.array([[60, 20, 99, 80]], np.float32), np.ones(1, np.float32), marks), (100, 100))
    assert found.boxes_xyxy.tolist() == [[1, 20, 40, 80]]
    assert found.landmarks[0].tolist() == [[10, 30], [30, 30], [20, 50], [12, 70], [28, 70]]


def test_nothing_goes_back_as_nothing() -> None:
    """No detections keep their shapes."""
    assert len(View((0, 0, 9, 9), (9, 9), turns=1).found(Detections.none(), (9, 9))) == 0


def test_a_face_cut_by_a_tile_is_left_to_the_neighbour() -> None:
    """A small box at an inner side is dropped, one at the picture's border or larger than the shared part is kept."""
    view = View((0, 0, 100, 100), (100, 100), inner=(False, False, True, False), shared_px=30)
    boxes = np.array([[80, 10, 100, 30], [0, 10, 20, 30], [50, 10, 100, 60]], np.float32)
    found = view.found(Detections(boxes, np.ones(3, np.float32), np.full((3, 5, 2), np.nan, np.float32)), (200, 100))
    assert found.boxes_xyxy.tolist() == boxes[1:].tolist()


def test_a_dark_picture_gains_contrast() -> None:
    """Equalizing spreads dark levels, and keeps the shape."""
    dark = np.random.default_rng(3).integers(0, 12, (64, 64, 3), dtype=np.uint8)
    shown = View((0, 0, 64, 64), (64, 64), equalized=True).render(dark)
    assert shown.shape == dark.shape
    assert shown.std() > 2 * dark.std()


@given(length=st.integers(1, 40_000), tile=st.integers(64, 4096), ratio=st.floats(0, 0.5))
def test_tiles_cover_everything_and_share_enough(length: int, tile: int, ratio: float) -> None:
    """Tiles begin at 0, end at the end, are no larger than asked for, and neighbours share what they should."""
    overlap = int(ratio * tile)
    pieces = list(tiles(length, tile, overlap))
    assert pieces[0][0] == 0
    assert pieces[-1][1] == length
    assert all(0 < end - start <= tile for start, end in pieces)
    assert all(before[1] - after[0] >= overlap - 1 for before, after in itertools.pairwise(pieces))


@given(w=st.integers(1, 30_000), h=st.integers(1, 30_000), low=st.integers(32, 900), more=st.integers(0, 900))
def test_views_are_bounded_whatever_the_picture(w: int, h: int, low: int, more: int) -> None:
    """No view of any picture is larger than a tile, and none is empty."""
    one = Pass("p", (low, low + more), enlarge_max=2.0, tile_px=1280)
    for view in itertools.islice(one.views((w, h)), 50):
        assert min(view.size_wh) >= 1
        assert max(view.size_wh) <= 1280 + 8


def test_a_panorama_is_cut_and_not_shrunk_to_a_thread() -> None:
    """A picture 30,000 pixels wide is shown at the scale of its height, in tiles."""
    assert scale_for((30_000, 2_000), (640, 1280), 1.0) == pytest.approx(0.32)
    views = list(Pass("p", (640, 1280)).views((30_000, 2_000)))
    assert len(views) == 10
    assert all(view.scaled_wh[1] == 640 for view in views)
