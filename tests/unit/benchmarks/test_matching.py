"""Which faces count as found, and which boxes as false."""

import numpy as np
import pytest

from anonymizer_udfs import boxes
from benchmarks.recalls.matching import match


def rows(*given: tuple[float, float, float, float]) -> boxes.Boxes:
    """Return boxes."""
    return np.array(given, np.float32).reshape(-1, 4)


FACE = (0, 0, 10, 10)


@pytest.mark.parametrize(
    ("truth", "given", "found", "false"),
    [
        (rows(), rows(), [], 0),
        (rows(), rows(FACE), [], 1),
        (rows(FACE), rows(), [False], 0),
        (rows(FACE), rows(FACE, FACE), [True], 1),
        (rows(FACE), rows((0, 0, 10, 4)), [True], 0),
        (rows(FACE), rows((0, 0, 10, 3.9)), [False], 1),
        (rows(FACE, (20, 0, 30, 10)), rows((20, 0, 30, 10), FACE), [True, True], 0),
    ],
    ids=["nothing", "no face", "no box", "two boxes on one face", "just enough", "not enough", "in any order"],
)
def test_boxes_and_faces(truth: boxes.Boxes, given: boxes.Boxes, found: list[bool], false: int) -> None:
    """One box finds one face, from an IoU of 0.4 on; every other box is false."""
    verdict = match(truth, given)
    assert (verdict.found.tolist(), verdict.false) == (found, false)


def test_the_best_pair_comes_first() -> None:
    """A box that would do for both goes to the face that it fits best, and the other face gets the other box."""
    verdict = match(rows((0, 0, 10, 10), (4, 0, 14, 10)), rows((3, 0, 13, 10), (0, 0, 9, 10)))
    assert verdict.found.tolist() == [True, True]
    assert match(rows((0, 0, 10, 10), (4, 0, 14, 10)), rows((3, 0, 13, 10))).found.tolist() == [False, True]


def test_what_is_ignored_counts_neither_way() -> None:
    """A box in an ignored region is not false, one beside it is; a face is still found by a box in such a region."""
    crowd = rows((50, 50, 90, 90))
    assert match(rows(), rows((55, 55, 65, 65)), crowd).false == 0
    assert match(rows(), rows((80, 80, 110, 110)), crowd).false == 1
    assert match(rows((55, 55, 65, 65)), rows((55, 55, 65, 65)), crowd).found.tolist() == [True]


def test_the_overlap_is_a_setting() -> None:
    """A stricter overlap finds fewer faces."""
    assert match(rows(FACE), rows((0, 0, 10, 6)), min_iou=0.5).found.all()
    assert not match(rows(FACE), rows((0, 0, 10, 6)), min_iou=0.7).found.any()
