"""Photos of known people: looked at, and cut into heads. Runs on executors; a person's photos are in one partition."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs import boxes, imaging, subject
from anonymizer_udfs.canaries import base, files, heads
from anonymizer_udfs.canaries.base import CanarySpec, numbers
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.keys import Key
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Planned
from anonymizer_udfs.sources import Reader, SourceSpec, canonical, list_source

LARGER = 1.4
"""The face of a photo is so much higher than any other in it, or nobody knows whose photo it is."""
_MOST_ROWS = 64
_MOST_LISTED = 10_000


class State(StrEnum):
    """What became of a photo."""

    CLEAR = "clear"
    """It is the clear photo that attackers have: the first usable one of a person who has several."""
    HEAD = "head"
    """A head was cut out of it."""
    UNREADABLE = "unreadable"
    """It cannot be read or decoded."""
    FACELESS = "faceless"
    """No face was found in it."""
    SEVERAL = "several_faces"
    """Two faces are about as large as each other, or another one would be cut out with the head."""
    CUT_OFF = "cut_off"
    """The photo ends where the head does not."""


@dataclass(frozen=True)
class ListPeople:
    """Executor, once: rows of :data:`base.FOLDER` for a folder with one folder a person.

    Names travel inside this pickled value and come out keyed, as those of an archive do. Photos beside the folders are
    nobody's and left out.

    Attributes:
        source: the folder, local or in a store.
        key: of the ids.
    """

    source: SourceSpec
    key: Key

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield all photos, people and photos in the order of their names."""
        for _ in batches:
            pass
        root = canonical(self.source.uri).rstrip("/") + "/"
        inside = ((one.uri.removeprefix(root).partition("/"), one) for one in list_source(self.source))
        photos = ((name, entry) for (name, slash, _), entry in inside if slash)
        rows = (
            {
                "person": self.key.source_id(f"canary:{name}"),
                "photo_id": self.key.image_id(f"canary:{entry.uri}"),
                "number": number,
                **asdict(entry),
            }
            for name, mine in itertools.groupby(photos, key=lambda one: one[0])
            for number, (_, entry) in enumerate(mine)
        )
        while chunk := list(itertools.islice(rows, _MOST_LISTED)):
            yield pa.RecordBatch.from_pylist(chunk, base.FOLDER)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A photo with one face that can be used."""

    content: bytes
    rgb: NDArray[np.uint8]
    face: Finding


def look(batches: Iterable[pa.RecordBatch], spec: CanarySpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`base.LOOKED` for rows of :data:`base.FOLDER`, which are sorted by person and number.

    Heads and clear photos are written below the run's folder, under keyed names.
    """
    worker = spec.worker
    cv2.setNumThreads(worker.runtime.threads)
    rows = (row for batch in batches for row in batch.to_pylist())
    with closing(Reader(worker.storage, worker.limits.max_bytes)) as reader:
        people = itertools.groupby(rows, key=lambda row: row["person"])
        made = (row for _, photos in people for row in _person(list(photos), reader, spec))
        while chunk := list(itertools.islice(made, _MOST_ROWS)):
            yield pa.RecordBatch.from_pylist(chunk, base.LOOKED)


def _person(photos: Sequence[dict[str, Any]], reader: Reader, spec: CanarySpec) -> Iterator[dict[str, Any]]:
    """Yield what became of each photo of a person; the first usable one is clear where there is a second one.

    So a first one is held until a second one is there: no more than two are in memory.
    """
    first: tuple[dict[str, Any], _Seen] | None = None
    clear = False
    for row in photos:
        found = _seen(row, reader, spec)
        if isinstance(found, State):
            yield _row(row, found)
        elif first is None and not clear:
            first = row, found
        else:
            if first is not None:
                yield _clear(*first, spec)
                first, clear = None, True
            yield _head(row, found, spec)
    if first is not None:
        yield _head(*first, spec)


def _seen(row: dict[str, Any], reader: Reader, spec: CanarySpec) -> _Seen | State:
    policy, limits = spec.worker.policy, spec.worker.limits
    content = reader.outcome(Planned.from_row(row | {"image_id": "", "content_version": ""}).entry)
    if isinstance(content, Reason):
        return State.UNREADABLE
    try:
        picture = imaging.decode(content, max_pixels=limits.max_pixels)
    except BadImageError:
        return State.UNREADABLE
    rgb = subject.upright(picture)
    found = policy.searcher.search([rgb], policy.plan, spec.worker.runtime)[0]
    face = whose([one for one in found if one.kind == FACE])
    if isinstance(face, State):
        return face
    if heads.cut_off(face.box, (rgb.shape[1], rgb.shape[0])):
        return State.CUT_OFF
    return _Seen(content, rgb, face)


def whose(faces: Sequence[Finding]) -> Finding | State:
    """Return the face of the person whose photo it is, or why that cannot be told.

    One in the background may be there, as long as it does not come along where a head is opaque.
    """
    if not faces:
        return State.FACELESS
    largest, *others = sorted(faces, key=lambda one: -_height(one))
    cut = boxes.grow(largest.box, heads.SOLID_RATIO)
    for one in others:
        centre = (one.box[:2] + one.box[2:]) / 2
        inside = bool((centre > cut[:2]).all() and (centre < cut[2:]).all())
        if inside or _height(one) * LARGER > _height(largest):
            return State.SEVERAL
    return largest


def _height(one: Finding) -> float:
    return float((one.box[2:] - one.box[:2]).max())


def _clear(row: dict[str, Any], seen: _Seen, spec: CanarySpec) -> dict[str, Any]:
    file = spec.uri(base.CLEAR, row["photo_id"])
    files.write(file, seen.content, spec.worker.storage)
    return _row(row, State.CLEAR, file) | _places(seen.face.box, seen.face.landmarks, seen.face.landmarks_by)


def _head(row: dict[str, Any], seen: _Seen, spec: CanarySpec) -> dict[str, Any]:
    head = heads.cut(seen.rgb, seen.face.box, seen.face.landmarks)
    file = spec.uri(base.HEADS, f"{row['photo_id']}.png")
    files.write(file, head.pack(), spec.worker.storage)
    return _row(row, State.HEAD, file) | _places(head.box, head.landmarks, seen.face.landmarks_by)


def _row(row: dict[str, Any], state: State, file: str | None = None) -> dict[str, Any]:
    said = {name: row[name] for name in ("person", "photo_id", "number")}
    return said | {"state": state.value, "file": file} | _places(None, None, None)


def _places(
    box: NDArray[np.float32] | None, landmarks: NDArray[np.float32] | None, detector: str | None
) -> dict[str, Any]:
    return {"box": numbers(box), "landmarks": numbers(landmarks), "detector": detector}
