"""Boxes: half-open, never beyond the picture, never short of a pixel that a face covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import Boxes

SIDE = st.integers(1, 500)
NUMBER = st.floats(-600, 600, width=32)


@st.composite
def some_boxes(draw: st.DrawFn, most: int = 6) -> Boxes:
    """Draw boxes with ordered corners; sides may be zero, corners may lie outside of a picture."""
    rows = draw(st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), max_size=most))
    drawn = np.array(rows, np.float32).reshape(-1, 4)
    return np.concatenate([np.minimum(drawn[:, :2], drawn[:, 2:]), np.maximum(drawn[:, :2], drawn[:, 2:])], axis=1)


def test_no_boxes_are_a_valid_input_everywhere() -> None:
    """Pictures without a face go through every function."""
    none = boxes.empty()
    assert (none.shape, none.dtype) == ((0, 4), np.float32)
    assert boxes.clip(none, (5, 5)).shape == (0, 4)
    assert boxes.area(none).shape == (0,)
    assert boxes.iou(none, none).shape == (0, 0)
    assert boxes.nms(none, np.zeros(0, np.float32), 0.5).shape == (0,)


@given(some_boxes(), SIDE, SIDE)
def test_a_clipped_box_lies_in_the_picture(drawn: Boxes, width: int, height: int) -> None:
    """Up to the width itself, not to the width minus one; clipping twice is clipping once."""
    clipped = boxes.clip(drawn, (width, height))
    assert (clipped >= 0).all()
    assert (clipped[:, [0, 2]] <= width).all()
    assert (clipped[:, [1, 3]] <= height).all()
    assert (boxes.clip(clipped, (width, height)) == clipped).all()


def test_a_box_over_the_whole_picture_keeps_its_last_pixel() -> None:
    """The last row and column of an edge face are not left clear."""
    whole = np.array([[-5, -5, 99, 99]], np.float32)
    assert boxes.clip(whole, (10, 4)).tolist() == [[0, 0, 10, 4]]
    assert boxes.outward(whole[0], (10, 4)) == (0, 0, 10, 4)


@given(some_boxes(1), SIDE, SIDE)
def test_rounding_outward_covers_every_touched_pixel(drawn: Boxes, width: int, height: int) -> None:
    """Whatever part of the box is in the picture is in the whole-pixel box, and no whole pixel more."""
    for box in drawn:
        x0, y0, x1, y1 = boxes.outward(box, (width, height))
        assert 0 <= x0 <= x1 <= width
        assert 0 <= y0 <= y1 <= height
        c0, r0, c1, r1 = boxes.clip(box[None], (width, height))[0].astype(float)
        assert (x0 <= c0 < x0 + 1, y0 <= r0 < y0 + 1) == (True, True)
        assert (x1 - 1 < c1 <= x1, y1 - 1 < r1 <= y1) == (True, True)


@given(some_boxes(), some_boxes())
def test_overlap_is_a_share_and_symmetric(a: Boxes, b: Boxes) -> None:
    """Between 0 and 1, the same both ways, and 1 for a box with itself unless it is empty."""
    found = boxes.iou(a, b)
    assert found.shape == (len(a), len(b))
    assert ((found >= 0) & (found <= 1.0001)).all()
    assert np.allclose(found, boxes.iou(b, a).T)
    large = boxes.area(a) > 1e-3
    assert np.allclose(np.diag(boxes.iou(a, a))[large], 1, atol=1e-4)


@given(some_boxes(), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.3, 0.7]))
def test_suppression_keeps_the_best_and_nothing_that_overlaps_it(drawn: Boxes, random: object, most: float) -> None:
    """What is kept overlaps nothing kept by more than allowed; what is dropped overlaps something better."""
    scores = np.array([random.random() for _ in drawn], np.float32)  # type: ignore[attr-defined]  # hypothesis' Random
    kept = boxes.nms(drawn, scores, most)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    overlap = boxes.iou(drawn, drawn)
    for place, index in enumerate(kept):
        assert (overlap[index, kept[:place]] <= most).all()
    for index in set(range(len(drawn))) - set(kept.tolist()):
        better = [k for k in kept if scores[k] >= scores[index]]
        assert (overlap[index, better] > most).any()


def test_equal_scores_are_decided_by_their_order() -> None:
    """The same input gives the same boxes, whatever sorts them."""
    same = np.array([[0, 0, 4, 4]] * 3, np.float32)
    assert boxes.nms(same, np.full(3, 0.5, np.float32), 0.3).tolist() == [0]


@given(some_boxes(1), st.floats(1, 3))
def test_a_grown_box_holds_the_box_and_keeps_its_centre(drawn: Boxes, ratio: float) -> None:
    """Both sides are scaled about the centre."""
    for box in drawn:
        grown = boxes.grow(box, ratio)
        assert np.allclose(grown[:2] + grown[2:], box[:2] + box[2:], atol=1e-2)
        assert np.allclose(grown[2:] - grown[:2], (box[2:] - box[:2]) * ratio, atol=1e-2)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param([2, 2, 2, 9], 0, id="no-width"),
        pytest.param([9, 2, 2, 9], 0, id="turned-round"),
        pytest.param([0, 0, 3, 2], 6, id="plain"),
    ],
)
def test_the_area_of_what_is_no_box_is_zero(box: list[float], expected: float) -> None:
    """An empty or turned box covers nothing."""
    assert boxes.area(np.array([box], np.float32)).tolist() == [expected]
