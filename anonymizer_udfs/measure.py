"""What a sample of images is measured for: how much of the picture is kept, and whether the faces are still recognised.

Runs on an executor, once an image of the sample, on the picture that the stored bytes decode to.
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from anonymizer_udfs import panel, utility
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.panel import Pair
from anonymizer_udfs.records import Face
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.treatment import Treated

Named = tuple[tuple[str, float], ...]


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
        spec: the panel.
    """
    faces: tuple[Face, ...] = ()
    values: dict[str, list[float]] = {}
    for source, came, one, left in zip(sources, stored, treated, after, strict=True):
        mine, named = sample(source, came, one, left, spec)
        faces += mine
        for name, value in named:
            values.setdefault(name, []).append(value)
    return faces, tuple((name, round(statistics.fmean(all_of_them), 4)) for name, all_of_them in values.items())


def sample(
    source: Picture, stored: Picture, treated: Treated, after: Sequence[Finding], spec: WorkerSpec
) -> tuple[tuple[Face, ...], Named]:
    """Return the faces with their attack scores and utility, and the image's own utility.

    Here all are attacked, those under an opaque mask too, for the record.

    Args:
        source: the picture as it was.
        stored: what the bytes to be stored decode to.
        treated: the regions, in the order of ``before.found``.
        after: what was found in the upright stored picture.
        spec: the panel.
    """
    before, rgb, faces = source.rgb(), stored.rgb(), treated.faces
    outside = utility.ssim_outside(before, rgb, [face.region for face in faces])
    named = (("ssim_outside", round(float(outside), 4)),) if outside is not None else ()
    if not faces:
        return faces, named
    if spec.panel is None:
        raise RuntimeError("attacks are measured only where there is a panel")
    attacks = panel.attack(Pair.of(source, stored, treated), treated.findings, spec.panel, spec.runtime)
    kept = utility.retained(_boxes(treated.findings), _boxes(after))
    measured = []
    for i, face in enumerate(faces):
        inside = utility.ssim_inside(before, rgb, face.region)
        values = (("retained", float(kept[i])), ("ssim_inside", round(float(inside), 4)))
        last = tuple(replace(one, step=face.steps) for one in attacks[i])
        measured.append(replace(face, attacks=last, utility=values))
    return tuple(measured), named


def _boxes(found: Sequence[Finding]) -> Boxes:
    return np.array([one.box for one in found], np.float32).reshape(-1, 4)
