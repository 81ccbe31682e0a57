"""Canaries judged by what the job made of their images. Runs on executors, once a row of truth."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from anonymizer_udfs import imaging
from anonymizer_udfs.canaries import base
from anonymizer_udfs.canaries.judging import judged
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.sources.stores import open_object
from anonymizer_udfs.sources.uris import canonical

_MOST_ROWS = 64
"""Rows of one batch that is given on."""
ROW = ("status", "steps", "faces", "policy", "content")
"""Columns of ``images`` that come with each image's canaries; all null where the job has no row."""


def judge(batches: Iterable[pa.RecordBatch], spec: base.CanarySpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`base.VERDICTS` for rows of an image: ``file``, ``canaries`` (of ``TRUTH``), and ``ROW``."""
    cv2.setNumThreads(spec.worker.runtime.threads)
    rows = (row for batch in batches for row in batch.to_pylist())
    made = (verdict for row in rows for verdict in _verdicts(row, spec))
    while chunk := list(itertools.islice(made, _MOST_ROWS)):
        yield pa.RecordBatch.from_pylist(chunk, base.VERDICTS)


def _verdicts(row: dict[str, Any], spec: base.CanarySpec) -> Iterator[dict[str, Any]]:
    """Yield what became of each canary of an image."""
    most = spec.worker.limits.max_pixels
    there = None if row["status"] is None else row
    source = came = None
    if row["content"] is not None:
        source, came = _given(row["file"], spec), _shown(row["content"], most)
    policy = policies(spec).get(row["policy"])
    for canary in row["canaries"]:
        found = judged(there, np.asarray(canary["box"], np.float32), source, came, policy)
        face_id = None if found.face is None else f"{canary['image_id']}-{found.face:04d}"
        yield {
            **{name: canary[name] for name in ("canary_id", "image_id", "person", "height_px")},
            "face_id": face_id,
            "verdict": found.verdict.value,
            "covered": found.covered,
            "changed": found.changed,
            "confidence": found.confidence,
        }


def policies(spec: base.CanarySpec) -> dict[str, Policy]:
    """Return the policies by which images of a run may be treated, by name."""
    worker = spec.worker
    return {one.name: one for one in (worker.policy, *(tier.policy for tier in worker.tiers))}


def _given(file: str, spec: base.CanarySpec) -> Picture | None:
    """Return the image that the job was given; none where it cannot be read."""
    try:
        with open_object(canonical(file), spec.worker.storage) as opened:
            data = opened.read_at(0, opened.size_bytes)
    except OSError:
        return None
    return _shown(data, spec.worker.limits.max_pixels)


def _shown(data: bytes, max_pixels: int) -> Picture | None:
    try:
        return imaging.decode(bytes(data), max_pixels=max_pixels)
    except BadImageError:
        return None
