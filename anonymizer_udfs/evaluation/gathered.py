"""Rows of faces, put together into what attackers work on. Runs on an executor, once an attack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import CHIP_PX, Faces, Side
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evaluation.sides import CLEAR, PARROT, RELEASED
from anonymizer_udfs.evaluation.views import CANVAS, CHIP, CONTEXT

FILE = "file"
SHARP = "sharp."
ATTACKED = pa.schema(
    [
        ("attack", pa.int32()),
        ("person", pa.string()),
        ("number", pa.int32()),
        ("face_id", pa.string()),
        ("groups", pa.map_(pa.string(), pa.string())),
        ("views", pa.map_(pa.string(), pa.binary())),
    ]
)
"""One face for one attack; ``number`` counts the photos of a person, from 1, in a random order."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """Faces of one attack, in the order of people and of their photos.

    Attributes:
        people: who is on each.
        numbers: which photo of the person it is, from 1.
        face_ids: of each.
        groups: what else is known of the person, by column.
        views: of each, by name.
    """

    people: NDArray[np.str_]
    numbers: NDArray[np.int64]
    face_ids: NDArray[np.str_]
    groups: Sequence[dict[str, str]]
    views: Sequence[dict[str, bytes]]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> "Gathered":
        """Return the faces of a partition that holds one attack."""
        rows = [row for batch in batches for row in batch.to_pylist()]
        rows.sort(key=lambda row: (row["person"], row["number"]))
        return cls(
            np.array([row["person"] for row in rows], np.str_),
            np.array([row["number"] for row in rows], np.int64),
            np.array([row["face_id"] for row in rows], np.str_),
            [dict(row["groups"] or ()) for row in rows],
            [dict(row["views"]) for row in rows],
        )

    def side(self, side: str, recognizers: Sequence[str], *, context: bool) -> Side | None:
        """Return one side of all faces; nothing where one of them has none.

        Args:
            side: which.
            recognizers: whose templates are wanted.
            context: whether what is around faces is wanted.
        """
        names = [name for name in recognizers if all(f"{side}.{name}" in one for one in self.views)]
        if not len(self.people) or set(names) != set(recognizers) or not self._all(f"{side}.{CHIP}"):
            return None
        templates = {name: self._floats(f"{side}.{name}") for name in names}
        chips = np.stack([np.frombuffer(one[f"{side}.{CHIP}"], np.uint8) for one in self.views])
        more = [f"{SHARP}{name}" for name in names] + ([CANVAS, *CONTEXT, FILE] if context else [])
        views = {name: self._view(f"{side}.{name}") for name in more if self._all(f"{side}.{name}")}
        return Side(templates, chips.reshape(-1, CHIP_PX, CHIP_PX, 3), views)

    def _all(self, name: str) -> bool:
        return all(name in one for one in self.views)

    def _floats(self, name: str) -> NDArray[np.float32]:
        return np.stack([np.frombuffer(one[name], np.float32) for one in self.views])

    def _view(self, name: str) -> NDArray[np.float32]:
        if name.endswith(CANVAS):
            return np.stack([np.frombuffer(one[name], np.uint8) for one in self.views]).astype(np.float32)
        return self._floats(name)

    def faces(self, recognizers: Sequence[str], released: str = RELEASED, *, context: bool = False) -> Faces:
        """Return the faces with both sides, and the parrot's where all have one.

        Args:
            recognizers: whose templates are wanted.
            released: what stands in the release's place; a control has clear or weakly blurred faces there.
            context: whether what is around faces is wanted.

        Raises:
            SpecError: some have not what is asked for.
        """
        clear = self.side(CLEAR, recognizers, context=context)
        other = clear if released == CLEAR else self.side(released, recognizers, context=context)
        if clear is None or other is None:
            raise SpecError(f"not all faces have what an attack on {released} faces needs")
        return Faces(self.people, clear, other, self.side(PARROT, recognizers, context=context))

    def roles(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which are probes, one photo a person, and which are the gallery: another photo of the same people.

        People who have one photo are in the gallery, too.
        """
        two = np.isin(self.people, self.people[self.numbers == 2])  # noqa: PLR2004 - the second photo
        probes = np.flatnonzero(two & (self.numbers == 1))
        gallery = np.flatnonzero((self.numbers == 2) | (~two & (self.numbers == 1)))  # noqa: PLR2004 - as above
        return probes, gallery
