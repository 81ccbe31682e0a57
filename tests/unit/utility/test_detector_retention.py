"""Which faces count as found again."""

import numpy as np
import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.utility import DetectorRetention, Figure, Pair
from anonymizer_udfs.utility.detector_retention import retained

NONE = np.zeros((0, 4), np.float32)
ONE = np.array([[0, 0, 10, 10]], np.float32)
TWO = np.array([[0, 0, 10, 10], [30, 30, 40, 40]], np.float32)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        pytest.param(NONE, NONE, 0, id="nothing"),
        pytest.param(NONE, ONE, 0, id="a-face-out-of-nowhere"),
        pytest.param(ONE, NONE, 0, id="lost"),
        pytest.param(TWO, TWO[::-1], 2, id="other-order"),
        pytest.param(ONE, ONE + 20, 0, id="elsewhere"),
        pytest.param(ONE, np.array([[0, 0, 10, 5]], np.float32), 1, id="half-is-enough"),
        pytest.param(ONE, np.array([[0, 0, 10, 4]], np.float32), 0, id="less-is-not"),
        pytest.param(np.repeat(ONE, 2, 0), ONE, 1, id="one-box-for-two-faces"),
        pytest.param(ONE, np.repeat(ONE, 2, 0), 1, id="two-boxes-for-one-face"),
    ],
)
def test_retained(before: np.ndarray, after: np.ndarray, kept: int) -> None:
    """Each face needs a box of its own that overlaps it by half."""
    assert retained(before, after).sum() == kept


def test_the_face_that_was_kept_is_told() -> None:
    """The answer is one for each face before, in their order."""
    assert retained(TWO, TWO[1:]).tolist() == [False, True]


def test_the_share_is_of_faces_found_before() -> None:
    """One of two is a half, and its weight is two faces."""
    picture = np.zeros((50, 50, 3), np.uint8)
    figures = DetectorRetention().measure(Pair(picture, picture, np.zeros((0, 4), np.int64), TWO, ONE))
    assert figures == {"detector_retention": Figure(0.5, 2)}


@pytest.mark.parametrize("min_iou", [pytest.param(0, id="zero"), pytest.param(1.1, id="above-one")])
def test_overlap_out_of_range(min_iou: float) -> None:
    """An overlap that every box, or none, would pass is refused."""
    with pytest.raises(SpecError, match="min_iou"):
        DetectorRetention(min_iou)
