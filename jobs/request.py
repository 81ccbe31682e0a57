"""What a run of ``anonymize`` is asked for, and what it reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from anonymizer_udfs.outcome import Status
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.tiers import Tiers
from jobs.context import Treatment
from jobs.figures import Figures
from jobs.options import Common


@dataclass(frozen=True)
class Request:
    """What one command line asks for, checked.

    Attributes:
        common: settings, vault and key.
        source: what to read.
        lake: where to, as typed.
        treatment: policy, models, thresholds, of images whose data set has no policy of its own.
        limit: only a sample of so many images.
        retry: a reason whose quarantined rows are taken again.
        tiers: which data sets have a policy of their own; none: nobody has looked yet.
        others: what these policies mean, and those to which a risk score raises images, by their names; never the
            run's own.
        wait_s: seconds to wait for another run that has the lake.
        mirror: whether rows of the source that it no longer has are erased.
        mirror_lost: the source once more, where most of it may go.
    """

    common: Common
    source: SourceSpec
    lake: str
    treatment: Treatment
    limit: int | None = None
    retry: str | None = None
    tiers: Tiers | None = field(default=None, repr=False)
    others: Mapping[str, Treatment] = field(default_factory=dict)
    wait_s: float = 0.0
    mirror: bool = False
    mirror_lost: str | None = field(default=None, repr=False)

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """What all policies of the run mean, its own first."""
        return self.treatment, *self.others.values()

    def each(self, change: Callable[[Treatment], Treatment]) -> "Request":
        """Return the request with every treatment changed in one way."""
        others = {name: _changed(one, change) for name, one in self.others.items()}
        return replace(self, treatment=_changed(self.treatment, change), others=others)

    @property
    def shares(self) -> bool:
        """Whether faces may get surrogates that they share."""
        return any(one.shares for one in self.treatments)


def _changed(one: Treatment, change: Callable[[Treatment], Treatment]) -> Treatment:
    raised = None if one.raised is None else _changed(one.raised, change)
    return replace(change(one), raised=raised)


@dataclass(frozen=True)
class Report:
    """What a run did."""

    run_id: str
    lake: str
    listed: int
    processed: int
    seconds: float
    figures: Figures
    tracked: str | None = None
    erased: int = 0

    @property
    def held_back(self) -> bool:
        """Whether this run wrote rows that no release takes."""
        counts = self.figures.counts
        return bool(counts.get(Status.QUARANTINED) or counts.get(Status.REVIEW))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "run_id": self.run_id,
            "lake": self.lake,
            "listed": self.listed,
            "processed": self.processed,
            "already_done": self.listed - self.processed,
            "seconds": round(self.seconds, 3),
            "counts": self.figures.counts,
            "figures": self.figures.values,
            "mlflow": self.tracked,
            "erased": self.erased,
        }

    def lines(self) -> list[str]:
        """Return what a person reads."""
        done = f"{self.processed} of {self.listed} images processed in {self.seconds:.1f} s"
        rest = self.listed - self.processed
        lines = [f"{done}, {rest} done before" if rest else done, *self.figures.lines()]
        if not self.listed:
            lines = ["there is no file in the source: nothing to do; if that is not meant, see to SOURCE"]
        if self.erased:
            lines.append(f"{self.erased} erased: the source no longer has them")
        if self.tracked:
            lines.append(f"MLflow: {self.tracked}")
        return [*lines, f"lake: {self.lake}", f"next: faceveil status {self.lake}"]
