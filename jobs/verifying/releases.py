"""The releases of a lake: whether each row is what the ledger says, and none is missing or added."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.lake import Lake
from jobs.releasing import records
from jobs.verifying import commits, released
from jobs.verifying.finding import Finding, Kind
from schemas import RELEASES


def check(lake: Lake, events: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """Yield what does not hold of the tables ``releases`` and ``released``.

    Args:
        lake: whose.
        events: all of its ledger.
    """
    said = _said(events)
    told = {str(one["name"]): str(one["row_sha256"]) for one in said.values()}
    yield from released.check(lake, events, said)
    kept = records.Releases(lake)
    if not kept.tables.exist():
        yield from (Finding(Kind.RELEASE, f"release {name!r} is in the ledger, and has no row") for name in told)
        return
    known = {records.app(name): commits.by_number({records.FIRST}) for name in told}
    numbers = {row["event_seq"] for row in events if row["job"] == records.RECALL}
    yield from commits.check(kept.tables, RELEASES.name, known | {records.RECALL: commits.by_number(numbers)})
    rows = kept.rows()
    yield from _compared(rows, told)
    yield from _recalls(rows, records.recalled(events))


def _said(events: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return run to what the event says that ended it, of each release."""
    mine = [e for e in events if (e["job"], e["event"]) == (records.JOB, "finished")]
    return {event["run_id"]: json.loads(event["settings"] or "{}") for event in mine}


def _compared(rows: Sequence[dict[str, Any]], told: dict[str, str]) -> Iterator[Finding]:
    there = [row["name"] for row in rows]
    for row in rows:
        name = row["name"]
        if there.count(name) > 1:
            yield Finding(Kind.RELEASE, f"release {name!r} has {there.count(name)} rows")
        elif name not in told:
            yield Finding(Kind.RELEASE, f"release {name!r} has a row, and the ledger knows no such release")
        elif records.digest(row) != told[name]:
            yield Finding(Kind.RELEASE, f"the row of release {name!r} is not what the ledger says of it")
    yield from (
        Finding(Kind.RELEASE, f"release {name!r} is in the ledger, and has no row")
        for name in told
        if name not in there
    )


def _recalls(rows: Sequence[dict[str, Any]], recalled: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    for row in rows:
        said = recalled.get(row["name"], {})
        if any(row[column] != said.get(column) for column in records.RECALLED):
            what = "recalled" if said else "not recalled"
            yield Finding(Kind.RELEASE, f"release {row['name']!r} is {what} by the ledger, and its row says otherwise")
