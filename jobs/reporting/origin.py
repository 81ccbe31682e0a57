"""How every number can be made again: runs, versions and digests, from the ledger alone."""

from collections.abc import Sequence
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.evidence.figure import Figure
from jobs.reporting.blocks import Block, Section, Table, Text
from jobs.reporting.evaluated import Evaluation
from jobs.standing import Standing

_NO_ROOM = {"det", "cmc"}
"""Figures that are points of a curve, which is drawn."""


def section(now: Standing, found: Evaluation | None, events: Sequence[dict[str, Any]]) -> Section:
    """Return what was run with what on which, and all figures."""
    head = events[-1]["hash"] if events else "-"
    shown = list(found.events) if found else []
    shown += [e for e in events if e["event"] == "finished" and e not in shown][-5:]
    blocks: list[Block] = [
        Text(
            "Same bytes, key, policy, models and provider give the same lake, whatever the machines. The settings of "
            "each run are in the table 'runs', all figures in 'metrics'."
        ),
        Table(
            "The lake", ("what", "value"), (*_versions(now), ("ledger's last hash", head), ("report by", __version__))
        ),
    ]
    blocks += [
        Table(f"Run {event['run_id']} ({event['job']})", ("what", "value"), _rows(event), folded=True)
        for event in _last_of_each(shown)
    ]
    if found:
        rows = tuple(_figure(one) for one in found.figures if one.scope != "worst" and one.name not in _NO_ROOM)
        head_row = ("scope", "name", "of", "value", "low", "high", "bounds", "cases", "people")
        blocks.append(Table("All figures of the evaluation", head_row, rows, (3, 4, 5, 6, 7, 8), folded=True))
    return Section("origin", "How every number can be made again", tuple(blocks))


def _versions(now: Standing) -> list[tuple[str, str]]:
    return [(f"version of {name}", str(version)) for name, version in now.table_versions.items()]


def _last_of_each(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, of each run, its events as one: what a later event says goes over what an earlier one said."""
    out: dict[str, dict[str, Any]] = {}
    for event in events:
        known = out.setdefault(event["run_id"], {})
        known |= {k: v for k, v in event.items() if v not in (None, [], {})} | {"run_id": event["run_id"]}
    return list(out.values())


def _rows(event: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    plain = ("at", "policy", "policy_digest", "key_id", "source_id", "pipeline_version", "hash")
    rows = [(name.replace("_", " "), str(event[name])) for name in plain if event.get(name)]
    maps = {"model_digests": "model", "library_versions": "library", "table_versions": "version of"}
    for name, called in maps.items():
        rows += [(f"{called} {key}", str(value)) for key, value in sorted(dict(event.get(name) or {}).items())]
    return tuple(rows)


def _figure(one: Figure) -> tuple[str, ...]:
    numbers = ("-" if v is None else f"{v:.5g}" for v in (one.value, one.low, one.high, one.confidence))
    of = ", ".join(f"{k} {v}" for k, v in one.dimensions if k not in {"group", "of"})
    of += f"{', ' if of else ''}one group of {one.of('group')}" if one.of("group") else ""
    return one.scope, one.name, of or "-", *numbers, f"{one.cases:,}", "-" if one.people is None else f"{one.people:,}"
