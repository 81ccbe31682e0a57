"""One measured figure with its bounds, as it goes from an executor to the table ``metrics`` and to the gate.

What figures there are, by scope, with their dimensions in brackets; all bounds are one-sided:

- ``evaluation``: images, faces, people (who have two photos), gone, changed, unaligned, seconds.
- ``images``: counts over all, ``cases`` being images seen: metadata_left, outside_changed, reencoded, held_back.
- ``attack`` [attack, tier, recognizer, gallery]: rank1, rank5, rank10, rank1_distinctive, cmc [rank], tpir [fpir],
  tar [fmr], det [fmr], eer, person_risk [quantile].
- ``linkability`` [recognizer]: d_sys, d_sys_null, d_sys_excess, eer.
- ``membership`` [recognizer]: auc, tpr [fpr]; of donors donor_auc, donor_tpr [fpr] and donor_auc_null, which is what
  donors' photos tell without any leak.
- ``reconstruction`` [attack, recognizer]: psnr, ssim, matched.
- ``attribute`` [attribute, shown: clear or released]: accuracy (balanced).
- ``k_same``: least_people.
- ``control`` [recognizer, asked, passed: yes or no]: clear_found, weak_blur_broken, learned_over_static,
  stranger_found.
- ``canary`` [kind: face or plate]: missed (regions of 20 px and more left visible; also by [size]), held_back, size_ks,
  confidence_ks, confidence_ks_p, seam_ks, seam_ks_p; by [recognizer] score_ks, score_ks_p.
- ``stand_in`` [people: canaries or guessed]: what ``attack``, ``control`` and ``reconstruction`` have, with their
  dimensions, on people who stand in for those whom nobody named; people, and of those guessed alone and doubted.
- ``utility``: psnr_inside, psnr_outside, ssim_inside, ssim_outside, retained, and what else is measured.
- ``downstream`` [task, model, trained: clear, anonymized or difference]: accuracy, mcnemar_p (of the difference);
  [task]: majority.
- ``monitor`` [figure, run, state]: psi, ks, odds_ratio, unsaid; [figure, run, side: run or baseline]: median, share;
  of a run of ``faceveil monitor``, not of an evaluation (docs/monitoring.md).
- ``worst`` [image_id, face, attack]: score.
- ``gate`` [gate, check, state: passed, failed or missing]: threshold; ``high`` is the bound that was compared with it.

Where figures are of one group alone, dimensions also have ``group`` (a column) and ``of`` (its value).
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

FIGURES = pa.schema(
    [
        pa.field("scope", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("dimensions", pa.map_(pa.string(), pa.string())),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("confidence", pa.float64()),
        pa.field("cases", pa.int64(), nullable=False),
        pa.field("people", pa.int64()),
    ]
)
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        scope, name: what it is; see the module.
        value: the estimate; none where it cannot be had.
        dimensions: what tells it from figures of the same name, sorted by key.
        low, high: one-sided bounds.
        confidence: of each of them.
        cases: of how many images, faces, pairs or probes.
        people: of how many people.
    """

    scope: str
    name: str
    value: float | None
    dimensions: Dimensions = ()
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    cases: int = 0
    people: int | None = None

    def __post_init__(self) -> None:
        """Sort the dimensions, so that equal figures are equal."""
        object.__setattr__(self, "dimensions", tuple(sorted((str(k), str(v)) for k, v in self.dimensions)))

    def of(self, dimension: str) -> str | None:
        """Return the value of a dimension, or nothing.

        Examples:
            >>> Figure("attack", "rank1", 0.1, (("attack", "static"),)).of("attack")
            'static'
        """
        return dict(self.dimensions).get(dimension)

    def row(self) -> dict[str, Any]:
        """Return the row of :data:`FIGURES`."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Figure":
        """Return the figure of a row of :data:`FIGURES`, or of the table ``metrics``."""
        given = {one.name: row[one.name] for one in fields(cls)}
        pairs = given["dimensions"] or ()
        return cls(**{**given, "dimensions": tuple(pairs.items() if isinstance(pairs, dict) else pairs)})


def batch(figures: Iterable[Figure]) -> pa.RecordBatch:
    """Return figures as one batch of :data:`FIGURES`."""
    return pa.RecordBatch.from_pylist([one.row() for one in figures], FIGURES)
