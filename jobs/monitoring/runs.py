"""Which run is compared with which: read off the ledger's events. Pure, without Spark."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anonymizer_udfs.drift import Monitor
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.outcome import Status
from jobs.errors import UsageError

JOB = "anonymize"
BEFORE, FIRST, LAST = "before", "first", "last:"
_LAST = re.compile(r"last:([1-9]\d{0,5})")
_SHOWN = 5


@dataclass(frozen=True)
class Run:
    """A finished run of ``anonymize`` that wrote images.

    Attributes:
        run_id: its id.
        event_seq: number of the event that finished it.
        images: how many rows it wrote.
        version: of the table ``images`` when it finished; none where nobody noted it.
        monitor: what its policy says of drift.
    """

    run_id: str
    event_seq: int
    images: int
    version: int | None
    monitor: Monitor


@dataclass(frozen=True)
class Compared:
    """A run and its baseline, the oldest first; the baseline may be empty.

    Attributes:
        asked: how the baseline was named: ``before``, ``first``, ``last:N`` or a run's id.
    """

    run: Run
    baseline: tuple[Run, ...]
    asked: str


def finished(events: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Return the finished runs that wrote an image, in the order in which they finished."""
    out = []
    for event in (one for one in events if (one["job"], one["event"]) == (JOB, "finished")):
        images = sum(dict(event["counts"] or {}).get(status.value, 0) for status in Status)
        if images:
            version = dict(event["table_versions"] or {}).get("images")
            out.append(Run(event["run_id"], event["event_seq"], images, version, _monitor(event)))
    return out


def _monitor(event: Mapping[str, Any]) -> Monitor:
    """Return the thresholds that a run's policy had; of a run that did not note them, or not so, the defaults."""
    try:
        return Monitor.from_mapping(json.loads(event["settings"] or "{}").get("monitor", {}))
    except (ValueError, AttributeError, SpecError):
        return Monitor()


def compared(events: Sequence[Mapping[str, Any]], run_id: str | None, baseline: str) -> Compared | None:
    """Return which run is compared with which; none where no run has written an image yet.

    Args:
        events: of the whole ledger, in order.
        run_id: the run; without it the newest.
        baseline: ``before`` (all runs before it), ``first``, ``last:N`` (the N before it), or a run's id.

    Raises:
        UsageError: there is no such run, or the baseline is no word of these.
    """
    known = finished(events)
    if run_id is not None and run_id not in {one.run_id for one in known}:
        raise UsageError(f"--run takes the id of a finished run that wrote images, known: {_shown(known)}")
    if not known:
        return None
    run = known[-1] if run_id is None else [one for one in known if one.run_id == run_id][-1]
    earlier = [one for one in known if one.event_seq < run.event_seq and one.run_id != run.run_id]
    if baseline == BEFORE:
        chosen = earlier
    elif baseline == FIRST:
        chosen = earlier[:1]
    elif found := _LAST.fullmatch(baseline):
        chosen = earlier[-int(found[1]) :]
    else:
        chosen = [one for one in known if one.run_id == baseline and one.run_id != run.run_id]
        if not chosen:
            raise UsageError(
                "--baseline takes before, first, last:N or the id of another finished run that wrote images, known: "
                f"{_shown(known)}; got {baseline!r}"
            )
    return Compared(run, tuple(chosen), baseline)


def _shown(known: Sequence[Run]) -> str:
    return ", ".join(one.run_id for one in known[-_SHOWN:]) or "none"
