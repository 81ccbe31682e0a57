"""One sampled image: what it shows, what it carries, what is at stake, and what it takes to anonymize it.

Runs on executors, without Spark. The image has gone through the whole pipeline before (the caller's business, so that
one that crashes or loops is kept apart there as in a run); here its result is dropped and the source read once more.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging.carried import carried
from anonymizer_udfs.imaging.enclosed import enclosed
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.records import TIMINGS, Look, Planned
from anonymizer_udfs.risk import Risk
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import WorkerSpec

CARRIED = ("place", "names", "dates")
ENCLOSED = ("thumbnail", "maker_note", "trailer")
_SEEN_FACE = pa.struct([("side_px", pa.float32()), ("confidence", pa.float32()), ("method", pa.string())])
SEEN = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("format", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("frames", pa.int32()),
        pa.field("faces", pa.list_(_SEEN_FACE), nullable=False),
        pa.field("plates", pa.int32(), nullable=False),
        *(pa.field(name, pa.bool_()) for name in (*CARRIED, *ENCLOSED)),
        pa.field("risk", pa.float64()),
        *(pa.field(f"{name}_ms", pa.float32(), nullable=False) for name in TIMINGS),
    ]
)
"""One sampled image; it has the name, as a listing does, and no pixel. ``risk`` is null where nothing was decoded,
``size_bytes`` and what it carries where nothing was read."""


def looked(
    planned: Iterable[pa.RecordBatch], done: Iterable[pa.RecordBatch], spec: WorkerSpec, risk: Risk, region_ratio: float
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of :data:`SEEN` for images that were anonymized, in order, as many as came.

    Executor, once a partition.

    Args:
        planned: rows of :data:`anonymizer_udfs.records.PLAN`.
        done: rows of :data:`anonymizer_udfs.records.OUT` for the same images, in the same order.
        spec: what made them.
        risk: the weights of the score; it raises nothing here.
        region_ratio: how much larger than its box a face's region is, for the score.
    """
    images = (Planned.from_row(row) for batch in planned for row in batch.to_pylist())
    with closing(Reader(spec.storage, spec.limits.max_bytes, spec.content_column)) as reader:
        for batch in done:
            rows = batch.drop_columns(["content"]).to_pylist()
            seen = [_row(next(images), row, reader, risk, region_ratio) for row in rows]
            yield pa.RecordBatch.from_pylist(seen, schema=SEEN)


def _row(image: Planned, row: Mapping[str, Any], reader: Reader, risk: Risk, region_ratio: float) -> dict[str, Any]:
    data = reader.outcome(image.entry)
    facts, more = (carried(data), enclosed(data)) if isinstance(data, bytes) else (None, None)
    score = None
    if facts is not None and row["status"] != Status.QUARANTINED.value:
        size_wh = row["width"], row["height"]
        score = risk.score([_found(face) for face in row["faces"]], size_wh, region_ratio, facts)
    faces = [face for face in row["faces"] if face["kind"] == FACE]
    return {
        "image_id": image.image_id,
        "uri": image.entry.uri,
        "size_bytes": len(data) if isinstance(data, bytes) else None,
        **{name: row[name] for name in ("status", "reason", "format", "width", "height", "frames")},
        "faces": [
            {"side_px": side_px(face["box"]), **{name: face[name] for name in ("confidence", "method")}}
            for face in faces
        ],
        "plates": len(row["faces"]) - len(faces),
        **{name: getattr(facts, name, None) for name in CARRIED},
        **{name: getattr(more, name, None) for name in ENCLOSED},
        "risk": score,
        **{f"{name}_ms": row["timings_ms"][name] for name in TIMINGS},
    }


def side_px(box: Mapping[str, float]) -> float:
    """Return the side of the square of a box's area, in pixels.

    Examples:
        >>> side_px({"x0": 1, "y0": 0, "x1": 5, "y1": 9})
        6.0
    """
    return float((max(0.0, box["x1"] - box["x0"]) * max(0.0, box["y1"] - box["y0"])) ** 0.5)


def _found(face: Mapping[str, Any]) -> Found:
    """Return a recorded region as the score takes it; stored pixels may be turned, which changes no part of a score."""
    points = [(point["x"], point["y"]) for point in face["landmarks"]]
    box = np.array([face["box"][corner] for corner in ("x0", "y0", "x1", "y1")], np.float32)
    landmarks = np.array(points, np.float32) if points else None
    return Found(Finding(face["kind"], box, face["confidence"], (), landmarks=landmarks), Look.PLAN, face["frame"])
