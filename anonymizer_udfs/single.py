"""One image file that no source names, as a notebook's DataFrame holds it. Runs on an executor, without Spark."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import imaging, recognition
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.records import Planned
from anonymizer_udfs.sources.base import Entry
from anonymizer_udfs.spec import WorkerSpec


def unnamed(data: bytes, spec: WorkerSpec) -> Planned:
    """Return the plan of an image that has no name: its content stands for it, so that its noise can be made again."""
    name = "content:" + hashlib.sha256(data).hexdigest()
    entry = Entry(
        uri=name, kind="object", container=name, size_bytes=len(data), modified_us=0, etag="", start=0, index=0
    )
    return Planned(spec.key.image_id(name), "", entry)


def _decoded(data: bytes, spec: WorkerSpec) -> Any:
    try:
        picture = imaging.decode(data, max_pixels=spec.limits.max_pixels)
    except BadImageError:
        return None
    return orientation.upright(picture.rgb(), picture.orientation)


def _search(upright: NDArray[np.uint8], spec: WorkerSpec) -> tuple[Finding, ...]:
    return spec.policy.searcher.search([upright], spec.policy.plan, spec.runtime)[0]


def found(data: bytes, spec: WorkerSpec) -> list[dict[str, Any]] | None:
    """Return what a search finds in an image file, as plain values; none where it cannot be decoded."""
    upright = _decoded(data, spec)
    if upright is None:
        return None
    corners = ("x0", "y0", "x1", "y1")
    return [
        {
            "kind": one.kind,
            "box": dict(zip(corners, (float(v) for v in one.box), strict=True)),
            "landmarks": [
                {"x": float(x), "y": float(y)} for x, y in (one.landmarks if one.landmarks is not None else ())
            ],
            "confidence": one.confidence,
            "detectors": list(dict.fromkeys(s.detector for s in one.sightings)),
        }
        for one in _search(upright, spec)
    ]


def templates(data: bytes, spec: WorkerSpec) -> list[list[float] | None] | None:
    """Return a template for each face, none for one without landmarks; none at all where it cannot be decoded."""
    upright = _decoded(data, spec)
    if upright is None:
        return None
    who = spec.panel.members[0].recognizer if spec.panel else recognition.build(spec.policy.panel[0])

    def template(one: Finding) -> list[float] | None:
        if one.landmarks is None or one.landmarks_by is None:
            return None
        made: list[float] = who.embed(upright, one.landmarks[None], one.landmarks_by, spec.runtime)[0].tolist()
        return made

    return [template(one) for one in _search(upright, spec)]
