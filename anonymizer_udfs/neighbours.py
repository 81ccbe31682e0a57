"""Frames of an animation watch over one another: who is seen in one is treated in those beside it, too.

A face that a detector finds in nine of ten frames is not hidden by nine regions. Runs on an executor; plain values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from anonymizer_udfs import boxes
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.records import Look

REACH = 2
"""So many frames before and after: a face that is missed in four frames in a row is still treated in all of them."""
SAME_IOU = 0.3
"""A box that overlaps one by this much is taken for the same face: what it leaves out its region's margin covers."""


@dataclass(frozen=True, eq=False)
class Found:
    """A finding, which look found it, and in which frame, from 0."""

    finding: Finding
    look: Look
    frame: int = 0


def spread(found: Sequence[Found], frames: int) -> list[list[Found]]:
    """Return what is treated in each frame: what was found there, and what was found beside it and not there.

    Args:
        found: in any order.
        frames: how many there are, at least 1.

    Returns:
        One list for each frame: findings in the order given, then those of neighbours, the nearest first.
    """
    out: list[list[Found]] = [[one for one in found if one.frame == i] for i in range(frames)]
    own = [list(one) for one in out]
    for away in range(1, REACH + 1):
        for here in range(frames):
            for there in (here - away, here + away):
                for one in own[there] if 0 <= there < frames else ():
                    if not any(same(one.finding, other.finding) for other in out[here]):
                        out[here].append(Found(one.finding, Look.NEIGHBOUR, here))
    return out


def same(one: Finding, other: Finding) -> bool:
    """Return whether two findings in pictures of one size are taken for one face or plate."""
    return one.kind == other.kind and float(boxes.iou(one.box[None], other.box[None])[0, 0]) >= SAME_IOU
