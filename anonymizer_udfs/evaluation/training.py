"""Models that are trained on what was seen of an archive: do they do as well? Runs on one executor, in one task."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from anonymizer_udfs.downstream import SIDE_PX, compare, of_faces, of_labels
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.evidence.figure import batch

TRAINED_ON = pa.schema(
    [
        ("image_id", pa.string()),
        ("small", pa.list_(pa.binary())),
        ("answer", pa.string()),
        ("shown", pa.int32()),
        ("belongs", pa.string()),
    ]
)
"""An image before and after at 64x64 pixels, what models are asked of it, how many faces it shows, and whose it is."""


@dataclass(frozen=True)
class TrainPartition:
    """Partition function: all rows of :data:`TRAINED_ON` in one partition in; rows of ``evidence.FIGURES`` out.

    Attributes:
        seed: of folds and trainings.
        column: the name of the column that answers come from.
    """

    seed: int
    column: str

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch."""
        rows = sorted((row for one in batches for row in one.to_pylist()), key=lambda row: row["image_id"])
        if not rows:
            return
        clear, released = (
            np.stack([np.frombuffer(row["small"][side], np.uint8).reshape(SIDE_PX, SIDE_PX, 3) for row in rows])
            for side in (0, 1)
        )
        tasks = [
            of_labels(self.column, [row["answer"] for row in rows]),
            of_faces(np.array([r["shown"] for r in rows])),
        ]
        groups = [row["belongs"] or row["image_id"] for row in rows]
        found = compare.compare(clear, released, tasks, seed=self.seed, groups=groups)
        left_out = (Figure("downstream", "left_out", None, (("why", why),)) for why in found.left_out)
        yield batch([*found.figures, *left_out])
