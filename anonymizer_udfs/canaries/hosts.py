"""Images of the archive into which heads are laid. Runs on executors, once an image.

An original is read as the job's other readers do it: one that is gone or has other bytes is skipped, and counted.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs import boxes, imaging, subject
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.canaries import base, files
from anonymizer_udfs.canaries.alike import seam
from anonymizer_udfs.canaries.base import CanarySpec, floats, numbers
from anonymizer_udfs.canaries.composing import Known, Laid, composed
from anonymizer_udfs.canaries.heads import Head
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Planned
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.sources.stores import open_object
from anonymizer_udfs.sources.uris import canonical

OWN = "own"
"""The folder of images whose data set has no policy of its own; no policy's name: those are in a folder below."""
TIERS = "tiers"
_BACK = {6: 8, 8: 6}
_MOST_ROWS = 64
_HEADS_KEPT = 64


class State(StrEnum):
    """What became of an image of the archive."""

    PLANTED = "planted"
    """There are canaries in its copy."""
    FULL = "full"
    """No head fits into it."""
    GONE = "gone"
    """Its original cannot be read or decoded any more."""
    CHANGED = "changed"
    """Its original has other bytes than those that were anonymized."""


def plant(batches: Iterable[pa.RecordBatch], spec: CanarySpec) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`base.HOSTED` for rows of :data:`base.HOST`; images are written below the run's folder."""
    worker = spec.worker
    cv2.setNumThreads(worker.runtime.threads)
    rows = [row for batch in batches for row in batch.to_pylist()]
    limits = worker.limits
    with closing(Reader(worker.storage, limits.max_bytes, worker.content_column)) as reader:
        entries = (Planned.from_row(row).entry for row in rows)
        contents = reader.read_ahead(entries, limits.read_threads, limits.read_ahead_bytes)
        made = (_planted(row, data, spec) for row, (_, data) in zip(rows, contents, strict=True))
        while chunk := list(itertools.islice(made, _MOST_ROWS)):
            yield pa.RecordBatch.from_pylist(chunk, base.HOSTED)


def _planted(row: dict[str, Any], data: bytes | Reason, spec: CanarySpec) -> dict[str, Any]:
    said: dict[str, Any] = {"host": row["image_id"], "copy": row["copy"], "file": None, "canaries": [], "seams": []}
    key = spec.worker.key
    if isinstance(data, Reason):
        return said | {"state": (State.CHANGED if data is Reason.CHANGED else State.GONE).value}
    if key.source_digest(data) != row["source_digest"]:
        return said | {"state": State.CHANGED.value}
    try:
        picture = imaging.decode(data, max_pixels=spec.worker.limits.max_pixels)
    except BadImageError:
        return said | {"state": State.GONE.value}
    wishes = row["wishes"]
    mine = [_head(spec.uri(base.HEADS, f"{wish['head_id']}.png"), wish, spec.worker.storage) for wish in wishes]
    rng = key.generator(row["image_id"], f"canary/{spec.seed}", row["copy"])
    there = known(picture, row["known"])
    made, laid = composed(picture, there, mine, spec.sizes, rng)
    if not laid:
        return said | {"state": State.FULL.value}
    # No name of the archive, nor its id there, is in the name: what a reader of the vault sees is one number more.
    name = key.image_id(f"canary:{spec.seed}:{row['image_id']}:{row['copy']}")
    folder = (base.PHOTOS, TIERS, row["policy"]) if row["policy"] else (base.PHOTOS, OWN)
    file = spec.uri(*folder, f"{name}.{picture.format.value}")
    files.write(file, imaging.encode(made, picture).data, spec.worker.storage)
    seams = _seams(made, upright(made, [one.box for one in laid]))
    canaries = [
        _canary(one, wishes[one.number]) | {"seam": seam["seam"]} for one, seam in zip(laid, seams, strict=True)
    ]
    return said | {
        "state": State.PLANTED.value,
        "file": file,
        "canaries": canaries,
        "seams": _seams(picture, there.faces),
    }


def _seams(picture: Picture, faces: Boxes) -> list[dict[str, float]]:
    """Return height and seam of faces of the upright picture."""
    if not len(faces):
        return []
    luma = cv2.cvtColor(subject.upright(picture), cv2.COLOR_RGB2GRAY)
    heights = (faces[:, 2:] - faces[:, :2]).max(1).tolist()
    return [{"height_px": height, "seam": seam(luma, box)} for height, box in zip(heights, faces, strict=True)]


def known(picture: Picture, places: list[dict[str, Any]]) -> Known:
    """Return what a row says is in an image, in the upright picture."""
    faces = [place["box"] for place in places if place["kind"] == FACE]
    return Known(upright(picture, faces), upright(picture, [place["region"] for place in places]))


def upright(picture: Picture, found: Sequence[Sequence[float] | NDArray[np.float32]]) -> Boxes:
    """Return boxes of a picture's stored pixels where they are in the upright picture."""
    if not found:
        return boxes.empty()
    back = _BACK.get(picture.orientation, picture.orientation)
    w, h = picture.size_wh
    size = (h, w) if orientation.swapped(picture.orientation) else (w, h)
    return orientation.boxes_to_stored(np.asarray(found, np.float32).reshape(-1, 4), back, size)


def _canary(one: Laid, wish: dict[str, Any]) -> dict[str, Any]:
    return {
        "person": wish["person"],
        "head_id": wish["head_id"],
        "box": numbers(one.box),
        "landmarks": numbers(one.landmarks),
        "detector": wish["detector"],
        "height_px": one.height_px,
        "drawn_px": one.drawn_px,
        "place": one.place,
    }


def _head(file: str, wish: dict[str, Any], storage: Storage) -> Head:
    box = floats(wish["box"])
    if box is None:
        raise RuntimeError("a head that is to be laid in has a face")
    return Head.unpack(_read(file, storage), box, floats(wish["landmarks"]))


@functools.lru_cache(maxsize=_HEADS_KEPT)
def _read(file: str, storage: Storage) -> bytes:
    with open_object(canonical(file), storage) as opened:
        return opened.read_at(0, opened.size_bytes)
