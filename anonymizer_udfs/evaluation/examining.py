"""Each image of a lake beside its original: what is left in it, and each face as attackers see it.

Executor, once a partition; needs no Spark. The original is read once more and known by its digest; one that is gone or
changed is counted and skipped. The release is what the row holds.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import pyarrow as pa

from anonymizer_udfs import downstream, imaging, subject, verification
from anonymizer_udfs.comparing import Comparer
from anonymizer_udfs.detection.plans import FAST
from anonymizer_udfs.evaluation import donated, parroting, places, sides, views
from anonymizer_udfs.evaluation.sides import CLEAR, RELEASED
from anonymizer_udfs.evaluation.views import Lookers
from anonymizer_udfs.grouping.reading import State
from anonymizer_udfs.imaging import Picture, animation, carried, enclosed
from anonymizer_udfs.keys import Key
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods import StandIn
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import FACE, LISTED, Planned
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.subject import Subject

FACE_KIND = "face"

EXAMINED = pa.schema(
    [
        *LISTED,
        ("source_digest", pa.string()),
        ("content", pa.binary()),
        ("reencoded", pa.bool_()),
        ("steps", pa.list_(pa.string())),
        ("policy", pa.string()),
        ("faces", pa.list_(FACE)),
        ("person", pa.string()),
        ("named", pa.list_(pa.struct([("face", pa.int32()), ("person", pa.string())]))),
        ("attacked", pa.bool_()),
        ("brief", pa.bool_()),
        ("measured", pa.bool_()),
    ]
)
"""An image of the lake and where its original is.

- ``steps``: through which all of its pixels went; places are those after them, and no pixel need be the original's.
- ``person``: who is on it, where that is known (then the largest face is meant); else each face is somebody of its own.
- ``named``: whose each of some faces is, by its place in ``faces``, where that is known; then only these are meant.
- ``attacked``: its faces are wanted as attackers see them; ``brief``: by their templates alone.
- ``measured``: it is wanted what is left of the picture's use."""
KEPT = pa.map_(pa.string(), pa.struct([("value", pa.float64()), ("cases", pa.int64())]))
VIEWED = pa.struct(
    [
        ("face_id", pa.string()),
        ("person", pa.string()),
        ("height_px", pa.float32()),
        ("method", pa.string()),
        ("views", pa.map_(pa.string(), pa.binary())),
    ]
)
SEEN = pa.schema(
    [
        ("image_id", pa.string()),
        ("state", pa.string()),
        ("metadata_left", pa.bool_()),
        ("outside_changed", pa.bool_()),
        ("reencoded", pa.bool_()),
        ("unaligned", pa.int32()),
        ("faces", pa.list_(VIEWED)),
        ("kept", KEPT),
        ("small", pa.list_(pa.binary())),
    ]
)
"""What was seen of an image: ``kept`` are figures of utility, ``small`` is it at 64x64 pixels, before and after.

``outside_changed`` is null where nothing could be compared."""


@dataclass(frozen=True)
class ExamineSpec:
    """What a worker is told.

    Attributes:
        worker: key, runtime, limits, storage, and every policy of the lake.
        stranger: an attacker's own key, under which he treats his photos as the lake treats its own.
        lookers: who makes templates.
        inside: only what lies inside of regions is seen: where a photo is compared with itself, all around it would
            tell it at once.
        controls: blurred faces are seen, too.
        comparer: who says what is left of a picture's use; none: nobody.
        small: whether small copies are wanted, for models to be trained on.
        donating: who finds the points by which people are compared with the archive's donors; none: nobody asks.
        whole: with ``inside``, clear faces are also seen with all around them, so that people can be told apart.
    """

    worker: WorkerSpec
    stranger: Key = field(repr=False)
    lookers: Lookers
    inside: bool = False
    controls: bool = True
    comparer: Comparer | None = None
    small: bool = False
    donating: Landmarker | None = None
    whole: bool = False

    @property
    def strangers(self) -> WorkerSpec:
        """What the attacker's own treatment is told."""
        return replace(self.worker, key=self.stranger, panel=None, measure=None)


def examine(batches: Iterable[pa.RecordBatch], spec: ExamineSpec) -> Iterator[pa.RecordBatch]:
    """Yield a row of :data:`SEEN` for each row of :data:`EXAMINED`, in order, one image at work at a time.

    An image of which the vault does not know where its original is (``uri`` is null) is one whose original is gone:
    what it holds beside its pixels is looked for all the same.
    """
    worker = spec.worker
    cv2.setNumThreads(worker.runtime.threads)
    waiting, listed = itertools.tee(row for batch in batches for row in batch.to_pylist())
    entries = (Planned.from_row(row).entry for row in listed if row["uri"] is not None)
    with closing(Reader(worker.storage, worker.limits.max_bytes, worker.content_column)) as reader:
        contents = reader.read_ahead(entries, worker.limits.read_threads, worker.limits.read_ahead_bytes)
        for row in waiting:
            data = Reason.UNREADABLE if row["uri"] is None else next(contents)[1]
            yield pa.RecordBatch.from_pylist([_seen(row, data, spec)], SEEN)


def _seen(row: dict[str, Any], data: bytes | Reason, spec: ExamineSpec) -> dict[str, Any]:
    out: dict[str, Any] = {
        "image_id": row["image_id"],
        "state": State.READ.value,
        "metadata_left": metadata_left(row["content"], spec.worker.limits.max_pixels),
        "outside_changed": None,
        "reencoded": row["reencoded"],
        "unaligned": 0,
        "faces": [],
        "kept": None,
        "small": None,
    }
    if isinstance(data, Reason):
        return out | {"state": (State.CHANGED if data is Reason.CHANGED else State.GONE).value}
    if spec.worker.key.source_digest(data) != row["source_digest"]:
        return out | {"state": State.CHANGED.value}
    try:
        source, came = opened(data, spec), opened(row["content"], spec)
        before, after = source.pictures(), came.pictures()
    except BadImageError:
        return out | {"state": State.GONE.value}
    if not row["steps"]:
        out["outside_changed"] = outside_changed(before, after, row["faces"])
        if row["measured"] and len(before) == 1:
            out |= _used(row, before[0], after[0], spec)
    if row["attacked"] and len(before) == len(after):
        found, unaligned = faces(row, source, after, spec)
        out |= {"faces": found, "unaligned": unaligned}
    return out


def _used(row: dict[str, Any], before: Picture, after: Picture, spec: ExamineSpec) -> dict[str, Any]:
    """Return what is left of a picture's use, and small copies of it."""
    out: dict[str, Any] = {}
    if spec.comparer is not None and before.pixels.shape == after.pixels.shape:
        regions = [
            (int(a), int(b), int(c), int(d)) for a, b, c, d in (places.corners(one["region"]) for one in row["faces"])
        ]
        found = spec.comparer.figures(before, after, regions)
        out["kept"] = [(name, {"value": one.value, "cases": one.cases}) for name, one in found.items()]
    if spec.small:
        out["small"] = [downstream.small(subject.upright(one)).tobytes() for one in (before, after)]
    return out


def opened(data: bytes, spec: ExamineSpec) -> Subject:
    """Return what a file shows.

    Raises:
        BadImageError: it cannot be decoded.
    """
    limits = spec.worker.limits
    return subject.of(imaging.probe(data), data, FAST, limits.max_pixels)


def metadata_left(content: bytes, max_pixels: int) -> bool:
    """Return whether a released file holds anything but its picture.

    Looked for are a place, names and dates, thumbnails, makers' notes and what follows the end; and whatever else there
    is, since a file that says anything but how its pixels are to be shown would be written shorter once more.
    """
    if carried.carried(content) != carried.NOTHING or enclosed.enclosed(content) != enclosed.NOTHING:
        return True
    try:
        moving = imaging.probe(content).frames > 1
        whole = animation.frames(content, max_pixels=max_pixels) if moving else None
        again = whole.untouched if whole else imaging.decode(content, max_pixels=max_pixels).encoding.untouched
    except BadImageError:
        return True
    return again is not None and len(again) < len(content)


def outside_changed(before: Sequence[Picture], after: Sequence[Picture], faces: Sequence[dict[str, Any]]) -> bool:
    """Return whether any pixel outside of the regions that a row names differs from the source's.

    Args:
        before: the source's frames.
        after: the release's frames.
        faces: of the row, each with the frame that it lies in.
    """
    if len(before) != len(after):
        return True
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        if one.pixels.shape != other.pixels.shape or one.pixels.dtype != other.pixels.dtype:
            return True
        mine = [places.corners(face["region"]) for face in faces if face["frame"] == number]
        inside = views.covered(mine, one.pixels.shape)
        if (verification.differs(one, other) & ~inside).any():
            return True
    return False


def faces(
    row: dict[str, Any], source: Subject, after: Sequence[Picture], spec: ExamineSpec
) -> tuple[list[dict[str, Any]], int]:
    """Return the faces of an image as attackers see them, and how many could not be aligned.

    Args:
        row: of the image.
        source: the original.
        after: the frames of the release.
        spec: what a worker is told.
    """
    mine = [(i, face, who, places.placed(face, after[0])) for i, face, who in sides.wanted(row, FACE_KIND)]
    aligned = [(i, face, who, shown) for i, face, who, shown in mine if shown is not None]
    if not aligned:
        return [], len(mine)
    parrots = parroting.treated(row, source, after[0], spec.strangers) or (None,) * len(after)
    seeing = sides.Seeing(spec.lookers, spec.inside, spec.controls, spec.whole)
    facts = sides.facts(row["content"], after[0])
    out = []
    frames: dict[int, sides.Frame] = {}
    for i, face, who, shown in aligned:
        at = face["frame"]
        if at not in frames:
            frames[at] = sides.Frame(source.pictures()[at], after[at], row["steps"] or (), parrots[at])
        regions = [one["region"] for one in row["faces"] if one["frame"] == at]
        there = frames[at].sides(shown, regions)
        if row["brief"]:
            seen = sides.templates(there, seeing)
        else:
            seen = sides.every(there, seeing) | {f"{RELEASED}.file": facts, f"{CLEAR}.file": facts}
            seen |= frames[at].canvases(there)
            seen |= _donated(face, there[CLEAR], spec)
        out.append(
            {
                "face_id": sides.face_id(row["image_id"], i),
                "person": who,
                "height_px": shown.box[3] - shown.box[1],
                "method": face["method"],
                "views": list(seen.items()),
            }
        )
    return out, len(mine) - len(aligned)


def _donated(face: dict[str, Any], clear: sides.Side, spec: ExamineSpec) -> views.Views:
    """Return what is asked about donors: whether somebody stands in for this face, and this one as a donor would be."""
    if spec.donating is None:
        return {}
    mark = {donated.MARK: b""} if face["method"] == StandIn.name else {}
    return mark | donated.seen(clear, spec.donating, spec.lookers)


__all__ = ["EXAMINED", "SEEN", "ExamineSpec", "examine", "faces", "metadata_left", "opened", "outside_changed"]
