"""Fusion: from what many passes saw to one region a face."""

import numpy as np
import pytest

from anonymizer_udfs.detection import fusion
from anonymizer_udfs.detection.fusion import FUSIONS, Union, WeightedBoxes, groups
from anonymizer_udfs.errors import SpecError, UnknownNameError

TWO = np.array([[10, 10, 30, 34], [12, 8, 32, 34]], np.float32)
SCORES = np.array([0.9, 0.3], np.float32)


@pytest.mark.parametrize("name", sorted(FUSIONS))
def test_one_box_stays_what_it_is(name: str) -> None:
    """A face that one pass saw has that pass's box."""
    assert fusion.build(name).box(TWO[:1], SCORES[:1]).tolist() == TWO[0].tolist()


def test_no_candidates_make_no_groups() -> None:
    """Nothing seen, nothing found."""
    assert groups(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.4) == []


def test_a_union_holds_every_box_that_counts() -> None:
    """Nothing that any sure pass saw stays outside; what is much weaker than the best does not enlarge the box."""
    assert Union(weakest_ratio=0).box(TWO, SCORES).tolist() == [10, 8, 32, 34]
    assert Union(weakest_ratio=0.5).box(TWO, SCORES).tolist() == TWO[0].tolist()


def test_weighted_boxes_lean_to_the_surer_pass() -> None:
    """The mean weighted by 0.9 and 0.3."""
    assert WeightedBoxes(weakest_ratio=0).box(TWO, SCORES).tolist() == pytest.approx([10.5, 9.5, 30.5, 34])


def test_a_part_of_a_face_does_not_move_its_mean() -> None:
    """What a tile saw of a large face lies within it: it is the same face, and its box stays where it is."""
    boxes = np.array([[0, 0, 100, 120], [0, 60, 40, 120]], np.float32)
    assert WeightedBoxes().box(boxes, np.array([0.9, 0.8], np.float32)).tolist() == [0, 0, 100, 120]


def test_neighbours_stay_apart_and_parts_are_joined() -> None:
    """Faces side by side are two groups; a box within another one is a part of that face."""
    boxes = np.array([[0, 0, 20, 20], [15, 0, 35, 20], [2, 2, 9, 9]], np.float32)
    found = groups(boxes, np.array([0.9, 0.8, 0.5], np.float32), 0.4)
    assert [group.tolist() for group in found] == [[0, 2], [1]]


def test_a_doubtful_large_box_swallows_no_face() -> None:
    """A box around a body is seen at 0.7, a face within it at 0.5: both stay, for a nearer look."""
    boxes = np.array([[0, 0, 200, 200], [20, 20, 50, 58], [21, 22, 50, 58]], np.float32)
    found = groups(boxes, np.array([0.7, 0.5, 0.4], np.float32), 0.3)
    assert [group.tolist() for group in found] == [[0], [1, 2]]


def test_groups_do_not_depend_on_the_order_of_passes() -> None:
    """The same candidates in another order make the same groups."""
    rng = np.random.default_rng(5)
    corner = rng.integers(0, 300, (60, 2))
    boxes = np.concatenate([corner, corner + rng.integers(10, 60, (60, 2))], 1).astype(np.float32)
    scores = rng.permutation(60).astype(np.float32) / 60
    order = rng.permutation(60)
    first = {frozenset(group.tolist()) for group in groups(boxes, scores, 0.3)}
    second = {frozenset(order[group].tolist()) for group in groups(boxes[order], scores[order], 0.3)}
    assert first == second


@pytest.mark.parametrize("wrong", [0, -1, 1.5])
@pytest.mark.parametrize("name", sorted(FUSIONS))
def test_an_overlap_out_of_range_is_refused(name: str, wrong: float) -> None:
    """Overlaps are in (0, 1]."""
    with pytest.raises(SpecError, match="min_iou"):
        fusion.build({"name": name, "min_iou": wrong})


def test_unknown_fusions_are_answered_with_the_known_ones() -> None:
    """A misspelt name says what there is."""
    with pytest.raises(UnknownNameError, match="known: union, wbf"):
        fusion.build("nms")
