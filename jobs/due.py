"""Whether a lake has to be evaluated again before anything of it is released: read off its ledger. Pure, without Spark.

``faceveil monitor`` says in the ledger that a run has drifted. Only a whole evaluation that began after that, and that
shows something, takes it back: one that had begun before may not have seen what drifted, and one that is void shows
nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MONITOR, EVALUATE = "monitor", "evaluate"
DUE = "evaluation_due"
"""The count in a ``finished`` event of ``monitor`` that says so; its other counts are those of the figures."""


@dataclass(frozen=True)
class Due:
    """Why an evaluation is due.

    Attributes:
        run_id: the run that drifted.
        monitor_id: the run of ``monitor`` that said so.
        at: when.
        event_seq: of the event in the ledger.
    """

    run_id: str
    monitor_id: str
    at: datetime
    event_seq: int

    @property
    def sentence(self) -> str:
        """Return it for people."""
        return (
            f"An evaluation is due: run {self.run_id} drifted from those before it, as monitor {self.monitor_id} found "
            f"on {self.at:%Y-%m-%d}. Nothing may be released until faceveil evaluate has run again."
        )


def evaluation_due(events: Iterable[Mapping[str, Any]]) -> Due | None:
    """Return why an evaluation is due; none where it is not.

    Args:
        events: all of a lake's ledger, in order, as ``Ledger.events`` gives them.
    """
    found: Due | None = None
    began: dict[str, int] = {}
    for event in events:
        if event["job"] == EVALUATE and event["event"] == "started":
            began[event["run_id"]] = event["event_seq"]
        elif event["job"] == EVALUATE and event["event"] == "verdict":
            if found and began.get(event["run_id"], 0) > found.event_seq and not _void(event):
                found = None
        elif event["job"] == MONITOR and dict(event["counts"] or {}).get(DUE):
            found = Due(_run_of(event), event["run_id"], event["at"], event["event_seq"])
    return found


def _void(event: Mapping[str, Any]) -> bool:
    """Return whether a verdict is void; one that cannot be read shows nothing either."""
    try:
        said = json.loads(event["settings"] or "{}")
    except ValueError:
        return True
    return not isinstance(said, dict) or bool(said.get("void", True))


def _run_of(event: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(event["settings"] or "{}").get("run", "?"))
    except (ValueError, AttributeError):
        return "?"
