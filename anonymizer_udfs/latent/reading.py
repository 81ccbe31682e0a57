"""The steps of learning a space as functions over Arrow, which run on executors.

Shapes and textures stay there, as templates do: what goes to the driver are sums over all people. Each step is a named
callable with its parameters over the batches of a partition (``mapInArrow``).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.grouping import reading
from anonymizer_udfs.grouping.arrow import runs
from anonymizer_udfs.grouping.reading import SEEN, FaceSpec, Opened, State
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.latent import learning
from anonymizer_udfs.latent.learning import LEAST_PEOPLE, Faces, Sums, Textures
from anonymizer_udfs.methods import mesh, placing, space
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.space import Space
from anonymizer_udfs.models import tensors

DRAWN = pa.schema([*SEEN, ("shape", pa.list_(pa.float32())), ("texels", pa.binary())])
"""One face: what grouping needs, and its shape and texture; neither where it has none."""
OF_PEOPLE = pa.schema(
    [("person", pa.string()), ("face_id", pa.string()), ("shape", pa.list_(pa.float32())), ("texels", pa.binary())]
)
SUMS = pa.schema([("part", pa.string()), ("sums", pa.binary())])
"""Sums over a part of the faces, under the name of its first one: parts are added in the order of their names."""

Step = Callable[[Faces], Sums]
Summing = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""From batches of :data:`OF_PEOPLE` to rows of :data:`SUMS`."""


def read_faces(
    batches: Iterable[pa.RecordBatch], spec: FaceSpec, landmarker: Landmarker | None
) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`DRAWN` for rows of ``reading.WANTED``, one for each face."""
    for one in reading.opened(batches, spec):
        rows = [_drawn(one, face, spec, landmarker) for face in one.row["faces"]]
        if rows:
            yield pa.RecordBatch.from_pylist(rows, DRAWN)


def _drawn(one: Opened, face: dict[str, Any], spec: FaceSpec, landmarker: Landmarker | None) -> dict[str, Any]:
    row = reading.seen(one, face, spec) | {"shape": None, "texels": None}
    if one.rgb is None or row["state"] != State.READ:
        return row
    box, points = one.placed(face)
    target = Target(box, landmarks=points, detector=reading.aligned_by(face), runtime=spec.runtime)
    return row | (drawn(one.rgb, target, landmarker) or {})


def drawn(rgb: NDArray[np.uint8], target: Target, landmarker: Landmarker | None) -> dict[str, Any] | None:
    """Return ``shape`` and ``texels`` of a face as :data:`DRAWN` has them; None where it has none.

    Args:
        rgb: the picture, uint8 ``(h, w, 3)``.
        target: where the face is.
        landmarker: who gives many points; none: the detector's five count.
    """
    placed = placing.place(rgb, target, landmarker)
    if placed is None:
        return None
    texels = placed.texture(rgb)[mesh.mesh(placed.scheme).texels]
    levels = np.rint(texels * 255).astype(np.uint8)
    return {"shape": placed.inner.ravel().astype(np.float32), "texels": levels.tobytes()}


def faces_of(table: pa.Table) -> Faces:
    """Return rows of :data:`OF_PEOPLE` as arrays."""
    people = np.array(table.column("person").to_pylist(), object)
    shapes = np.array(table.column("shape").to_pylist(), np.float32).reshape(len(table), -1)
    texels = [np.frombuffer(one, np.uint8) for one in table.column("texels").to_pylist()]
    return Faces(people, shapes, np.stack(texels))


@dataclass(frozen=True, eq=False)
class SumTextures:
    """Executor, a partition of :data:`OF_PEOPLE`: its sums in one round of the search for modes of textures."""

    step: Textures = field(repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row of :data:`SUMS`; none for a partition without faces."""
        tables = (pa.Table.from_batches([batch]) for batch in batches)
        return _summed((table for table in tables if len(table)), self.step)


@dataclass(frozen=True)
class SumShapes:
    """Executor, a partition of :data:`OF_PEOPLE`: the sums of its shapes."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row of :data:`SUMS`; none for a partition without faces."""
        tables = (pa.Table.from_batches([batch]) for batch in batches)
        return _summed((table for table in tables if len(table)), learning.shape_sums)


@dataclass(frozen=True, eq=False)
class SumPeople:
    """Executor, a partition of :data:`OF_PEOPLE` that holds all faces of each of its people, sorted by them.

    Attributes:
        packed: the file of a space whose kept directions are not known yet.
    """

    packed: bytes = field(repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row of :data:`SUMS`; none for a partition without faces."""
        faces = space.read(self.packed)
        return _summed(runs(batches, "person"), lambda some: learning.people_sums(some, faces))


def _summed(tables: Iterable[pa.Table], step: Step) -> Iterator[pa.RecordBatch]:
    total: Sums = {}
    part = ""
    for table in tables:
        part = part or str(table.column("face_id")[0])
        total = learning.added(total, step(faces_of(table)))
    if total:
        yield _row(part, total)


@dataclass(frozen=True)
class AddSums:
    """Executor, one partition that holds all rows of :data:`SUMS`, sorted by part: their sum, as one row."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row; none where there is nothing to add."""
        total: Sums = {}
        for batch in batches:
            for row in batch.to_pylist():
                total = learning.added(total, tensors.unpack(row["sums"]))
        if total:
            yield _row("", total)


def _row(part: str, sums: Sums) -> pa.RecordBatch:
    packed = tensors.pack({name: values.astype(np.float32) for name, values in sums.items()})
    return pa.RecordBatch.from_pylist([{"part": part, "sums": packed}], SUMS)


def learn(summed: Callable[[Summing], Sums], people: int, scheme: str, least: int = LEAST_PEOPLE) -> Space:
    """Return the space of some faces.

    Args:
        summed: gives the sums of a step over all faces, rows of :data:`OF_PEOPLE` of which all of a person come one
            after another; called some five times.
        people: how many there are.
        scheme: of their points.
        least: fewer people are refused.

    Raises:
        SpecError: they are too few, or too few of them have two photos.
    """
    shapes, textures = learning.counts(people, scheme, least)
    mean_shape, shape_modes = learning.shape_modes(summed(SumShapes()), shapes)
    texels = learning.texels_of(scheme)
    mean, vectors = np.zeros(3 * texels, np.float32), learning.start(texels, textures)
    for _ in range(learning.ROUNDS):
        mean, vectors = learning.orthonormal(summed(SumTextures(Textures(mean, vectors))), vectors, mean)
    modes = learning.texture_modes(summed(SumTextures(Textures(mean, vectors))), vectors, textures)
    found = Space(mean_shape, shape_modes, mean.reshape(-1, 3), modes, np.eye(1, shapes + textures, dtype=np.float32))
    within = summed(SumPeople(space.pack(found)))
    return replace(found, kept=learning.kept_directions(within, found, least))


def unpacked(sums: bytes) -> Sums:
    """Return the sums of a row."""
    return {name: _wide(values) for name, values in tensors.unpack(sums).items()}


def _wide(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return values.astype(np.float64)
