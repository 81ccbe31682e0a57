"""The images of a lake's releases: whether the rows of ``released`` are the lines that each release is made of.

Rows pass by in ranges of places, so that memory does not grow with a release.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from deltalake.exceptions import DeltaError

from anonymizer_udfs.merkle import Fold, leaf
from jobs import erasures, stores, sweep
from jobs.lake import Lake
from jobs.releasing import members, records
from jobs.verifying import commits
from jobs.verifying.finding import Finding, Kind
from schemas import RELEASED

RANGE = 50_000
"""Rows that are sorted and held at a time."""


def check(lake: Lake, events: Sequence[dict[str, Any]], told: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Yield what does not hold of the table ``released``.

    Args:
        lake: whose.
        events: all of its ledger.
        told: run to what its last event says, of each release.
    """
    kept = {run_id: said for run_id, said in told.items() if "members" in said}  # an older faceveil kept none
    found = members.Members(lake)
    if not found.tables.exist():
        yield from (_finding(said["name"], "their rows are not there") for said in kept.values())
        return
    runs = {event["run_id"] for event in events if event["job"] == records.JOB}
    known = {members.app(run_id): commits.by_number(range(1, members.FENCE + 1)) for run_id in runs}
    numbers = {event["event_seq"] for event in events if event["job"] == erasures.JOB}
    yield from commits.check(found.tables, RELEASED.name, known | {sweep.APP: commits.by_number(numbers)})
    try:
        for run_id, said in kept.items():
            yield from _compared(found, run_id, said)
        gone = sum(erased for _, erased in found.counts().values())
    except (DeltaError, *stores.FAILURES) as error:
        what = "the table 'released' cannot be read: a file of it is gone or was changed"
        yield Finding(Kind.FILE, f"{what} ({type(error).__name__})")
        return
    by_ledger = sum(dict(row["counts"] or {}).get(RELEASED.name, 0) for row in events if row["event"] == "erased")
    if gone != by_ledger:
        yield Finding(Kind.RELEASE, f"{gone} rows of released name no image, and by the ledger {by_ledger} were erased")


def _compared(found: members.Members, run_id: str, said: dict[str, Any]) -> Iterator[Finding]:
    """Yield where a release's rows do not give its root, or are not what their hashes were made of."""
    fold, places, strange = Fold(), 0, []
    for row in _rows(found, run_id, int(said["members"])):
        fold.add(row["leaf"])
        places += row["position"] != fold.size - 1 or row["name"] != said["name"]
        if not _holds(row):
            strange.append(str(row["image_id"]))
    if fold.root().hex() != said["merkle_root"] or places:
        yield _finding(said["name"], f"the rows do not give its root ({fold.size} rows, {said['members']} went out)")
    if strange:
        yield _finding(said["name"], "rows are not what went out", tuple(strange))


def _rows(found: members.Members, run_id: str, count: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a release in the order of their places, and last what is beyond them."""
    for first in range(0, count + 1, RANGE):
        within = f"position >= {first}" + (f" AND position < {first + RANGE}" if first + RANGE <= count else "")
        sql = f"SELECT * FROM released WHERE run_id = '{run_id}' AND {within} ORDER BY position"  # noqa: S608 - ours
        for batch in found.tables.batches(sql):
            yield from batch.to_pylist()


def _holds(row: dict[str, Any]) -> bool:
    """Return whether a row says what its hash was made of; of an erased image it has to say nothing."""
    if row["image_id"] is None:
        return all(value is None for name, value in row.items() if name not in members.KEPT)
    return bool(leaf(members.line_of(row)) == row["leaf"])


def _finding(name: str, what: str, image_ids: tuple[str, ...] = ()) -> Finding:
    return Finding(Kind.RELEASE, f"of the images of release {name!r} in table 'released', {what}", image_ids)
