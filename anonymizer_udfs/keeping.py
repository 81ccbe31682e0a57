"""Faces that stay visible, since the people whose they are consented: known by their templates, and by nothing else.

Runs on an executor, before a picture is treated. A face is kept only if every recognizer of the panel takes it for the
same person, each at a false match rate of one in a million, and only under a policy that says ``keep: true``. What
cannot be judged (no landmarks, a detector without a threshold, a frame of an animation) is treated like any other face.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import outward
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.recognition.base import Templates
from anonymizer_udfs.recognition.panels import Member
from anonymizer_udfs.records import Face
from anonymizer_udfs.spec import WorkerSpec

METHOD = "kept"
FMR = "1e-6"
"""Of strangers, so many are taken for somebody who consented, by each recognizer."""
SAME_IOU = 0.5
"""What the second look finds over so much of a kept face is that face."""


@dataclass(frozen=True)
class Person:
    """Somebody who consented, by templates alone.

    Attributes:
        templates: ``(n, d)`` by the name of the recognizer and of the detector whose points they were aligned by.
    """

    templates: dict[tuple[str, str], Templates] = field(repr=False)


@dataclass(frozen=True)
class KeepList:
    """Whose faces stay visible; hidden from ``repr``, as all that workers are told in confidence.

    Attributes:
        digest: of the list, by which images are known to be done; says nothing of anybody.
        members: recognizers with their thresholds at :data:`FMR`, by detector.
        people: who consented.
    """

    digest: str
    members: tuple[Member, ...] = field(default=(), repr=False)
    people: tuple[Person, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class Kept:
    """A face that stays as it is, and how like the person each recognizer finds it, by name."""

    found: Found
    alike: Mapping[str, float]


def kept(found: Sequence[Found], pictures: Sequence[Picture], spec: WorkerSpec) -> tuple[Kept, ...]:
    """Return which of the faces that were found stay visible.

    Args:
        found: in the upright source.
        pictures: the source's frames; of an animation nobody is kept.
        spec: policy, panel and list.
    """
    listed = spec.keep
    if listed is None or not spec.policy.keep or not listed.people or spec.panel is None or len(pictures) != 1:
        return ()
    asked = {one.recognizer.name for one in spec.panel.members}
    members = [one for one in listed.members if one.recognizer.name in asked]
    if len(members) < len(asked):
        return ()  # somebody on the panel has no say, so nobody is kept
    faces = [one for one in found if one.finding.kind == FACE and one.finding.landmarks is not None]
    if not faces:
        return ()
    rgb = orientation.upright(pictures[0].rgb(), pictures[0].orientation)
    said = [_said(rgb, one.finding, members, listed.people, spec) for one in faces]
    return tuple(Kept(one, alike) for one, alike in zip(faces, said, strict=True) if alike)


def _said(
    rgb: NDArray[np.uint8], face: Finding, members: Sequence[Member], people: Sequence[Person], spec: WorkerSpec
) -> dict[str, float]:
    """Return how like a person a face is whom each member takes it for; nothing where they do not."""
    detector = face.landmarks_by or ""
    if face.landmarks is None or any(detector not in one.thresholds for one in members):
        return {}
    probes = [one.recognizer.embed(rgb, face.landmarks[None], detector, spec.runtime) for one in members]
    for person in people:
        alike = [_alike(one, probe, person, detector) for one, probe in zip(members, probes, strict=True)]
        if all(score is not None and score >= m.thresholds[detector] for score, m in zip(alike, members, strict=True)):
            return {m.recognizer.name: round(score or 0.0, 4) for score, m in zip(alike, members, strict=True)}
    return {}


def _alike(member: Member, probe: Templates, person: Person, detector: str) -> float | None:
    """Return how like a face is to the photo of a person that it is most like; none where there is no photo."""
    mine = person.templates.get((member.recognizer.name, detector))
    if mine is None or not len(mine):
        return None
    return float(np.max(member.recognizer.similarity(probe, mine)))


def is_kept(one: Found, known: Sequence[Kept]) -> bool:
    """Return whether something that a second look found is a face that stays as it is."""
    return any(
        one.frame == other.found.frame
        and one.finding.kind == FACE
        and float(boxes.iou(one.finding.box[None], other.found.finding.box[None])[0, 0]) >= SAME_IOU
        for other in known
    )


def record(one: Kept, picture: Picture) -> Face:
    """Return what the row says of a face that stays: where it is, that it was kept, and nothing of whose it is.

    Args:
        one: in the upright picture.
        picture: in the orientation of its stored pixels.
    """
    finding = one.found.finding
    size_wh = picture.size_wh
    box = orientation.boxes_to_stored(finding.box[None], picture.orientation, size_wh)[0]
    x0, y0, x1, y1 = (float(v) for v in np.round(box, 2))
    return Face(
        kind=finding.kind,
        box=(x0, y0, x1, y1),
        region=outward(box, size_wh),
        landmarks=(),
        confidence=round(finding.confidence, 4),
        sightings=finding.sightings,
        method=METHOD,
        parameters=json.dumps({"fmr": FMR, "similarity": dict(one.alike)}, sort_keys=True, separators=(",", ":")),
        look=one.found.look,
        frame=one.found.frame,
    )


def moved(known: Sequence[Kept], there: Sequence[Found]) -> tuple[Kept, ...]:
    """Return kept faces at the places that the steps of a policy gave them."""
    return tuple(replace(one, found=place) for one, place in zip(known, there, strict=True))
