"""What a sample of images is measured for: how much of the picture is kept, and whether the faces are still recognised.

Runs on an executor, once an image of the sample, on the picture that the stored bytes decode to.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import utility
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.records import Attack, Face
from anonymizer_udfs.spec import WorkerSpec

Rgb = NDArray[np.uint8]
Named = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class View:
    """A picture as it was: stored orientation, upright, and what was found in the upright one."""

    rgb: Rgb
    upright: Rgb
    found: Detections


def sample(before: View, stored: Picture, faces: tuple[Face, ...], spec: WorkerSpec) -> tuple[tuple[Face, ...], Named]:
    """Return the faces with their attack scores and utility, and the image's own utility.

    Args:
        before: the source.
        stored: what the bytes to be stored decode to.
        faces: the regions treated, in the order of ``before.found``.
        spec: the recognizer, its threshold and the detector.
    """
    rgb = stored.rgb()
    regions = [face.region for face in faces]
    outside = utility.ssim_outside(before.rgb, rgb, regions)
    named = (("ssim_outside", round(float(outside), 4)),) if outside is not None else ()
    if not faces:
        return faces, named
    upright = orientation.upright(rgb, stored.orientation)
    shown = np.full(rgb.shape, 255, np.uint8)
    for x0, y0, x1, y1 in (face.region for face in faces if face.method == Mask.name):
        shown[y0:y1, x0:x1] = 0
    attacks = attack(before, upright, orientation.upright(shown, stored.orientation), spec)
    kept = utility.retained(before.found.boxes_xyxy, spec.policy.detector.detect([upright], spec.runtime)[0].boxes_xyxy)
    measured = []
    for i, face in enumerate(faces):
        inside = utility.ssim_inside(before.rgb, rgb, face.region)
        values = (("retained", float(kept[i])), ("ssim_inside", round(float(inside), 4)))
        measured.append(replace(face, attacks=(attacks[i],), utility=values))
    return tuple(measured), named


def attack(before: View, upright: Rgb, shown: Rgb, spec: WorkerSpec) -> list[Attack]:
    """Return how alike the recognizer finds each anonymized face and its original, both at the original's alignment.

    ``shown`` is 0 where the upright picture was filled with one colour. An aligned face of nothing else matches nobody,
    whatever its score: it is the same for everyone, and how far one fixed template is from a poor original says nothing
    of who that is.
    """
    if spec.measure is None:
        raise RuntimeError("attacks are measured only where a recognizer is given")
    who, threshold = spec.measure.recognizer, spec.measure.threshold
    detector = spec.policy.detector.name
    originals = who.embed(before.upright, before.found.landmarks, detector, spec.runtime)
    probes = who.embed(upright, before.found.landmarks, detector, spec.runtime)
    same = np.diag(who.similarity(originals, originals))
    left = np.diag(who.similarity(probes, originals))
    seen = evidence(shown, before.found, detector)
    return [
        Attack(who.name, round(float(b), 4), round(float(a), 4), threshold, bool(a >= threshold and s))
        for b, a, s in zip(same, left, seen, strict=True)
    ]


def evidence(shown: Rgb, found: Detections, detector: str) -> NDArray[np.bool_]:
    """Return which aligned faces show any pixel that depends on the source, ``(n,)``.

    Args:
        shown: the size of the upright picture, 0 where it was filled with one colour.
        found: the faces, whose alignment is used; what lies outside of the picture counts as filled.
        detector: who found the faces.
    """
    onto = alignment.target(alignment.DLIB, detector)
    chips = alignment.chips(shown, found.landmarks, onto, alignment.DLIB_SIDE_PX)
    return np.array([bool(chip.any()) for chip in chips], bool)
