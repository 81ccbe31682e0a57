"""Runs that MLflow could not be told of: their ids are noted beside the tables until a later run reaches it.

Runs on the driver, without Spark. A note is an empty file; what there is to tell is in the lake's ledger.
"""

import re
from collections.abc import Callable
from typing import Any

from jobs import stores
from jobs.figures import Figures
from jobs.lake import Lake
from jobs.ledger import Event

FOLDER = "_untracked"
_RUN_ID = re.compile(r"[0-9T]+-[0-9a-f]+")


def note(lake: Lake, run_id: str) -> None:
    """Note that MLflow does not have a run."""
    stores.create_once(_place(lake), run_id, b"\n", lake.tables.storage)


def noted(lake: Lake) -> list[str]:
    """Return the ids of the runs that MLflow does not have, oldest first."""
    return sorted(filter(_RUN_ID.fullmatch, stores.names(_place(lake), lake.tables.storage)))


def tell(lake: Lake, run_id: str, log: Callable[[Event, Figures], object]) -> int:
    """Log every run that is noted, now that MLflow answers, and forget the notes; return how many were logged.

    Args:
        lake: whose runs.
        run_id: of the run that was logged just now: its own note is only forgotten.
        log: logs one; what it raises comes through, and that run stays noted.
    """
    waiting, count = noted(lake), 0
    if not waiting:
        return 0
    ended = {row["run_id"]: row for row in lake.ledger.events() if row["event"] == "finished"}
    for one in waiting:
        if one != run_id and one in ended:
            event = _event(ended[one])
            log(event, Figures(event.counts, event.figures))
            count += 1
        stores.remove(_place(lake), one, lake.tables.storage)
    return count


def _event(row: dict[str, Any]) -> Event:
    said: dict[str, Any] = {}
    for name in Event.__dataclass_fields__:
        value = row[name]
        said[name] = dict(value) if isinstance(value, list) else value
    return Event(**said)


def _place(lake: Lake) -> str:
    return stores.child(lake.uri, FOLDER)
