"""What a sample of images is measured for: how much of the picture is kept, and whether the faces are still recognised.

Runs on an executor, once an image of the sample, on the picture that the stored bytes decode to.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import subject, utility
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.records import Attack, Face
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.treatment import Treated, cover

Rgb = NDArray[np.uint8]
Named = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class View:
    """A picture as it was: stored orientation, upright, and what was found in the upright one."""

    rgb: Rgb
    upright: Rgb
    found: Sequence[Finding]


def frames(
    sources: Sequence[Picture],
    stored: Sequence[Picture],
    treated: Sequence[Treated],
    after: Sequence[Sequence[Finding]],
    spec: WorkerSpec,
) -> tuple[tuple[Face, ...], Named]:
    """Return :func:`sample` of each frame: the faces of all, and the mean of each of the image's own measures.

    Args:
        sources: the frames as they were decoded; one where the file is no animation.
        stored: what the bytes to be stored decode to.
        treated: what was done to each.
        after: what was found in each upright stored frame.
        spec: the recognizer and its thresholds.
    """
    faces: tuple[Face, ...] = ()
    values: dict[str, list[float]] = {}
    for source, came, one, left in zip(sources, stored, treated, after, strict=True):
        before = View(source.rgb(), subject.upright(source), one.findings)
        mine, named = sample(before, came, one, left, spec)
        faces += mine
        for name, value in named:
            values.setdefault(name, []).append(value)
    return faces, tuple((name, round(statistics.fmean(all_of_them), 4)) for name, all_of_them in values.items())


def sample(
    before: View, stored: Picture, treated: Treated, after: Sequence[Finding], spec: WorkerSpec
) -> tuple[tuple[Face, ...], Named]:
    """Return the faces with their attack scores and utility, and the image's own utility.

    Args:
        before: the source.
        stored: what the bytes to be stored decode to.
        treated: the regions, in the order of ``before.found``.
        after: what was found in the upright stored picture.
        spec: the recognizer and its thresholds.
    """
    rgb, faces = stored.rgb(), treated.faces
    outside = utility.ssim_outside(before.rgb, rgb, [face.region for face in faces])
    named = (("ssim_outside", round(float(outside), 4)),) if outside is not None else ()
    if not faces:
        return faces, named
    upright = orientation.upright(rgb, stored.orientation)
    shown = np.where(cover(treated.blank, rgb.shape), 0, 255).astype(np.uint8)[..., None].repeat(3, 2)
    attacks = attack(before, upright, orientation.upright(shown, stored.orientation), spec)
    kept = utility.retained(_boxes(before.found), _boxes(after))
    measured = []
    for i, face in enumerate(faces):
        inside = utility.ssim_inside(before.rgb, rgb, face.region)
        values = (("retained", float(kept[i])), ("ssim_inside", round(float(inside), 4)))
        measured.append(replace(face, attacks=attacks[i], utility=values))
    return tuple(measured), named


def _boxes(found: Sequence[Finding]) -> Boxes:
    return np.array([one.box for one in found], np.float32).reshape(-1, 4)


def attack(before: View, upright: Rgb, shown: Rgb, spec: WorkerSpec) -> list[tuple[Attack, ...]]:
    """Return how alike the recognizer finds each anonymized face and its original, both at the original's alignment.

    What has no landmarks, a plate for example, cannot be aligned and is not attacked. ``shown`` is 0 where nothing in
    the upright picture depends on what it was. An aligned face of nothing else matches nobody, whatever its score: it
    is the same for everyone, and how far one fixed template is from a poor original says nothing of who that is.
    """
    if spec.measure is None:
        raise RuntimeError("attacks are measured only where a recognizer is given")
    who, runtime = spec.measure.recognizer, spec.runtime
    out: list[tuple[Attack, ...]] = [()] * len(before.found)
    for detector, threshold in spec.measure.thresholds.items():
        mine = [(i, one.landmarks) for i, one in enumerate(before.found) if one.landmarks_by == detector]
        if not mine:
            continue
        points = np.stack([marks for _, marks in mine if marks is not None])
        originals = who.embed(before.upright, points, detector, runtime)
        probes = who.embed(upright, points, detector, runtime)
        same = np.diag(who.similarity(originals, originals))
        left = np.diag(who.similarity(probes, originals))
        seen = evidence(shown, points, detector)
        for row, (i, _) in enumerate(mine):
            matched = bool(left[row] >= threshold and seen[row])
            said = round(float(same[row]), 4), round(float(left[row]), 4)
            out[i] = (Attack(who.name, *said, threshold, matched),)
    return out


def evidence(shown: Rgb, points: NDArray[np.float32], detector: str) -> NDArray[np.bool_]:
    """Return which aligned faces show any pixel that depends on the source, ``(n,)``.

    Args:
        shown: the size of the upright picture, 0 where nothing in it depends on the source.
        points: landmarks of the faces, ``(n, 5, 2)``, whose alignment is used; what lies outside of the picture counts
            as filled.
        detector: who gave the landmarks.
    """
    onto = alignment.target(alignment.DLIB, detector)
    chips = alignment.chips(shown, points, onto, alignment.DLIB_SIDE_PX)
    return np.array([bool(chip.any()) for chip in chips], bool)
