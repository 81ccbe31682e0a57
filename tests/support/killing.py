"""Kill a run of the job with everything that it started, at a moment that is read off the tables it writes."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.support.processes import Process

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 180.0
_STATES = ".killed.json"


class Moment(StrEnum):
    """When a run is killed."""

    PLANNED = "planned"
    """The work list is frozen in the vault, and no image is in the lake."""
    COMMITTED = "committed"
    """The run has committed a batch, and works on the next one."""
    WITHIN = "within"
    """Files of a batch are written and its commit is not."""


MOMENTS = tuple(Moment)


@dataclass(frozen=True)
class State:
    """What a kill left: rows in the table, and files beside it that no commit names."""

    moment: Moment
    rows: int
    orphans: int


def killed(source: Path, lake: Path, options: Sequence[str], moments: Sequence[Moment], folder: Path) -> list[State]:
    """Run the command once for each moment and kill it then; return what each kill left.

    Raises:
        StartError: if a run ended before its moment came.
    """
    states = []
    command = [sys.executable, "-m", "jobs.anonymize", str(source), str(lake), *options]
    for number, moment in enumerate(moments):
        come = when(moment, lake)
        process = Process(f"run {number}", command, folder / f"run-{number}.log", {"PYTHONPATH": str(ROOT)})
        try:
            process.wait_until(come, _SECONDS)
        finally:
            process.kill()
        states.append(State(moment, _rows(lake), len(_orphans(lake))))
    _file(lake).write_text(json.dumps([asdict(state) for state in states]), encoding="utf-8")
    return states


def states(lake: Path) -> list[State]:
    """Return what the kills of a lake left, as :func:`killed` noted it."""
    return [State(**{**one, "moment": Moment(one["moment"])}) for one in json.loads(_file(lake).read_text("utf-8"))]


def _file(lake: Path) -> Path:
    return lake.with_name(lake.name + _STATES)


def when(moment: Moment, lake: Path) -> Callable[[], bool]:
    """Return what tells that the moment has come, beginning from how things are now."""
    work, log = Path(f"{lake}.vault", "work", "_delta_log"), lake / "images" / "_delta_log"
    planned, rows = _commits(work), _rows(lake)
    orphans = _orphans(lake)
    if moment is Moment.PLANNED:
        return lambda: _commits(work) > planned and _commits(work) > 1
    if moment is Moment.COMMITTED:
        return lambda: _rows(lake) > rows
    # A file is there a moment before its commit: whoever looks at it in between sees it alone.
    return lambda: bool(log.is_dir() and _orphans(lake) - orphans)


def _commits(log: Path) -> int:
    return len(list(log.glob("*.json")))


def _actions(lake: Path) -> list[dict[str, dict[str, object]]]:
    """Return the actions of all commits of ``images``; a commit that is being written counts as none."""
    found = []
    for path in sorted((lake / "images" / "_delta_log").glob("*.json")):
        for line in path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                return found
    return found


def _rows(lake: Path) -> int:
    """Return the rows that were ever appended; the tests' runs replace none."""
    added = [action["add"] for action in _actions(lake) if "add" in action]
    return sum(int(json.loads(str(one["stats"]))["numRecords"]) for one in added)


def _orphans(lake: Path) -> set[str]:
    there = {path.name for path in (lake / "images").glob("*.parquet")}
    return there - {str(action["add"]["path"]) for action in _actions(lake) if "add" in action}
