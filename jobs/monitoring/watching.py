"""One call of ``faceveil monitor``: measure, judge, and write down what came of it. Runs on the driver, without Spark.

What is written is one event in the ledger and its figures in ``metrics``, once for each run, baseline and set of
thresholds: calling it again says the same and writes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.drift import Monitor
from jobs import due, progress
from jobs.due import DUE, Due
from jobs.lake import Lake
from jobs.ledger import Event, new_run_id
from jobs.metrics import MONITOR_APP, Metrics
from jobs.monitoring import judging, reading, runs
from jobs.monitoring.judging import Finding, State
from jobs.monitoring.runs import Compared
from jobs.screen import Section, counted


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Attributes:
        run_id: of which run; none for the newest that wrote images.
        baseline: with what it is compared, as :func:`jobs.monitoring.runs.compared` has it.
        limits: what counts as drift; none for what the run's own policy said.
        write: whether ledger and metrics are told.
    """

    run_id: str | None = None
    baseline: str = runs.BEFORE
    limits: Monitor | None = None
    write: bool = True


@dataclass(frozen=True)
class Watched:
    """What came of it.

    Attributes:
        run_id: the run that was looked at; none where no run has written an image yet.
        monitor_id: under which ``runs`` and ``metrics`` have it; none where nothing was written.
        compared: with how many runs.
        state: how the run stands.
        findings: each figure.
        due: why an evaluation is due, whoever found it.
        notes: what a reader should know.
        limits: what counted as drift.
    """

    run_id: str | None
    monitor_id: str | None
    compared: int
    state: State
    findings: tuple[Finding, ...]
    due: Due | None
    notes: tuple[str, ...]
    limits: Monitor

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "run_id": self.run_id,
            "monitor_id": self.monitor_id,
            "compared": self.compared,
            "state": self.state.value,
            "figures": [one.as_dict() for one in self.findings],
            "evaluation_due": None if self.due is None else vars(self.due),
            "notes": list(self.notes),
            "limits": self.limits.to_mapping(),
        }

    def sections(self) -> list[Section]:
        """Return what a person reads."""
        rows = tuple(
            (
                one.title,
                one.state.value,
                _number(one.baseline),
                _number(one.run),
                f"{one.baseline_cases:,} / {one.run_cases:,}",
                _number(one.psi),
                _number(one.ks),
                _number(one.odds),
            )
            for one in self.findings
        )
        head = ("figure", "state", "baseline", "run", "cases", "PSI", "KS", "odds ratio")
        said = [*self.notes, *([] if self.due is None else [self.due.sentence])]
        title = f"run {self.run_id or '-'} beside {counted(self.compared, 'run')}: {self.state.value}"
        return [
            Section(title, rows or ((State.UNKNOWN.value,),), head if rows else (), (2, 3, 4, 5, 6, 7) if rows else ()),
            Section("note", tuple((one,) for one in said)),
        ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def watch(lake: Lake, asked: Asked) -> tuple[Watched, Event | None]:
    """Compare a run with its baseline; return what came of it, and the event that is new in the ledger, if one is.

    Raises:
        UsageError: a run is asked for that is not there.
        LakeError: the ledger cannot be written, such as where nobody may sign.
    """
    events = lake.ledger.events()
    pair = runs.compared(events, asked.run_id, asked.baseline)
    if pair is None:
        note = "No run of faceveil anonymize has written an image yet."
        empty = Watched(None, None, 0, State.UNKNOWN, (), due.evaluation_due(events), (note,), Monitor())
        return empty, None
    limits = asked.limits or pair.run.monitor
    with progress.waiting("counting"):
        sides = reading.measured(lake, pair)
    found = judging.findings(*sides, limits)
    made = Watched(
        pair.run.run_id,
        None,
        len(pair.baseline),
        judging.state(found),
        found,
        due.evaluation_due(events),
        _notes(pair, *sides),
        limits,
    )
    return _written(lake, events, pair, made) if asked.write else (made, None)


def _notes(pair: Compared, baseline: reading.Measured, run: reading.Measured) -> tuple[str, ...]:
    out = []
    if not pair.baseline:
        out.append("There is no run before it to compare with.")
    if run.images < pair.run.images:
        gone = counted(pair.run.images - run.images, "image")
        out.append(f"{gone} of the run are no longer in the table as it wrote them, and not in its figures.")
    if baseline.current and pair.baseline:
        out.append("The table's history no longer reaches back: of the baseline only rows that are still there count.")
    return tuple(out)


def _written(
    lake: Lake, events: Sequence[Mapping[str, Any]], pair: Compared, made: Watched
) -> tuple[Watched, Event | None]:
    """Say it to the ledger and to ``metrics``, unless both have it."""
    said = {"run": pair.run.run_id, "baseline": pair.asked, "runs": len(pair.baseline)}
    settings = json.dumps({**said, "monitor": made.limits.to_mapping()}, sort_keys=True)
    metrics = Metrics(lake)
    for event in events:
        if (event["job"], event["settings"]) == (due.MONITOR, settings) and metrics.of(event["run_id"]):
            return replace(made, monitor_id=event["run_id"]), None
    drifted = any(one.due for one in made.findings)
    states = [one.state for one in made.findings]
    counts = {state.name.lower(): states.count(state) for state in State} | {DUE: int(drifted)}
    event_ = Event(
        run_id=new_run_id(),
        event="finished",
        job=due.MONITOR,
        pipeline_version=__version__,
        settings=settings,
        table_versions=lake.tables.versions(),
        counts=counts,
    )
    # The ledger first: what it says holds up a release, and figures that are missing are written by the next call.
    number = lake.ledger.append(event_)
    figures = [f for one in made.findings for f in one.figures(pair.run.run_id, made.limits.confidence)]
    metrics.append(figures, event_.run_id, number, MONITOR_APP)
    now = due.evaluation_due(lake.ledger.events())
    return replace(made, monitor_id=event_.run_id, due=now), event_
