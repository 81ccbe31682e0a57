"""People's decisions: appended to the lake's table ``decisions``, each vouched for by an event of the ledger.

Runs on the driver, without Spark. A decision is numbered by the commit that brings it, so of two reviewers at once
neither overwrites the other; it counts from when the ledger's event with the hash of it is there, and not before.
"""

import hashlib
import json
import math
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anonymizer_udfs import __version__
from jobs.decision import Decision, leaf
from jobs.errors import LakeBusyError, LakeError, StoreError
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.tables import Tables
from schemas import DECISION_TABLES, DECISIONS

APP = "decisions"
JOB = "review"
ERASE = "erase"
ROOT = "decisions_root"
_TRIES = 8
_WAIT_S = 0.05
KEPT = ("decision_seq", "leaf")
"""What is left of a decision about an image that was erased."""


def root(leaves: Iterable[str]) -> str:
    """Return what an event says of the decisions that it brings: SHA-256 of their leaves, one after another."""
    return hashlib.sha256("".join(leaves).encode()).hexdigest()


@dataclass(frozen=True)
class Checked:
    """What the ledger says of the rows of the table.

    Attributes:
        decisions: those that an event vouches for, in their order; those of erased images are left out.
        erased: how many were of images that were erased.
        unvouched: numbers of rows that no event vouches for: they never count.
        broken: what does not hold, in words.
    """

    decisions: tuple[Decision, ...]
    erased: int
    unvouched: tuple[int, ...]
    broken: tuple[str, ...]


NOBODY = Checked((), 0, (), ())


def check(rows: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]) -> Checked:
    """Compare all rows of the table with the ledger's events.

    Args:
        rows: of ``decisions``.
        events: of ``runs``; of other jobs than reviews and erasures they do not matter.
    """
    known = {row["decision_seq"]: row for row in rows}
    broken = [] if len(known) == len(rows) else ["a decision is there twice"]
    vouched: set[int] = set()
    for event in events:
        mine = numbers(event)
        vouched |= set(mine)
        where = f"event {event['event_seq']} vouches for decisions {mine.start} to {mine.stop - 1}"
        missing = [n for n in mine if n not in known]
        if missing:
            broken.append(f"{where}: {len(missing)} of them were dropped")
        elif mine and root(known[n]["leaf"] for n in mine) != json.loads(event["settings"] or "{}").get(ROOT):
            broken.append(f"{where}: they are not what it vouches for")
    emptied = [c.name for c in DECISIONS.columns if c.name not in KEPT]
    erased = {n for n, row in known.items() if all(row[name] is None for name in emptied)}
    if len(erased) > _told(events):
        broken.append("decisions were emptied, and no erasure says so")
    whole = [known[n] for n in sorted(known) if n not in erased]
    broken += [f"decision {row['decision_seq']} was changed" for row in whole if row["leaf"] != leaf(row)]
    found = () if broken else tuple(Decision.from_row(row) for row in whole if row["decision_seq"] in vouched)
    return Checked(found, len(erased), tuple(n for n in sorted(known) if n not in vouched), tuple(broken))


def numbers(event: dict[str, Any]) -> range:
    """Return the numbers of the decisions for which an event vouches; of any other event none."""
    if (event["job"], event["event"]) != (JOB, "finished"):
        return range(0)
    counts = dict(event["counts"] or {})
    return range(counts["first"], counts["last"] + 1)


def _told(events: Sequence[dict[str, Any]]) -> float:
    """Return how many decisions erasures emptied; any number while one is under way."""
    mine = [event for event in events if event["job"] == ERASE]
    done = {event["run_id"]: dict(event["counts"] or {}) for event in mine if event["event"] == "erased"}
    if any(event["run_id"] not in done for event in mine):
        return math.inf
    return float(sum(counts.get(DECISIONS.name, 0) for counts in done.values()))


def tables(lake: Lake) -> Tables:
    """Return the table ``decisions`` of a lake, which is there from the first decision on."""
    return Tables(lake.uri, DECISION_TABLES, lake.tables.storage)


class Decisions:
    """The decisions of a lake; what was read once is not read again.

    Args:
        lake: whose; its ledger's signer signs the events.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake, self._tables = lake, tables(lake)
        self._rows: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def checked(self) -> Checked:
        """Return all decisions, compared with the ledger; of a lake that has none, nothing."""
        if self._tables.exist():
            after = self._rows[-1]["decision_seq"] if self._rows else 0
            sql = f"SELECT * FROM decisions WHERE decision_seq > {after} ORDER BY decision_seq"  # noqa: S608 - a number
            self._rows += self._tables.query(sql).to_pylist()
        # Read later than the rows: those that were under way are then vouched for.
        after = self._events[-1]["event_seq"] if self._events else 0
        columns, jobs = "run_id, event_seq, event, job, counts, settings", f"'{JOB}', '{ERASE}'"
        sql = f"SELECT {columns} FROM runs WHERE event_seq > {after} AND job IN ({jobs}) ORDER BY event_seq"  # noqa: S608 - ours
        self._events += self._lake.tables.query(sql).to_pylist()
        return check(self._rows, self._events)

    def version(self) -> tuple[int, int]:
        """Return what changes with every decision that counts."""
        there = self._tables.open(DECISIONS.name).version() if self._tables.exist() else -1
        return there, self._lake.tables.open("runs").version()

    def all(self) -> tuple[Decision, ...]:
        """Return all decisions that count, in their order.

        Raises:
            LakeError: a decision was changed or dropped by hand: none of them can be followed.
        """
        found = self.checked()
        if found.broken and self._rows:
            # Of what was read earlier an erasure may have emptied some since.
            self._rows, self._events = [], []
            found = self.checked()
        if found.broken:
            raise LakeError(
                f"the decisions of this lake are not what the ledger vouches for ({found.broken[0]}): "
                "see faceveil verify, and put the table back"
            )
        return found.decisions

    def append(self, made: Sequence[Decision], *, again: bool = False) -> list[int]:
        """Append decisions, have the ledger vouch for them, and return their numbers.

        Args:
            made: at least one, each with an id of its own.
            again: whether they may be there already: an answer was lost. Those that are keep their numbers, and are
                vouched for now if they were not.

        Raises:
            LakeBusyError: other reviewers were first again and again.
            StoreError: the store failed again and again.
            LakeError: the ledger is signed, and nobody is there to sign for them; or an id was used for another one.
        """
        if not self._tables.exist():
            self._tables.create()
        there = self._there(made) if again else {}
        placed = {one.decision_id: there[one.decision_id] for one in made if one.decision_id in there}
        placed |= self._written([one for one in made if one.decision_id not in there])
        vouched: set[int] = set()
        if there:
            self.checked()
            vouched = {n for event in self._events for n in numbers(event)}
        rest = {placed[one.decision_id]: one for one in made if placed[one.decision_id] not in vouched}
        for some in _runs({n: one.row(n)["leaf"] for n, one in rest.items()}):
            self._vouch(made[0].session_id, some)
        return [placed[one.decision_id] for one in made]

    def _there(self, made: Sequence[Decision]) -> dict[str, int]:
        ids = ", ".join(f"'{one.decision_id}'" for one in made)
        rows = self._tables.query(f"SELECT * FROM decisions WHERE decision_id IN ({ids})").to_pylist()  # noqa: S608 - checked digits
        known = {row["decision_id"]: Decision.from_row(row) for row in rows}
        for one in made:
            other = known.get(one.decision_id)
            if other is not None and replace(other, decided_at=one.decided_at, session_id=one.session_id) != one:
                raise LakeError("a decision of this id is there already, and is another one; reload the page")
        return {name: one.decision_seq for name, one in known.items()}

    def _written(self, fresh: Sequence[Decision]) -> dict[str, int]:
        for turn in range(_TRIES if fresh else 0):
            try:
                last = self._tables.transaction(DECISIONS.name, APP)
                return self._commit(fresh, last)
            except (LakeBusyError, StoreError):
                # Another was first, or the answer was lost: then all of them are there, in one commit.
                there = self._there(fresh)
                if there:
                    return there
                if turn == _TRIES - 1:
                    raise
                _pause(turn)
        return {}

    def _commit(self, fresh: Sequence[Decision], last: int) -> dict[str, int]:
        rows = [one.row(number) for number, one in enumerate(fresh, last + 1)]
        self._tables.append_rows(DECISIONS.name, rows, APP, last + len(rows))
        return {str(row["decision_id"]): int(row["decision_seq"]) for row in rows}

    def _vouch(self, session_id: str, some: Mapping[int, str]) -> None:
        counts = {"decisions": len(some), "first": min(some), "last": max(some)}
        said = json.dumps({ROOT: root(some.values())})
        event = Event(session_id, "finished", JOB, pipeline_version=__version__, settings=said, counts=counts)
        for turn in range(_TRIES - 1):
            try:
                self._lake.ledger.append(event)
            except LakeBusyError:
                _pause(turn)
            else:
                return
        self._lake.ledger.append(event)


def _pause(turn: int) -> None:
    """Wait, the longer the more often it was tried, and by chance, so that two do not meet again."""
    time.sleep(_WAIT_S * 2**turn * random.random())  # noqa: S311 - no secret


def _runs(found: Mapping[int, str]) -> list[dict[int, str]]:
    """Return numbers and leaves in pieces without a gap: an event vouches for one such piece."""
    out: list[dict[int, str]] = []
    for number in sorted(found):
        if not out or number - 1 not in out[-1]:
            out.append({})
        out[-1][number] = found[number]
    return out
