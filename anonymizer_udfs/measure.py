"""What a sample of images is measured for: how much of the picture is kept, and whether the faces are still recognised.

Runs on an executor, once an image of the sample, on the picture that the stored bytes decode to.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import utility
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.imaging import Picture, orientation
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
    attacks = attack(before, upright, spec)
    kept = utility.retained(before.found.boxes_xyxy, spec.policy.detector.detect([upright], spec.runtime)[0].boxes_xyxy)
    measured = []
    for i, face in enumerate(faces):
        inside = utility.ssim_inside(before.rgb, rgb, face.region)
        values = (("retained", float(kept[i])), ("ssim_inside", round(float(inside), 4)))
        measured.append(replace(face, attacks=(attacks[i],), utility=values))
    return tuple(measured), named


def attack(before: View, upright: Rgb, spec: WorkerSpec) -> list[Attack]:
    """Return how alike the recognizer finds each anonymized face and its original, both at the original's alignment."""
    if spec.measure is None:
        raise RuntimeError("attacks are measured only where a recognizer is given")
    who, threshold = spec.measure.recognizer, spec.measure.threshold
    detector = spec.policy.detector.name
    originals = who.embed(before.upright, before.found.landmarks, detector, spec.runtime)
    probes = who.embed(upright, before.found.landmarks, detector, spec.runtime)
    same = np.diag(who.similarity(originals, originals))
    left = np.diag(who.similarity(probes, originals))
    return [
        Attack(who.name, round(float(b), 4), round(float(a), 4), threshold, bool(a >= threshold))
        for b, a in zip(same, left, strict=True)
    ]
