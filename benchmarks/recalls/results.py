"""What came out: for each cell which faces each finder found, how sure a share is, and who is worse than whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.recalls import evidence
from benchmarks.recalls.evidence import Rate, Share
from benchmarks.recalls.matching import match
from benchmarks.recalls.measure import Looked


@dataclass(frozen=True, eq=False)
class Result:
    """One cell, or several together.

    Attributes:
        name: the cell.
        factor: what it varies.
        pictures: how many.
        found: for each finder, whether it found each face, in one order for all.
        false: for each finder, how many boxes matched no face.
    """

    name: str
    factor: str
    pictures: int
    found: Mapping[str, NDArray[np.bool_]]
    false: Mapping[str, int]

    @property
    def faces(self) -> int:
        """How many faces there were."""
        return len(next(iter(self.found.values())))

    def recall(self, finder: str) -> Share:
        """Return the share of faces found."""
        return Share(int(self.found[finder].sum()), self.faces)

    def false_rate(self, finder: str) -> Rate:
        """Return the false regions an image."""
        return Rate(self.false[finder], self.pictures)


def judge(looked: Iterable[Looked], finders: Sequence[str], factors: Mapping[str, str], min_iou: float) -> list[Result]:
    """Return one result for each cell, in the order in which they first come.

    Args:
        looked: pictures as everybody saw them.
        finders: names.
        factors: the factor of each cell.
        min_iou: least overlap of a box with the face that it found.
    """
    cells: dict[str, list[Looked]] = {}
    for one in looked:
        cells.setdefault(one.cell, []).append(one)
    out = []
    for name, pictures in cells.items():
        verdicts = {f: [match(one.truth, one.given[f], one.ignored, min_iou) for one in pictures] for f in finders}
        found = {f: np.concatenate([v.found for v in verdicts[f]]) for f in finders}
        out.append(
            Result(name, factors[name], len(pictures), found, {f: sum(v.false for v in verdicts[f]) for f in finders})
        )
    return out


def pooled(name: str, results: Sequence[Result]) -> Result:
    """Return several cells as one.

    Raises:
        ValueError: there is none.
    """
    if not results:
        raise ValueError(f"{name}: nothing to pool")
    finders = results[0].found
    return Result(
        name,
        "pooled",
        sum(one.pictures for one in results),
        {f: np.concatenate([one.found[f] for one in results]) for f in finders},
        {f: sum(one.false[f] for one in results) for f in finders},
    )


@dataclass(frozen=True)
class Comparison:
    """Whether one finder is worse than another in one cell.

    Attributes:
        cell: where.
        ours: who should not be worse.
        theirs: than whom.
        recalls: of both.
        p: how likely chance alone makes ours so much worse, paired face by face.
        p_holm: the same, adjusted for the number of cells.
    """

    cell: str
    ours: str
    theirs: str
    recalls: tuple[float, float]
    p: float
    p_holm: float

    @property
    def worse(self) -> bool:
        """Whether ours is significantly worse in this cell, taken by itself."""
        return self.p < evidence.SIGNIFICANT

    @property
    def worse_of_many(self) -> bool:
        """Whether it still is when the number of cells is taken into account."""
        return self.p_holm < evidence.SIGNIFICANT


def compare(results: Sequence[Result], ours: str, theirs: str) -> list[Comparison]:
    """Return the comparison of two finders in every cell that has faces."""
    with_faces = [one for one in results if one.faces]
    p_values = [evidence.worse(one.found[ours], one.found[theirs]) for one in with_faces]
    return [
        Comparison(one.name, ours, theirs, (one.recall(ours).value, one.recall(theirs).value), p, adjusted)
        for one, p, adjusted in zip(with_faces, p_values, evidence.holm(p_values), strict=True)
    ]
