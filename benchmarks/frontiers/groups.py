"""Groups for ``k_same`` over photos of labelled people: the steps of ``faceveil surrogates``, in one process.

Who is one person is said by labels, so that nobody is in two groups. The photos of a lake are grouped together, and so
are those of an attacker, who has no vault but the code: a surrogate of his is the mean of people that he knows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.grouping import arrow, cells, heads, reading
from anonymizer_udfs.grouping.shards import shards
from anonymizer_udfs.grouping.strata import stratum
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.methods.surrogate import Surrogate
from anonymizer_udfs.shares import Share, Shares
from benchmarks.frontiers.people import Photo

Box = tuple[float, float, float, float]


def shares(photos: Sequence[Photo], templates: NDArray[np.float32], k: int) -> dict[Path, Shares]:
    """Return the surrogate of each photo that has one: those of all whose person is in a group of k people or more.

    Args:
        photos: of a lake, or of an attacker; each shows the face that it is filed under.
        templates: one a photo, of the clear face, ``(n, d)``.
        k: least people of a group, at least 2.
    """
    if len({one.person for one in photos}) < k:
        return {}
    group = _groups(photos, templates, k)
    surrogates = _surrogates([one for one in photos if one.person in group], group, k)
    return {
        one.path: Shares((Share(_placed(one)[0], surrogates[group[one.person]]),))
        for one in photos
        if group.get(one.person) in surrogates
    }


def _groups(photos: Sequence[Photo], templates: NDArray[np.float32], k: int) -> Mapping[str, str]:
    """Return the group of each person who is in one."""
    strata = [arrow.word(stratum(*_placed(one))) for one in photos]
    rows = [
        {"face_id": str(one.path), "template": template, "stratum": said, "person": one.person, "group_id": None}
        for one, template, said in zip(photos, templates, strata, strict=True)
    ]
    faces = pa.RecordBatch.from_pylist(
        rows, pa.schema([*arrow.FACES, ("person", pa.string()), ("group_id", pa.string())])
    )
    centres = cells.centroids(templates, cells.cells_for(len(photos)))
    people = pa.Table.from_batches(arrow.ToPeople(centres)([faces]))
    at = [
        (arrow.parts(said), cell)
        for said, cell in zip(people.column("stratum").to_pylist(), people.column("cell").to_pylist(), strict=True)
    ]
    shard = shards(Counter(at), cells.line(centres).tolist(), k)
    numbered = people.append_column("shard", pa.array([shard[one] for one in at])).sort_by("shard")
    made = pa.Table.from_batches(arrow.FormGroups(k)(numbered.to_batches()), arrow.GROUPED)
    pairs = zip(made.column("person").to_pylist(), made.column("group_id").to_pylist(), strict=True)
    return {person: group for person, group in pairs if group is not None}


def _surrogates(photos: Sequence[Photo], group: Mapping[str, str], k: int) -> dict[str, Surrogate]:
    """Return the surrogate of each group of which k people have a head."""
    made = [row for batch in reading.MakeSurrogates(k)(_heads(photos, group)) for row in batch.to_pylist()]
    return {row["group_id"]: Surrogate.from_png(row["canvas"], row["people"], row["sha256"]) for row in made}


def _heads(photos: Sequence[Photo], group: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Yield the head of each photo that can be aligned, sorted by group and person."""
    for one in sorted(photos, key=lambda photo: (group[photo.person], photo.person, str(photo.path))):
        head = heads.head(one.rgb, *_placed(one))
        if head is not None:
            names = {"group_id": group[one.person], "person": one.person, "face_id": str(one.path)}
            yield pa.RecordBatch.from_pylist([names | {"head": head.tobytes()}], reading.HEADS)


def _placed(photo: Photo) -> tuple[Box, Landmarks]:
    """Return the box and the points of a photo's face as plain numbers."""
    x0, y0, x1, y1 = photo.box.tolist()
    return (x0, y0, x1, y1), tuple((x, y) for x, y in photo.landmarks.tolist())
