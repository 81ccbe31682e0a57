"""A batch of images through all steps: read, decode, detect, anonymize, encode, verify, measure, record.

Everything here runs on an executor. The partition function keeps order and row count: one row in, one row out, whatever
happens to an image. What is wrong with one image is a value; what is wrong with the environment (a missing model, a
wrong digest) raises and fails the task.
"""

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs import boxes, family, imaging, measure
from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.outcome import BadImageError, Reason, Status
from anonymizer_udfs.records import OUT, Face, Planned, Quarantined, Released, Result
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import WorkerSpec

GROUP_ON_ACCELERATOR = 32
MOST_ROWS = 256


@dataclass
class Work:
    """One image on its way; fields are filled step by step, and ``outcome`` ends it."""

    planned: Planned
    data: bytes | Reason
    timings_ms: dict[str, float] = field(default_factory=dict)
    picture: Picture | None = None
    upright: NDArray[np.uint8] | None = None
    found: Detections | None = None
    faces: tuple[Face, ...] = ()
    utility: tuple[tuple[str, float], ...] = ()
    outcome: Released | Quarantined | None = None
    header: tuple[str, tuple[int, int]] | None = None


class Clock:
    """Adds the time of a ``with`` block to one step of one image."""

    def __init__(self, work: Work, step: str) -> None:
        self._work, self._step = work, step

    def __enter__(self) -> None:
        """Start."""
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        """Stop, and add."""
        spent = (time.perf_counter() - self._start) * 1000
        self._work.timings_ms[self._step] = self._work.timings_ms.get(self._step, 0.0) + spent


def anonymize_partition(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield the rows of :data:`records.OUT` for the rows of :data:`records.PLAN`, in order, in bounded batches.

    Executor, once a partition. Needs no Spark. Memory: the bytes read ahead, the pictures of one group (one on a CPU),
    a few copies of the largest picture, and one batch of results.
    """
    cv2.setNumThreads(spec.runtime.threads)
    planned = (Planned.from_row(row) for batch in batches for row in batch.to_pylist())
    with closing(Reader(spec.storage, spec.limits.max_bytes, spec.content_column)) as reader:
        yield from to_batches(process(_read(planned, reader, spec), spec), spec)


def _read(planned: Iterator[Planned], reader: Reader, spec: WorkerSpec) -> Iterator[Work]:
    """Yield each image with its bytes, or with the reason why there are none."""
    waiting, listed = itertools.tee(planned)
    limits = spec.limits
    contents = reader.read_ahead((p.entry for p in listed), limits.read_threads, limits.read_ahead_bytes)
    for one in waiting:
        start = time.perf_counter()
        _, data = next(contents)
        yield Work(one, data, {"read": (time.perf_counter() - start) * 1000})


def process(works: Iterable[Work], spec: WorkerSpec) -> Iterator[Result]:
    """Yield what became of each image, in order; on an accelerator the pictures of a group share detector calls."""
    size = 1 if spec.runtime.providers[0] == "CPUExecutionProvider" else GROUP_ON_ACCELERATOR
    for group in _groups(works, size, spec):
        for work in group:
            _guarded(_decode, work, spec)
        _detect([work for work in group if work.outcome is None], spec)
        for work in group:
            _guarded(_finish, work, spec)
            yield _result(work, spec)


def _groups(works: Iterable[Work], size: int, spec: WorkerSpec) -> Iterator[list[Work]]:
    """Yield groups of at most ``size`` images, and of not many more bytes than one batch."""
    group: list[Work] = []
    for work in works:
        group.append(work)
        weight = sum(len(w.data) for w in group if isinstance(w.data, bytes))
        if len(group) >= size or weight >= spec.limits.batch_bytes:
            yield group
            group = []
    if group:
        yield group


def _guarded(step: Callable[[Work, WorkerSpec], None], work: Work, spec: WorkerSpec) -> None:
    """Run a step of one image; the one place where what is wrong with an image becomes its outcome."""
    if work.outcome is None:
        try:
            step(work, spec)
        except BadImageError as error:
            work.outcome = Quarantined(error.reason)
            work.faces = ()


def _decode(work: Work, spec: WorkerSpec) -> None:
    if isinstance(work.data, Reason):
        raise BadImageError(work.data)
    with Clock(work, "decode"):
        header = imaging.probe(work.data)
        work.header = (header.format.value, (header.width, header.height))
        work.picture = imaging.decode(work.data, max_pixels=spec.limits.max_pixels)
        work.upright = orientation.upright(work.picture.rgb(), work.picture.orientation)


def _detect(works: Sequence[Work], spec: WorkerSpec) -> None:
    start = time.perf_counter()
    found = spec.policy.detector.detect([work.upright for work in works if work.upright is not None], spec.runtime)
    spent = (time.perf_counter() - start) * 1000 / max(1, len(works))
    for work, detections in zip(works, found, strict=True):
        work.found = detections
        work.timings_ms["detect"] = spent


def _finish(work: Work, spec: WorkerSpec) -> None:
    """Anonymize, encode, verify and, on the sample, measure."""
    picture, upright, found = work.picture, work.upright, work.found
    if picture is None or upright is None or found is None:
        raise RuntimeError("a picture is decoded and searched before it is finished")
    with Clock(work, "anonymize"):
        treated, work.faces = anonymize(picture, found, work.planned.image_id, spec)
    with Clock(work, "encode"):
        encoded = imaging.encode(treated, picture)
    with Clock(work, "verify"):
        stored = verified(encoded, treated, picture, work.faces, spec)
    if spec.measure is not None and spec.measure.takes(work.planned.image_id):
        with Clock(work, "measure"):
            before = measure.View(picture.rgb(), upright, found)
            work.faces, work.utility = measure.sample(before, stored, work.faces, spec)
    status = Status.ANONYMIZED if work.faces else Status.CLEAN
    digest = hashlib.sha256(encoded.data).hexdigest()
    work.outcome = Released(status, encoded.data, digest, encoded.reencoded)


def anonymize(picture: Picture, found: Detections, image_id: str, spec: WorkerSpec) -> tuple[Picture, tuple[Face, ...]]:
    """Return the picture with every region treated, and what was done; ``picture`` itself is not changed.

    Args:
        picture: the decoded source, in the orientation of its stored pixels.
        found: what was detected in the upright picture.
        image_id: what the noise of its regions is derived from.
        spec: the policy and the key.
    """
    if not len(found):
        return picture, ()
    h, w = picture.pixels.shape[:2]
    stored = orientation.boxes_to_stored(found.boxes_xyxy, picture.orientation, (w, h))
    points = orientation.points_to_stored(found.landmarks, picture.orientation, (w, h))
    rule = spec.policy.face
    method = rule.chain[0]
    parameters = json.dumps(family.parameters(method), sort_keys=True, separators=(",", ":"))
    alpha = picture.channels.samples - 1 if picture.channels.has_alpha else None
    pixels = picture.pixels.copy()
    faces = []
    for i, box in enumerate(stored):
        region = boxes.outward(boxes.grow(box, rule.region_ratio), (w, h))
        x0, y0, x1, y1 = region
        local = box - np.array([x0, y0, x0, y0], np.float32)
        target = Target(tuple(local.tolist()), alpha=alpha)
        rng = spec.key.generator(image_id, method.name, i)
        pixels[y0:y1, x0:x1] = method.apply(pixels[y0:y1, x0:x1], target, rng)
        faces.append(
            Face(
                kind=spec.policy.detector.kind,
                box=tuple(np.round(box, 2).tolist()),
                region=region,
                landmarks=tuple((round(float(x), 2), round(float(y), 2)) for x, y in points[i]),
                confidence=round(float(found.scores[i]), 4),
                detectors=(spec.policy.detector.name,),
                method=method.name,
                parameters=parameters,
            )
        )
    return picture.with_pixels(pixels), tuple(faces)


def verified(
    encoded: imaging.Encoded, treated: Picture, source: Picture, faces: Sequence[Face], spec: WorkerSpec
) -> Picture:
    """Return the picture that the bytes to be stored decode to; what does not decode to what it should is held back.

    Size, channels and orientation must be kept; outside the regions a lossless picture must be the source, bit for bit;
    inside, every region must be nearer to what the method made of it than to the source.

    Raises:
        BadImageError: with ``unverified``.
    """
    try:
        stored = imaging.decode(encoded.data, max_pixels=spec.limits.max_pixels)
    except BadImageError as error:
        raise BadImageError(Reason.UNVERIFIED) from error
    same = stored.pixels.shape == treated.pixels.shape and stored.pixels.dtype == treated.pixels.dtype
    same = same and stored.channels is treated.channels and stored.orientation == treated.orientation
    if not same or not all(_treated(stored, treated, source, face.region) for face in faces):
        raise BadImageError(Reason.UNVERIFIED)
    if not encoded.reencoded and not _equal_outside(stored.pixels, source.pixels, faces):
        raise BadImageError(Reason.UNVERIFIED)
    return stored


def _treated(stored: Picture, treated: Picture, source: Picture, region: boxes.IntBox) -> bool:
    """Return whether a region shows what the method made, not the source; a palette may only have come near to it."""
    x0, y0, x1, y1 = region
    came, wanted, was = (p.pixels[y0:y1, x0:x1].astype(np.int32) for p in (stored, treated, source))
    flat = bool((came == came[0, 0]).all())
    return flat or float(np.abs(came - wanted).mean()) <= float(np.abs(came - was).mean())


def _equal_outside(stored: NDArray[np.generic], source: NDArray[np.generic], faces: Sequence[Face]) -> bool:
    outside = np.ones(stored.shape[:2], bool)
    for face in faces:
        x0, y0, x1, y1 = face.region
        outside[y0:y1, x0:x1] = False
    return not bool(((stored != source).any(axis=2) & outside).any())


def _result(work: Work, spec: WorkerSpec) -> Result:
    if work.outcome is None:
        raise RuntimeError("an image ends with an outcome")
    digest = spec.key.source_digest(work.data) if isinstance(work.data, bytes) else None
    name, size = work.header or (None, None)
    result = Result(work.planned, work.outcome, digest, name, size, work.faces, work.utility)
    return replace(result, duration_ms=sum(work.timings_ms.values()), timings_ms=work.timings_ms)


def to_batches(results: Iterable[Result], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield record batches of :data:`records.OUT` that hold not much more than ``limits.batch_bytes`` each."""
    provenance = spec.provenance.columns()
    rows, weight = [], 0
    for result in results:
        row = result.row(provenance)
        rows.append(row)
        weight += len(row["content"] or b"")
        if weight >= spec.limits.batch_bytes or len(rows) >= MOST_ROWS:
            yield pa.RecordBatch.from_pylist(rows, schema=OUT)
            rows, weight = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=OUT)
