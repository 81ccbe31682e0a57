"""Originals once more: templates and heads of faces that a lake's rows say are there. Runs on executors.

Neither is written anywhere: templates go on to be compared, heads to be averaged, both through encrypted shuffles.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs import imaging
from anonymizer_udfs.grouping import arrow, heads
from anonymizer_udfs.grouping.strata import ALL, stratum
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.methods.surrogate import SIDE_PX, Surrogate
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.recognition import Recognizer, alignment
from anonymizer_udfs.records import LISTED, Planned
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.spec import Limits

_MOST_ROWS = 16

_BOX = pa.struct([(n, pa.float32()) for n in ("x0", "y0", "x1", "y1")])
_POINT = pa.struct([("x", pa.float32()), ("y", pa.float32())])
WANTED_FACE = pa.struct(
    [
        ("face_id", pa.string()),
        ("box", _BOX),
        ("landmarks", pa.list_(_POINT)),
        ("detectors", pa.list_(pa.string())),
        ("person", pa.string()),
        ("group_id", pa.string()),
    ]
)
WANTED = pa.schema([*LISTED, ("source_digest", pa.string()), ("faces", pa.list_(WANTED_FACE))])
"""An image to read again: where it is, the digest that it had, and its faces in stored pixels."""
SEEN = pa.schema([*arrow.FACES, ("state", pa.string())])
HEADS = pa.schema([("group_id", pa.string()), ("person", pa.string()), ("face_id", pa.string()), ("head", pa.binary())])
SURROGATES = pa.schema(
    [("group_id", pa.string()), ("people", pa.int32()), ("sha256", pa.string()), ("canvas", pa.binary())]
)


class State(StrEnum):
    """What became of a face of the lake."""

    READ = "read"
    """It has a template."""
    GONE = "gone"
    """Its original cannot be read or decoded any more."""
    CHANGED = "changed"
    """Its original has other bytes than those that were anonymized."""
    UNALIGNED = "unaligned"
    """It has no landmarks by a detector that the recognizer knows."""


@dataclass(frozen=True)
class FaceSpec:
    """What a worker is told.

    Attributes:
        key: for the digests of originals; hidden from ``repr``.
        recognizer: who makes templates.
        runtime: where its model lies.
        limits: what bounds reading and decoding.
        storage: how to reach object stores.
        content_column: the column of a table source that holds the images.
    """

    key: Key = field(repr=False)
    recognizer: Recognizer
    runtime: Runtime
    limits: Limits = field(default_factory=Limits)
    storage: Storage = field(default_factory=Storage)
    content_column: str | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """An original, upright, or why there is none."""

    row: dict[str, Any]
    state: State
    rgb: NDArray[np.uint8] | None = None
    turn: int = orientation.UPRIGHT

    def placed(self, face: dict[str, Any]) -> tuple[tuple[float, float, float, float], Landmarks | None]:
        """Return a face's box and points in the upright picture."""
        if self.rgb is None:
            raise RuntimeError("an original is opened before its faces are placed")
        size_wh = (self.rgb.shape[1], self.rgb.shape[0])
        back = orientation.back(self.turn)
        box = np.array([[face["box"][name] for name in ("x0", "y0", "x1", "y1")]], np.float32)
        x0, y0, x1, y1 = (float(v) for v in orientation.boxes_to_stored(box, back, size_wh)[0])
        points = np.array([(p["x"], p["y"]) for p in face["landmarks"] or ()], np.float32)
        if points.shape != (5, 2):
            return (x0, y0, x1, y1), None
        upright = orientation.points_to_stored(points, back, size_wh)
        return (x0, y0, x1, y1), tuple((x, y) for x, y in upright.tolist())


def opened(batches: Iterable[pa.RecordBatch], spec: FaceSpec) -> Iterator[Opened]:
    """Yield each original once, in order; what it was is told by its digest, not by its name."""
    cv2.setNumThreads(spec.runtime.threads)
    rows = [row for batch in batches for row in batch.to_pylist()]
    limits = spec.limits
    with closing(Reader(spec.storage, limits.max_bytes, spec.content_column)) as reader:
        entries = (Planned.from_row(row).entry for row in rows)
        contents = reader.read_ahead(entries, limits.read_threads, limits.read_ahead_bytes)
        for row, (_, data) in zip(rows, contents, strict=True):
            yield _opened(row, data, spec)


def _opened(row: dict[str, Any], data: bytes | Reason, spec: FaceSpec) -> Opened:
    if isinstance(data, Reason):
        return Opened(row, State.CHANGED if data is Reason.CHANGED else State.GONE)
    if spec.key.source_digest(data) != row["source_digest"]:
        return Opened(row, State.CHANGED)
    try:
        picture = imaging.decode(data, max_pixels=spec.limits.max_pixels)
    except BadImageError:
        return Opened(row, State.GONE)
    return Opened(row, State.READ, orientation.upright(picture.rgb(), picture.orientation), picture.orientation)


def embed(batches: Iterable[pa.RecordBatch], spec: FaceSpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`SEEN` for rows of :data:`WANTED`, one for each face."""
    for one in opened(batches, spec):
        rows = [seen(one, face, spec) for face in one.row["faces"]]
        if rows:
            yield pa.RecordBatch.from_pylist(rows, SEEN)


def seen(one: Opened, face: dict[str, Any], spec: FaceSpec) -> dict[str, Any]:
    """Return the row of :data:`SEEN` for one face of an original."""
    out = {"face_id": face["face_id"], "template": None, "stratum": f"{ALL}/{ALL}", "state": one.state.value}
    if one.rgb is None:
        return out
    box, points = one.placed(face)
    by = aligned_by(face)
    if points is None or by is None:
        return out | {"state": State.UNALIGNED.value}
    template = spec.recognizer.embed(one.rgb, np.array([points], np.float32), by, spec.runtime)[0]
    if not np.isfinite(template).all():
        return out | {"state": State.UNALIGNED.value}
    return out | {"template": template, "stratum": arrow.word(stratum(box, points))}


def aligned_by(face: dict[str, Any]) -> str | None:
    """Return the detector whose points a face has, if it is one that points can be aligned by."""
    return next((name for name in face["detectors"] if name in alignment.DLIB), None)


def take_heads(batches: Iterable[pa.RecordBatch], spec: FaceSpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`HEADS` for rows of :data:`WANTED`, one for each face that can be aligned."""
    for one in opened(batches, spec):
        rows = []
        for face in one.row["faces"] if one.rgb is not None else ():
            box, points = one.placed(face)
            found = heads.head(one.rgb, box, points) if one.rgb is not None else None
            if found is not None:
                rows.append(
                    {name: face[name] for name in ("group_id", "person", "face_id")} | {"head": found.tobytes()}
                )
        for start in range(0, len(rows), _MOST_ROWS):
            yield pa.RecordBatch.from_pylist(rows[start : start + _MOST_ROWS], HEADS)


@dataclass(frozen=True)
class MakeSurrogates:
    """Executor, a partition of :data:`HEADS` sorted by group, person and face: rows of :data:`SURROGATES`.

    A group of which fewer than k people have a head has none: what its others would share is not theirs all.
    """

    k: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row a group."""
        group: str | None = None
        mean = _Mean()
        for row in (row for batch in batches for row in batch.to_pylist()):
            if row["group_id"] != group:
                yield from self._made(group, mean)
                group, mean = row["group_id"], _Mean()
            mean.add(row["person"], np.frombuffer(row["head"], np.uint8).reshape(SIDE_PX, SIDE_PX, 3))
        yield from self._made(group, mean)

    def _made(self, group: str | None, mean: "_Mean") -> Iterator[pa.RecordBatch]:
        people, values = mean.result()
        if group is not None and people >= self.k:
            one = Surrogate(heads.canvas(values), people)
            row = {"group_id": group, "people": people, "sha256": one.sha256, "canvas": one.png()}
            yield pa.RecordBatch.from_pylist([row], SURROGATES)


class _Mean:
    """The mean over people of the mean over each one's heads, which come one person after the other.

    Sums are of whole numbers or of one order, so that the same heads give the same bytes.
    """

    def __init__(self) -> None:
        self._total = np.zeros((SIDE_PX, SIDE_PX, 3))
        self._mine = np.zeros((SIDE_PX, SIDE_PX, 3))
        self._person: str | None = None
        self._count = self._people = 0

    def add(self, person: str, head: NDArray[np.uint8]) -> None:
        """Add a head."""
        if person != self._person:
            self._close()
            self._person = person
        self._mine += head
        self._count += 1

    def _close(self) -> None:
        if self._count:
            self._total += self._mine / self._count
            self._people += 1
            self._mine[:] = 0
            self._count = 0

    def result(self) -> tuple[int, NDArray[np.float64]]:
        """Return how many people there were, and their mean."""
        self._close()
        return self._people, self._total / max(1, self._people)
