"""Whether a run has drifted from its baseline: each figure by its own, and the run by all. Pure, without Spark.

Three answers: ``drifted``, ``steady``, and ``cannot say`` where there is too little on either side. A run is steady
only where at least one figure is and none has drifted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from anonymizer_udfs.drift import Monitor
from anonymizer_udfs.evidence.figure import Figure
from jobs.monitoring import distances, reading
from jobs.monitoring.distances import Apart, Histogram, Share
from jobs.monitoring.reading import Measured

SCOPE = "monitor"
DISTRIBUTIONS = {
    "faces": "regions of an image",
    "confidence": "detectors' confidence",
    "size": "side of a face in pixels",
    "cost": "work on an image in ms",
}
SHARES = {
    "residual": "regions that only the second look found",
    "escalated": "regions that took more than one method",
    "review": "images for a person to decide on",
    "failed": "images in quarantine",
}
_SCORE = "score."
NO_EVALUATION = frozenset({"cost"})
"""Figures that say nothing of who may be recognised: their drift is told, and no evaluation is due for it."""


class State(StrEnum):
    """How a figure, or a run, stands beside its baseline."""

    DRIFTED = "drifted"
    STEADY = "steady"
    UNKNOWN = "cannot say"


@dataclass(frozen=True)
class Finding:
    """One figure of a run beside its baseline.

    Attributes:
        name: what figures and JSON call it.
        title: the same for people.
        state: how it stands.
        baseline, run: the middle value of a distribution, or a share; none where there is nothing.
        baseline_cases, run_cases: of how many images or faces.
        psi, ks: how far distributions are apart; none for shares, and where nothing is said.
        odds: the odds ratio of shares; none for distributions.
        bounds: of the run's share, one-sided.
    """

    name: str
    title: str
    state: State
    baseline: float | None
    run: float | None
    baseline_cases: int
    run_cases: int
    psi: float | None = None
    ks: float | None = None
    odds: float | None = None
    bounds: tuple[float, float] | None = None

    @property
    def due(self) -> bool:
        """Whether an evaluation is due for it."""
        return self.state is State.DRIFTED and self.name not in NO_EVALUATION

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return vars(self) | {"state": self.state.value}

    def figures(self, run_id: str, confidence: float) -> list[Figure]:
        """Return it as figures of scope ``monitor``: what was compared, and the middle or the share on either side."""
        about = (("figure", self.name), ("run", run_id))
        state = (*about, ("state", self.state.value))
        told = (("psi", self.psi), ("ks", self.ks), ("odds_ratio", self.odds))
        out = [Figure(SCOPE, name, value, state, cases=self.run_cases) for name, value in told if value is not None]
        if not out:
            out = [Figure(SCOPE, "unsaid", None, state, cases=self.run_cases)]
        shares = self.name in SHARES
        name = "share" if shares else "median"
        low, high = self.bounds or (None, None)
        sure = confidence if self.bounds else None
        of_run = Figure(SCOPE, name, self.run, (*about, ("side", "run")), low, high, sure, self.run_cases)
        other = Figure(SCOPE, name, self.baseline, (*about, ("side", "baseline")), cases=self.baseline_cases)
        return [*out, of_run, other]


def findings(baseline: Measured, run: Measured, limits: Monitor) -> tuple[Finding, ...]:
    """Return all figures of a run beside its baseline."""
    names = [*DISTRIBUTIONS, *sorted({*baseline.distributions, *run.distributions} - {*DISTRIBUTIONS})]
    found = [_distribution(n, baseline.distributions.get(n, {}), run.distributions.get(n, {}), limits) for n in names]
    empty = Share(0, 0)
    found += [_share(n, baseline.shares.get(n, empty), run.shares.get(n, empty), limits) for n in SHARES]
    return tuple(found)


def state(found: Sequence[Finding]) -> State:
    """Return how a run stands: drifted where one figure has, steady only where one is known to be."""
    states = {one.state for one in found}
    return next((one for one in (State.DRIFTED, State.STEADY) if one in states), State.UNKNOWN)


def title(name: str) -> str:
    """Return what people call a figure; one that is not ours has its own name.

    Examples:
        >>> title("failed"), title("score.arcface")
        ('images in quarantine', 'likeness to the original by arcface')
    """
    if name.startswith(_SCORE):
        return f"likeness to the original by {name.removeprefix(_SCORE)}"
    return (DISTRIBUTIONS | SHARES).get(name, name)


def _distribution(name: str, baseline: Histogram, run: Histogram, limits: Monitor) -> Finding:
    n, m = distances.cases(baseline), distances.cases(run)
    told = Finding(name, title(name), State.UNKNOWN, _middle(name, baseline), _middle(name, run), n, m)
    if min(n, m) < limits.least_cases:
        return told
    psi = distances.psi(baseline, run, limits.bins, limits.confidence)
    ks = distances.ks(baseline, run, limits.confidence)
    drifted = _beyond(psi, limits.psi_most) or _beyond(ks, limits.ks_most)
    state = State.DRIFTED if drifted else State.STEADY
    return Finding(name, told.title, state, told.baseline, told.run, n, m, psi.value, ks.value)


def _beyond(one: Apart, most: float) -> bool:
    return one.value >= most and one.value > one.chance


def _middle(name: str, one: Histogram) -> float | None:
    """Return the middle of the bin of the middle case, in the figure's own unit."""
    place = distances.median(one)
    if place is None:
        return None
    if name == "faces":
        return float(place)
    doubling = {"size": reading.SIZES_A_DOUBLING, "cost": reading.WORK_A_DOUBLING}.get(name)
    if doubling:
        return float(2 ** ((place + 0.5) / doubling))
    return (place + 0.5) / (reading.CONFIDENCES if name == "confidence" else reading.SCORES)


def _share(name: str, baseline: Share, run: Share, limits: Monitor) -> Finding:
    n, m = baseline.trials, run.trials
    bounds = run.bounds(limits.confidence) if m else None
    if min(n, m) < limits.least_cases:
        return Finding(name, title(name), State.UNKNOWN, baseline.value, run.value, n, m, bounds=bounds)
    odds = distances.odds_ratio(baseline, run)
    apart = max(odds, 1 / odds) >= limits.odds_most and distances.separate(baseline, run, limits.confidence)
    state = State.DRIFTED if apart else State.STEADY
    return Finding(name, title(name), state, baseline.value, run.value, n, m, odds=odds, bounds=bounds)
