"""Whether a canary was caught: held back with its image, or hidden in what may be released. Pure; runs on executors.

The rule is strict, and asks twice. Of the face's ellipse 90% must lie in what was treated as a face or a plate, found
again from the record as the job itself makes it: a region beside the eyes hides nobody. And in the file to be released
at least half of the ellipse's pixels must be other ones than before: a region that was never drawn hides nobody either.
The job's own second look is milder (half of a box): its boxes come from a look at treated faces, these are the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.regions import region
from anonymizer_udfs.treatment import cover

LEAST_COVERED = 0.9
LEAST_CHANGED = 0.5
SAME_IOU = 0.3
"""A face that the job found is the canary's where their boxes overlap by this much."""
CORNERS = ("x0", "y0", "x1", "y1")

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Verdict(StrEnum):
    """What became of a canary."""

    HELD_BACK = "held_back"
    """Its image is in review or quarantined: no release takes it. It counts as caught."""
    HIDDEN = "hidden"
    """Its face is under a region, and the pixels are other ones."""
    UNCOVERED = "uncovered"
    """No region covers its face: missed."""
    UNCHANGED = "unchanged"
    """A region covers its face, and the pixels are the source's: missed."""
    ABSENT = "absent"
    """The job has no row for its image, or the row's file shows something else: nothing proves that it was caught."""

    @property
    def caught(self) -> bool:
        """Whether nobody who reads a release sees it."""
        return self in {Verdict.HELD_BACK, Verdict.HIDDEN}


@dataclass(frozen=True)
class Judged:
    """What became of one canary.

    Attributes:
        verdict: whether it was caught, and how.
        covered, changed: shares of its face's ellipse; none where its image is held back or absent.
        face: which of the row's faces is the canary's, from 0; none if none is.
        confidence: of that face.
    """

    verdict: Verdict
    covered: float | None = None
    changed: float | None = None
    face: int | None = None
    confidence: float | None = None


def ellipse(box: Floats, shape_hw: tuple[int, int]) -> Mask:
    """Return which pixels of a picture are in the ellipse within a box, ``(h, w)``.

    Examples:
        >>> ellipse(np.array([0, 0, 3, 3], np.float32), (3, 4)).astype(int).tolist()
        [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]]
        >>> int(ellipse(np.array([0, 0, 8, 8], np.float32), (8, 8)).sum())
        52
    """
    centre, half = (box[:2] + box[2:]) / 2, np.maximum((box[2:] - box[:2]) / 2, 1e-6)
    u = (np.arange(shape_hw[1], dtype=np.float32) + 0.5 - centre[0]) / half[0]
    v = (np.arange(shape_hw[0], dtype=np.float32) + 0.5 - centre[1]) / half[1]
    return np.asarray(u[None, :] ** 2 + v[:, None] ** 2 < 1)


def treated(faces: Sequence[Mapping[str, Any]], policy: Policy, shape_hw: tuple[int, int]) -> Mask:
    """Return which pixels a row's regions cover, ``(h, w)``, as the job drew them from box, roll and policy.

    What was treated around a face, by a milder method, is no cover, and neither are the whole cells to which a region
    may have been grown: there is less here than was treated, never more.
    """
    h, w = shape_hw
    found = []
    for one in faces:
        box = np.array([one["box"][name] for name in CORNERS], np.float32)
        found.append(region(box, policy.rule(one["kind"]).region_ratio, one["roll_degrees"], (w, h)))
    return cover(found, shape_hw)


def moved(box: Floats, source: Picture, came: Picture, *, mirrored: bool) -> Floats:
    """Return where a box of the source's stored pixels is after steps that changed the picture's size or its sides."""
    old, new = np.array(source.size_wh, np.float32), np.array(came.size_wh, np.float32)
    out = (box.reshape(2, 2) * (new / old)).astype(np.float32)
    if mirrored:
        axis = 1 if orientation.swapped(came.orientation) else 0
        out[:, axis] = np.sort(new[axis] - out[:, axis])
    return out.reshape(4)


def judged(
    row: Mapping[str, Any] | None, box: Floats, source: Picture | None, came: Picture | None, policy: Policy | None
) -> Judged:
    """Return what became of a canary.

    Args:
        row: of ``images``: ``status``, ``steps`` and ``faces``; none where the job wrote none.
        box: of the canary's face in the stored pixels of its image.
        source: the image as it was given to the job; none where it cannot be read.
        came: what the row's file shows; none where it cannot be read, or the image is held back.
        policy: by which the row was treated; none if nobody knows it.
    """
    if row is None:
        return Judged(Verdict.ABSENT)
    if row["status"] not in {Status.ANONYMIZED.value, Status.CLEAN.value}:
        face, sure = _nearest(row["faces"], box)
        return Judged(Verdict.HELD_BACK, face=face, confidence=sure)
    if source is None or came is None or policy is None:
        return Judged(Verdict.ABSENT)
    steps = [str(step).split("(")[0] for step in row["steps"] or ()]
    there = moved(box, source, came, mirrored=sum(step.startswith("mirror") for step in steps) % 2 == 1)
    shape = came.pixels.shape[0], came.pixels.shape[1]
    inside = ellipse(there, shape)
    face, sure = _nearest(row["faces"], there)
    if not inside.any():
        return Judged(Verdict.ABSENT, face=face, confidence=sure)
    covered = float(treated(row["faces"], policy, shape)[inside].mean())
    changed = _changed(source, came, inside)
    verdict = Verdict.HIDDEN
    if changed < LEAST_CHANGED:
        verdict = Verdict.UNCHANGED
    if covered < LEAST_COVERED:
        verdict = Verdict.UNCOVERED
    return Judged(verdict, covered, changed, face, sure)


def _changed(source: Picture, came: Picture, inside: Mask) -> float:
    """Return the share of pixels that are other ones; all of them where steps changed the picture's shape."""
    if source.pixels.shape != came.pixels.shape:
        return 1.0
    return float((source.pixels[inside] != came.pixels[inside]).any(1).mean())


def _nearest(faces: Sequence[Mapping[str, Any]], box: Floats) -> tuple[int | None, float | None]:
    """Return which of a row's faces a canary is, and how sure the job was of it."""
    mine = [i for i, one in enumerate(faces) if one["kind"] == FACE]
    if not mine:
        return None, None
    found = np.array([[faces[i]["box"][name] for name in CORNERS] for i in mine], np.float32)
    overlap = boxes.iou(box[None], found)[0]
    best = int(overlap.argmax())
    if overlap[best] < SAME_IOU:
        return None, None
    return mine[best], float(faces[mine[best]]["confidence"])
