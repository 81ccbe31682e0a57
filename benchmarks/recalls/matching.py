"""Which true faces were found, and which boxes are false.

A face is found if a box overlaps its true box by an IoU of at least 0.4, one box for one face, best overlaps first. Not
0.5, as in benchmarks of object detection: detectors draw foreheads, chins and rolled or cut faces each in its own way
(CenterFace and YuNet on 101 clean photos: an IoU of 0.89 in the median, 0.81 at worst), the box of a face seen in a
turned picture is the box around a turned box, and at 8 pixels half a pixel on each side is already an IoU of 0.77. Not
less, since what is hidden is a region around the box that was found: it has to be about this face.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes

MIN_IOU = 0.4
IGNORED_SHARE = 0.5
"""A box that lies so far within something ignored is neither right nor wrong."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was right and wrong in one picture.

    Attributes:
        found: bool ``(n,)``, for each true face.
        false: number of boxes that match no face.
    """

    found: NDArray[np.bool_]
    false: int


def match(
    truth: boxes.Boxes, given: boxes.Boxes, ignored: boxes.Boxes | None = None, min_iou: float = MIN_IOU
) -> Verdict:
    """Return the verdict on the boxes of one picture.

    Args:
        truth: true faces, ``(n, 4)``.
        given: boxes found, ``(m, 4)``.
        ignored: regions that count neither as missed nor as false, ``(k, 4)``.
        min_iou: least overlap of a pair, in (0, 1].

    Examples:
        >>> one = np.array([[0, 0, 10, 10]], np.float32)
        >>> verdict = match(one, np.array([[0, 0, 10, 8], [0, 0, 8, 10], [50, 50, 60, 60]], np.float32))
        >>> verdict.found.tolist(), verdict.false
        ([True], 2)
    """
    overlap = boxes.iou(truth, given)
    found = np.zeros(len(truth), np.bool_)
    used = np.zeros(len(given), np.bool_)
    rows, columns = np.nonzero(overlap >= min_iou)
    for i in np.argsort(-overlap[rows, columns], kind="stable").tolist():
        if not found[rows[i]] and not used[columns[i]]:
            found[rows[i]] = used[columns[i]] = True
    rest = given[~used]
    if ignored is not None and len(ignored) and len(rest):
        rest = rest[_share_within(rest, ignored).max(1) < IGNORED_SHARE]
    return Verdict(found, len(rest))


def _share_within(given: boxes.Boxes, regions: boxes.Boxes) -> NDArray[np.float32]:
    low = np.maximum(given[:, None, :2], regions[None, :, :2])
    high = np.minimum(given[:, None, 2:], regions[None, :, 2:])
    both = np.maximum(high - low, 0).prod(2)
    return np.asarray(both / np.maximum(boxes.area(given), 1e-9)[:, None], np.float32)
