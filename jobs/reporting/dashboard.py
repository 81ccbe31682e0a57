"""How a lake does over time as one page: runs, what waits for people, drift, verdicts. Pure but for :func:`state`.

Tables in, page out: ``faceveil monitor --out`` writes it to a file, and a server may answer with the same text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anonymizer_udfs.drift import Monitor
from anonymizer_udfs.evidence.figure import Figure
from anonymizer_udfs.outcome import Reason, Status
from conf.settings import Settings
from jobs import due
from jobs.lake import Lake
from jobs.metrics import Metrics
from jobs.monitoring import judging, runs
from jobs.monitoring.judging import State
from jobs.reporting import curves, pages
from jobs.reporting.blocks import Block, Document, Drawing, Section, Table, Text
from jobs.reporting.curves import Axis, Line
from jobs.reporting.evaluated import word_of
from jobs.screen import bytes_text, counted, seconds_text
from jobs.standing import Standing, standing
from jobs.status import REMEDIES
from jobs.verdict import MEANINGS, Word, percent

MOST_RUNS, MOST_ROWS = 60, 20
_LEAST_POINTS = 2
_MEASURES = {"psi": "PSI", "ks": "KS", "odds_ratio": "odds ratio"}
"""What a figure of a comparison is called; where there was nothing to compare with, it is none of these."""


@dataclass(frozen=True)
class Tables:
    """What the page is made of.

    Attributes:
        events: the whole ledger, in order.
        monitored: figures of scope ``monitor``, by the run of ``faceveil monitor`` that measured them.
        now: how the lake stands.
        word: what it may be called.
    """

    events: Sequence[Mapping[str, Any]]
    monitored: Mapping[str, Sequence[Figure]]
    now: Standing
    word: Word


def state(lake: Lake, settings: Settings) -> Tables:
    """Return what is in a lake's tables; without Spark, and without any image."""
    found = Metrics(lake).by_run(judging.SCOPE)
    return Tables(lake.ledger.events(), found, standing(lake, settings), word_of(lake))


def html(tables: Tables) -> str:
    """Return the page, which asks for nothing; as :func:`jobs.reporting.pages.html`."""
    return pages.html(document(tables))


def document(tables: Tables) -> Document:
    """Return the page before it is HTML."""
    now = tables.now
    alarms = [f"{now.ledger_problem}."] if now.ledger_problem else []
    alarms += [now.due.sentence] if now.due else []
    waiting = now.count(Status.REVIEW)
    return Document(
        word=tables.word.value,
        meaning=MEANINGS[tables.word],
        good=tables.word is not Word.OBFUSCATED,
        alarms=tuple(alarms),
        facts=(
            ("images", f"{now.images:,}"),
            ("for a person to decide on", f"{waiting:,}"),
            ("in quarantine", f"{now.count(Status.QUARANTINED):,}"),
            ("newest run", now.runs[0].run_id if now.runs else "none"),
            ("size", bytes_text(now.size_bytes)),
            ("page made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ),
        lead=(),
        lacking=(),
        next_word="",
        sections=(_runs(tables), _backlog(tables), _drift(tables), _verdicts(tables)),
        product="dashboard",
    )


def _runs(tables: Tables) -> Section:
    speeds = Line("images a second", tuple(_points(tables, "figures", "images_per_second")))
    rows = tuple(
        (
            one.run_id,
            one.job,
            one.state,
            f"{one.began:%Y-%m-%d %H:%M} UTC",
            "-" if one.seconds is None else seconds_text(one.seconds),
            "-" if not one.images else f"{one.images:,}",
        )
        for one in tables.now.runs[:MOST_ROWS]
    )
    table = Table("The newest runs", ("run", "job", "state", "began", "took", "images"), rows, (4, 5))
    said = "How fast the runs that wrote images were, the oldest on the left."
    return Section("runs", "Runs", (*_drawn([speeds], "speed", "Speed of runs", said, share=False), table))


def _backlog(tables: Tables) -> Section:
    now = tables.now
    lines = [
        Line("for a person", tuple(_shares(tables, Status.REVIEW))),
        Line("in quarantine", tuple(_shares(tables, Status.QUARANTINED))),
    ]
    rows = tuple(
        (one.status, one.reason or "-", f"{one.images:,}", REMEDIES.get(Reason(one.reason), "-"))
        for one in now.shares
        if one.status in (Status.REVIEW, Status.QUARANTINED) and one.reason in set(Reason)
    )
    table = Table("What waits, and what to do", ("status", "reason", "images", "what to do"), rows, (2,))
    said = "Of what each run wrote, the share that was held back, the oldest run on the left."
    text = Text(
        f"{counted(now.count(Status.REVIEW), 'image')} for a person to decide on, and "
        f"{counted(now.count(Status.QUARANTINED), 'image')} in quarantine; no release takes either."
    )
    return Section("backlog", "Backlog", (text, *_drawn(lines, "held", "Held back by run", said, share=True), table))


def _drift(tables: Tables) -> Section:
    found = [one for one in tables.events if one["job"] == due.MONITOR and one["event"] == "finished"]
    if not found:
        text = "No run was compared with those before it yet: faceveil monitor LAKE does that."
        return Section("drift", "Drift", (Text(text),))
    limit = _limit(found[-1])
    names = sorted({_figure(one) for event in found for one in _measured(tables, event) if one.name == "psi"})
    lines = [Line(judging.title(name), tuple(_psi(tables, found, name))) for name in names]
    wide = max(2.0, float(len(found[-MOST_RUNS:])))
    lines.append(Line("from here on it has drifted", ((1.0, limit), (wide, limit)), faint=True))
    said = "The population stability index of each run beside those before it, the oldest on the left."
    rows = tuple(_monitored_row(one) for one in reversed(found[-MOST_ROWS:]))
    head = ("run", "looked at", "drifted", "steady", "cannot say", "evaluation due")
    compared = [one for one in _measured(tables, found[-1]) if one.of("state")]
    newest = tuple(map(_figure_row, compared))
    unsaid = "Of no figure can anybody say: there was no run to compare with, or too few cases."
    nothing = (Text(unsaid),) if compared and not any(one.name in _MEASURES for one in compared) else ()
    return Section(
        "drift",
        "Drift",
        (
            *_drawn(lines, "psi", "Drift of runs (PSI)", said, share=False),
            *nothing,
            Table("The newest comparison", ("figure", "measure", "value", "cases", "state"), newest, (2, 3)),
            Table("All comparisons", head, rows, (2, 3, 4)),
        ),
    )


def _verdicts(tables: Tables) -> Section:
    found = [one for one in tables.events if one["event"] == "verdict"]
    rows = tuple(_verdict_row(one) for one in reversed(found[-MOST_ROWS:]))
    blocks: list[Block] = [Text("What each evaluation earned when it was made; what holds today is said above.")]
    if not rows:
        blocks = [Text("Nobody has evaluated this lake yet: faceveil evaluate LAKE does that.")]
    head = ("evaluation", "at", "word", "passed", "failed", "missing")
    return Section("verdicts", "Verdicts", (*blocks, Table("Verdicts", head, rows, (3, 4, 5))))


def _verdict_row(event: Mapping[str, Any]) -> tuple[str, ...]:
    counts, said = dict(event["counts"] or {}), _said(event)
    numbers = (f"{counts.get(name, 0):,}" for name in ("passed", "failed", "missing"))
    word = "void" if said.get("void") else str(said.get("word", "?"))
    return event["run_id"], f"{event['at']:%Y-%m-%d %H:%M} UTC", word, *numbers


def _monitored_row(event: Mapping[str, Any]) -> tuple[str, ...]:
    counts = dict(event["counts"] or {})
    numbers = (f"{counts.get(one.name.lower(), 0):,}" for one in (State.DRIFTED, State.STEADY, State.UNKNOWN))
    needed = "yes" if counts.get(due.DUE) else "no"
    return str(_said(event).get("run", "?")), f"{event['at']:%Y-%m-%d %H:%M} UTC", *numbers, needed


def _figure_row(one: Figure) -> tuple[str, ...]:
    value = "-" if one.value is None else f"{one.value:.3g}"
    measure = _MEASURES.get(one.name, "-")
    return judging.title(_figure(one)), measure, value, f"{one.cases:,}", one.of("state") or "-"


def _figure(one: Figure) -> str:
    return one.of("figure") or "?"


def _said(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event's settings say; nothing of one that nobody can read."""
    try:
        said = json.loads(event["settings"] or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _limit(event: Mapping[str, Any]) -> float:
    value = _said(event).get("monitor")
    given = value.get("psi_most") if isinstance(value, dict) else None
    return float(given) if isinstance(given, int | float) else Monitor().psi_most


def _measured(tables: Tables, event: Mapping[str, Any]) -> Sequence[Figure]:
    return tables.monitored.get(event["run_id"], ())


def _psi(tables: Tables, found: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    out = []
    for number, event in enumerate(found[-MOST_RUNS:], 1):
        values = [one.value for one in _measured(tables, event) if one.name == "psi" and _figure(one) == name]
        out += [(float(number), value) for value in values if value is not None]
    return out


def _wrote(tables: Tables) -> list[Mapping[str, Any]]:
    """Return the newest events of runs that finished and wrote images, the oldest first."""
    known = {one.event_seq for one in runs.finished(tables.events)}
    return [one for one in tables.events if one["event_seq"] in known][-MOST_RUNS:]


def _points(tables: Tables, column: str, name: str) -> list[tuple[float, float]]:
    values = ((n, dict(one[column] or {}).get(name)) for n, one in enumerate(_wrote(tables), 1))
    return [(float(n), float(value)) for n, value in values if value is not None]


def _shares(tables: Tables, status: Status) -> list[tuple[float, float]]:
    out = []
    for number, event in enumerate(_wrote(tables), 1):
        counts = dict(event["counts"] or {})
        out.append((float(number), counts.get(status.value, 0) / sum(counts.get(one.value, 0) for one in Status)))
    return out


def _drawn(lines: Sequence[Line], key: str, title: str, said: str, *, share: bool) -> list[Block]:
    """Return a drawing of lines over runs; none of fewer than two points, which are no line."""
    own = [point for line in lines if not line.faint for point in line.points]
    if len({x for x, _ in own}) < _LEAST_POINTS:
        return []
    every = [point for line in lines for point in line.points]
    top = curves.round_up(max(y for _, y in every))
    axes = (
        Axis("run", 1, max(x for x, _ in every), percent=False),
        Axis("", 0, min(top, 1.0) if share else top, percent=share),
    )
    newest = "; ".join(
        f"{line.name}: {percent(line.points[-1][1]) if share else f'{line.points[-1][1]:.3g}'}"
        for line in lines
        if line.points and not line.faint
    )
    words = f"{said} Newest: {newest}."
    return [Drawing(title, words, curves.chart(lines, axes, key=key, title=title, said=words))]
