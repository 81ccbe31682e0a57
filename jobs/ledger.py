"""The ledger: the events of all runs of a lake, in one hash chain that cannot fork.

Runs on the driver, without Spark. Each event is appended with its number as a Delta transaction version, so that of two
drivers only one writes number ``n``. The number of a run's ``started`` or ``resumed`` event is the run's epoch: later
epochs outrank earlier ones in the commits of images.
"""

import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from jobs.errors import LakeBusyError, LakeError, StoreError
from jobs.tables import Tables
from schemas import RUNS

CHAIN = "chain"
_FIRST = "0" * 64
_TRIES = 5
_WAIT_S = 0.2


@dataclass(frozen=True)
class Event:
    """One event of a run; what a column means is in ``schemas.runs``."""

    run_id: str
    event: str
    job: str
    source_id: str | None = None
    policy: str | None = None
    policy_digest: str | None = None
    key_id: str | None = None
    pipeline_version: str | None = None
    settings: str | None = None
    model_digests: dict[str, str] = field(default_factory=dict)
    library_versions: dict[str, str] = field(default_factory=dict)
    table_versions: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def then(self, event: str, **changes: Any) -> "Event":
        """Return a later event of the same run."""
        return replace(self, event=event, **changes)


def hashed(row: dict[str, Any]) -> str:
    """Return the hash of a row of ``runs``: SHA-256 of its other columns as canonical JSON.

    Maps are sorted by key and times are ISO 8601 in UTC, so that what is read back hashes alike.
    """
    plain: dict[str, Any] = {}
    for name in RUNS.arrow().names:
        if name == "hash":
            continue
        value = row[name]
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="microseconds")
        elif isinstance(value, list):
            value = dict(value)
        plain[name] = value
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Ledger:
    """Reads and extends the chain of a lake's ``runs`` table."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def events(self) -> list[dict[str, Any]]:
        """Return all events in order; the table is small: a handful of rows a run."""
        return list(self._tables.query("SELECT * FROM runs ORDER BY event_seq").to_pylist())

    def append(self, event: Event) -> int:
        """Append an event and return its number; another driver's event in between only moves it on.

        Raises:
            LakeBusyError: if other drivers were first again and again.
            StoreError: if the store failed again and again.
        """
        for turn in range(_TRIES - 1):
            try:
                return self._append(event)
            except LakeBusyError:
                continue
            except StoreError:
                time.sleep(_WAIT_S * 2**turn)
        return self._append(event)

    def _append(self, event: Event) -> int:
        last = self._tables.query("SELECT event_seq, hash FROM runs ORDER BY event_seq DESC LIMIT 1").to_pylist()
        number = last[0]["event_seq"] + 1 if last else 1
        row = {
            **vars(event),
            "event_seq": number,
            "at": datetime.now(UTC),
            "previous_hash": last[0]["hash"] if last else _FIRST,
        }
        row["hash"] = hashed(row)
        schema = pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in RUNS.columns])
        try:
            self._tables.append("runs", pa.Table.from_pylist([row], schema=schema), CHAIN, number)
        except (LakeBusyError, StoreError):
            # Where the answer to a put was lost, what is there is ours.
            if not self._has(row["hash"]):
                raise
        return int(number)

    def _has(self, event_hash: str) -> bool:
        return bool(self._tables.query(f"SELECT 1 FROM runs WHERE hash = '{event_hash}'").num_rows)  # noqa: S608 - hex

    def verify(self) -> int:
        """Return the number of events after checking every link.

        Raises:
            LakeError: naming the first event that does not fit.
        """
        previous, number = _FIRST, 0
        for row in self.events():
            number += 1
            if row["event_seq"] != number or row["previous_hash"] != previous or row["hash"] != hashed(row):
                raise LakeError(f"the ledger is broken at event {number}: it was changed, dropped or added by hand")
            previous = row["hash"]
        return number
