"""Galleries that no worker can hold against all probes at once: exact products of blocks, in memory that does not grow.

Executor: a task has some of the probes, and the whole gallery passes by, a batch at a time. What is kept of a probe is
where its right one stands (:class:`anonymizer_udfs.evidence.Standing`), so nothing of the size of all pairs is ever
made, and nothing but figures reaches the driver.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.evaluation.reached import FPIRS, GALLERIES, bound
from anonymizer_udfs.evidence import Figure, Standing, identified, open_set
from anonymizer_udfs.evidence.figure import Dimensions, batch
from anonymizer_udfs.recognition import Recognizer

TEMPLATE = pa.binary()
COMPARED = pa.schema(
    [
        ("block", pa.int32()),
        ("role", pa.int32()),
        ("person", pa.string()),
        ("template", TEMPLATE),
        ("mate", TEMPLATE),
    ]
)
"""One face for one block; ``role`` is 0 for a probe and 1 for the gallery; ``mate`` is a probe's right one there."""
PROBE, GALLERY = 0, 1
STANDING = pa.schema(
    [
        ("person", pa.string()),
        ("above", pa.int64()),
        ("level", pa.int64()),
        ("right", pa.float64()),
        ("other", pa.float64()),
        ("size", pa.int64()),
    ]
)
"""Where one probe's right one stands in the whole gallery."""
_ROWS, _COLUMNS = 2_048, 2_048
"""Of one product: 16 MiB, which stays in the cache that counting reads it from."""
LEVEL = 2e-5
"""Products this near are equal, as a share of the largest: single precision tells no more."""


@dataclass(frozen=True)
class StandInGallery:
    """Partition function: rows of :data:`COMPARED` of one block, probes first, in; rows of :data:`STANDING` out.

    Attributes:
        recognizer: by whose measure templates are compared.
    """

    recognizer: Recognizer

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch; none where there are no probes."""
        people: list[str] = []
        probes: list[NDArray[np.float32]] = []
        mates: list[NDArray[np.float32]] = []
        counting: _Counting | None = None
        for one in batches:
            roles = one.column("role").to_numpy(zero_copy_only=False)
            mine, rest = one.filter(pa.array(roles == PROBE)), one.filter(pa.array(roles == GALLERY))
            if len(mine):
                people += mine.column("person").to_pylist()
                probes.append(templates(mine.column("template")))
                mates.append(templates(mine.column("mate")))
            if len(rest) and people:
                if counting is None:
                    counting = _Counting(
                        self.recognizer, np.array(people), np.concatenate(probes), np.concatenate(mates)
                    )
                counting.add(np.array(rest.column("person").to_pylist()), templates(rest.column("template")))
        if counting is not None:
            yield counting.rows()


def templates(column: pa.Array) -> NDArray[np.float32]:
    """Return templates kept as bytes, ``(n, d)``."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.stack([np.frombuffer(one.as_buffer(), np.float32) for one in values])


class _Counting:
    """Counts, for some probes, who of a gallery is ahead of the right one, as the gallery passes by."""

    def __init__(
        self,
        recognizer: Recognizer,
        people: NDArray[np.str_],
        probes: NDArray[np.float32],
        mates: NDArray[np.float32],
    ) -> None:
        self._who, self._people, self._probes = recognizer, people, probes
        left, right = recognizer.factors(probes, mates)
        self._left = left
        self._mate = np.einsum("ij,ij->i", left, right, dtype=np.float64).astype(np.float32)
        n = len(people)
        self._above, self._level = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._other, self._size = np.full(n, -np.inf, np.float32), 0

    def add(self, people: NDArray[np.str_], gallery: NDArray[np.float32]) -> None:
        """Count a part of the gallery."""
        self._size += len(people)
        _, factors = self._who.factors(self._probes[:1], gallery)
        # Its right one is no other; a person is in the gallery once.
        at = {name: i for i, name in enumerate(people.tolist())}
        own = np.array([at.get(name, -1) for name in self._people.tolist()])
        for top in range(0, len(self._left), _ROWS):
            rows = slice(top, top + _ROWS)
            for start in range(0, len(factors), _COLUMNS):
                part = self._left[rows] @ factors[start : start + _COLUMNS].T
                mine = own[rows] - start
                here = np.flatnonzero((mine >= 0) & (mine < part.shape[1]))
                part[here, mine[here]] = -np.inf
                self._count(rows, part)

    def _count(self, rows: slice, part: NDArray[np.float32]) -> None:
        mate = self._mate[rows, None]
        near = LEVEL * np.maximum(np.abs(mate), np.float32(1e-6))
        over = np.count_nonzero(part > mate + near, axis=1)
        self._above[rows] += over
        self._level[rows] += np.count_nonzero(part >= mate - near, axis=1) - over
        np.maximum(self._other[rows], part.max(1), out=self._other[rows])

    def rows(self) -> pa.RecordBatch:
        """Return where the right ones stand."""
        right, other = (self._who.from_product(values, self._probes) for values in (self._mate, self._other))
        columns = [self._people.tolist(), self._above, self._level, right, other, np.full(len(right), self._size)]
        return pa.record_batch([pa.array(one, f.type) for one, f in zip(columns, STANDING, strict=True)], STANDING)


@dataclass(frozen=True)
class ToFigures:
    """Partition function: all rows of :data:`STANDING` in one partition in; rows of ``evidence.FIGURES`` out.

    Attributes:
        dimensions: of all figures.
        seed: of what is drawn for bounds.
        confidence: of the bounds.
        least: sizes of galleries below this are known from elsewhere.
    """

    dimensions: Dimensions
    seed: int
    confidence: float
    least: int = 0

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch."""
        rows = pa.Table.from_batches([one for one in batches if len(one)], STANDING).sort_by("person")
        if not len(rows):
            return
        above, level, right, other = (rows.column(name).to_numpy() for name in ("above", "level", "right", "other"))
        standing = Standing(above, level, right, other, rows.column("size")[0].as_py())
        yield batch(self._figures(standing, np.array(rows.column("person").to_pylist())))

    def _figures(self, standing: Standing, people: NDArray[np.str_]) -> Iterator[Figure]:
        sizes = {size for size in GALLERIES if self.least <= size <= standing.size} | {standing.size}
        for size in sorted(sizes):
            found = identified(standing, people, size=size, seed=self.seed, confidence=self.confidence)
            told = (*self.dimensions, ("gallery", str(size)))
            yield from (bound("attack", name, getattr(found, name), told) for name in ("rank1", "rank5", "rank10"))
        for rate in FPIRS:
            tpir, _ = open_set(standing, rate)
            told = (*self.dimensions, ("fpir", f"{rate:g}"), ("gallery", str(standing.size)))
            yield Figure("attack", "tpir", tpir, told, cases=len(people), people=len(np.unique(people)))
