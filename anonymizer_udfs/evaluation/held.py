"""Clear photos that an attacker holds of people who are not in the archive by that photo: seen as faces of a lake are.

The photo goes through the policy by which most of those were treated whom he looks for, so that there is a release of
it, and a stranger's one: who learns from pairs has these, too, and whoever treats his own photos alike compares with
them. Executor; needs no Spark.
"""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from anonymizer_udfs import making, steps
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.evaluation import examining
from anonymizer_udfs.evaluation.examining import FACE_KIND, VIEWED, ExamineSpec
from anonymizer_udfs.evaluation.parroting import Least
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.sources.stores import open_object
from anonymizer_udfs.sources.uris import canonical
from anonymizer_udfs.stepping import Stepped
from anonymizer_udfs.subject import Subject

_FLOATS = pa.list_(pa.float32())
HELD = pa.schema(
    [
        ("person", pa.string()),
        ("file", pa.string()),
        ("box", _FLOATS),
        ("landmarks", _FLOATS),
        ("detector", pa.string()),
        ("policy", pa.string()),
        ("steps", pa.int32()),
    ]
)
"""A clear photo: whose, where, where the face is in the upright picture, and how most were treated who are looked for:
the policy, and how many methods of its chain were tried."""
SHOWN = pa.schema(list(VIEWED))
"""The face in it, as those of ``examining.SEEN`` are."""


def held(batches: Iterable[pa.RecordBatch], spec: ExamineSpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`SHOWN` for rows of :data:`HELD`; a photo that cannot be read or aligned has none."""
    cv2.setNumThreads(spec.worker.runtime.threads)
    for row in (row for batch in batches for row in batch.to_pylist()):
        faces = _faces(row, spec)
        if faces:
            yield pa.RecordBatch.from_pylist(faces, SHOWN)


def _faces(row: dict[str, Any], spec: ExamineSpec) -> list[dict[str, Any]]:
    if not row["landmarks"]:
        return []
    try:
        with open_object(canonical(row["file"]), spec.worker.storage) as opened:
            source = examining.opened(bytes(opened.read_at(0, opened.size_bytes)), spec)
        said, stored = _released(row, source, spec)
        return examining.faces(said, source, stored, spec)[0]
    except (BadImageError, OSError):
        return []


def _released(row: dict[str, Any], source: Subject, spec: ExamineSpec) -> tuple[dict[str, Any], tuple[Picture, ...]]:
    """Return the photo's row as a lake would have it, and the frames of its release."""
    told = spec.worker.under(row["policy"])
    points = np.array(row["landmarks"], np.float32).reshape(-1, 2)
    finding = Finding(
        kind=FACE_KIND,
        box=np.array(row["box"], np.float32),
        confidence=1.0,
        sightings=(Sighting(row["detector"], "held", 1.0),),
        landmarks=points,
        landmarks_by=row["detector"],
        roll_degrees=roll_degrees(points),
    )
    base = Stepped(source, told.policy.steps, told.limits.max_pixels)
    found, image_id = [base.there(Found(finding, Look.PLAN))], f"held-{row['person']}"
    judge = Least(row["steps"] - 1)
    made = making.make(base.subject, found, image_id, told, lambda _: nullcontext(), judge=judge)
    said = {
        "image_id": image_id,
        "content": made.encoded.data,
        "steps": [steps.told(one) for one in base.taken],
        "policy": row["policy"],
        "faces": [face.row() for one in made.treated for face in one.faces],
        "person": row["person"],
        "named": None,
        "brief": False,
    }
    return said, made.stored
