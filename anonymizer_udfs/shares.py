"""Which surrogates the faces of one image share with others. Runs on an executor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.methods.surrogate import Surrogate

SHARE = pa.struct(
    [
        *((name, pa.float32()) for name in ("x0", "y0", "x1", "y1")),
        ("people", pa.int32()),
        ("sha256", pa.string()),
        ("canvas", pa.binary()),
    ]
)
"""One face of an image in a group: its box in stored pixels, how many people share, and the canvas with its digest."""
SAME_IOU = 0.9
"""A face found again lies where its record says, up to that record's rounding; a neighbour's box overlaps it less."""


@dataclass(frozen=True, eq=False)
class Share:
    """One face's surrogate.

    Attributes:
        box: where the face was recorded, ``x0 y0 x1 y1`` in stored pixels.
        surrogate: what its group becomes.
    """

    box: tuple[float, float, float, float]
    surrogate: Surrogate


@dataclass(frozen=True, eq=False)
class Shares:
    """The surrogates of an image's faces; none for an image that nobody grouped."""

    known: tuple[Share, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "Shares":
        """Return what rows of :data:`SHARE` say.

        Raises:
            SpecError: a canvas is not the one that its digest was taken of.
        """
        return cls(
            tuple(
                Share(
                    (row["x0"], row["y0"], row["x1"], row["y1"]),
                    Surrogate.from_png(row["canvas"], row["people"], row["sha256"]),
                )
                for row in rows
            )
        )

    def of(self, found: Sequence[NDArray[np.float32]]) -> list[Surrogate | None]:
        """Return the surrogate of each face found, ``x0 y0 x1 y1`` in stored pixels; none where that is not sure.

        It is sure where one recorded box alone lies on the face, and on no other face.
        """
        if not self.known or not found:
            return [None] * len(found)
        recorded = np.array([one.box for one in self.known], np.float32)
        same = boxes.iou(np.stack(found), recorded) >= SAME_IOU
        alone = same & (same.sum(0) == 1) & (same.sum(1) == 1)[:, None]
        return [self.known[int(row.argmax())].surrogate if row.any() else None for row in alone]
