"""Who is who where nobody says so: clusters of original faces on which two recognizers agree. Executor; needs no Spark.

Each recognizer joins faces that it calls one person's, by chains. A person is guessed where both come to the very same
faces; what one joins and the other does not is nobody's, and so is a cluster that has two faces of one photo. A face
that both leave alone is a person with one photo.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.grouping.linking import linked
from anonymizer_udfs.recognition import Recognizer

LEAST_RECOGNIZERS = 2
TEMPLATES = pa.schema([("face_id", pa.string()), ("image_id", pa.string()), ("templates", pa.list_(pa.binary()))])
"""A face, with its template by each recognizer, in their order."""
GUESSED = pa.schema([("face_id", pa.string()), ("person", pa.string()), ("faces", pa.int32())])
"""Whose a face may be: the smallest id of the person's faces, and how many there are; null where nobody can say."""


@dataclass(frozen=True)
class GuessPeople:
    """Partition function: all rows of :data:`TEMPLATES` in one partition in; rows of :data:`GUESSED` out.

    Attributes:
        recognizers: who must agree, at least two.
        thresholds: the similarity from which on each takes two faces for one person's.
    """

    recognizers: tuple[Recognizer, ...]
    thresholds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse one recognizer alone: nobody would contradict it."""
        if len(self.recognizers) < LEAST_RECOGNIZERS or len(self.recognizers) != len(self.thresholds):
            raise SpecError(
                f"people are guessed by {LEAST_RECOGNIZERS} recognizers or more with a threshold each, got "
                f"{len(self.recognizers)} with {len(self.thresholds)}"
            )

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one batch, in the order of the faces' ids; none where there are no faces."""
        rows = sorted((row for one in batches for row in one.to_pylist()), key=lambda row: str(row["face_id"]))
        if not rows:
            return
        every = zip(*(row["templates"] for row in rows), strict=True)
        mine = [np.stack([np.frombuffer(one, np.float32) for one in some]) for some in every]
        told = zip(mine, self.recognizers, self.thresholds, strict=True)
        roots = [linked(templates, who, threshold) for templates, who, threshold in told]
        person = agreed(roots, np.array([row["image_id"] for row in rows]))
        sizes = np.bincount(person[person >= 0], minlength=len(rows))
        ids = [row["face_id"] for row in rows]
        out = [
            {
                "face_id": one,
                "person": ids[root] if root >= 0 else None,
                "faces": int(sizes[root]) if root >= 0 else None,
            }
            for one, root in zip(ids, person.tolist(), strict=True)
        ]
        yield pa.RecordBatch.from_pylist(out, GUESSED)


def agreed(roots: Sequence[NDArray[np.intp]], images: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return for each face the smallest index of its person's faces; -1 where recognizers do not agree.

    Args:
        roots: by each recognizer, the smallest index of each face's cluster, ``(n,)``.
        images: on which photo each face is.

    Examples:
        >>> one = np.array([0, 0, 2, 2, 4, 5])
        >>> other = np.array([0, 0, 2, 3, 4, 5])
        >>> agreed([one, other], np.array(list("abcdef"))).tolist()
        [0, 0, -1, -1, 4, 5]
        >>> agreed([one, one], np.array(list("aabcde"))).tolist()
        [-1, -1, 2, 2, 4, 5]
    """
    first, *others = roots
    out = first.copy()
    # Clusters are numbered by their smallest index, so that equal clusters have equal numbers, and no others have.
    for other in others:
        doubted = np.unique(np.concatenate([first[first != other], other[first != other]]))
        out[np.isin(first, doubted) | np.isin(other, doubted)] = -1
    kept = out >= 0
    pairs, counts = np.unique(np.stack([out[kept].astype(str), images[kept]]), axis=1, return_counts=True)
    twice = np.unique(pairs[0][counts > 1]).astype(np.intp)
    out[np.isin(out, twice)] = -1
    return out
