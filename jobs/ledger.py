"""The ledger: the events of all runs of a lake, in one hash chain that cannot fork.

Runs on the driver, without Spark. Each event is appended with its number as a Delta transaction version, so that of two
drivers only one writes number ``n``. The number of a run's ``started`` or ``resumed`` event is the run's epoch: later
epochs outrank earlier ones in the commits of images.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from jobs.errors import LakeBusyError, LakeError, StoreError
from jobs.rowhash import row_hash
from jobs.signing import Signer
from jobs.tables import Tables
from schemas import RUNS

CHAIN = "chain"
FIRST = "0" * 64
LATER = ("noise_key_id", "images_root", "signed_by")
"""Columns that came with the second version of the table: where they are null they are in no hash."""
SignedBy = Callable[[], Signer | None]
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
    noise_key_id: str | None = None
    images_root: str | None = None

    def then(self, event: str, **changes: Any) -> "Event":
        """Return a later event of the same run."""
        return replace(self, event=event, **changes)


def new_run_id() -> str:
    """Return an id for a run that begins now: when, to the second, and eight random digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def hashed(row: dict[str, Any]) -> str:
    """Return the hash of a row of ``runs``: SHA-256 of its other columns but the signature, as canonical JSON.

    Maps are sorted by key and times are ISO 8601 in UTC, so that what is read back hashes alike. Of the columns that
    the table did not always have only those count that are not null, so that old events keep their hashes.
    """
    said: dict[str, Any] = {}
    for column in RUNS.columns:
        value = row.get(column.name)
        if column.name in {"hash", "signature"} or (column.name in LATER and value is None):
            continue
        said[column.name] = dict(value) if isinstance(value, list) else value
    return row_hash(said)


def unsigned() -> None:
    """Return nobody: events are then not signed."""


class Ledger:
    """Reads and extends the chain of a lake's ``runs`` table.

    Args:
        tables: the lake's.
        signer: gives who signs; asked for only when an event is written.
    """

    def __init__(self, tables: Tables, signer: SignedBy = unsigned) -> None:
        self._tables, self._signer = tables, signer

    def events(self) -> list[dict[str, Any]]:
        """Return all events in order; the table is small: a handful of rows a run."""
        return list(self._tables.query("SELECT * FROM runs ORDER BY event_seq").to_pylist())

    def beginning(self) -> str:
        """Return 16 digits that no other lake has, nor this one if it is ever made anew: of its first event's hash.

        Raises:
            LakeError: it has no event yet.
        """
        first = self._tables.query("SELECT hash FROM runs WHERE event_seq = 1").to_pylist()
        if not first:
            raise LakeError("the ledger of this lake has no first event; run faceveil verify on it")
        return str(first[0]["hash"])[:16]

    def append(self, event: Event) -> int:
        """Append an event and return its number; another driver's event in between only moves it on.

        Raises:
            LakeBusyError: if other drivers were first again and again.
            StoreError: if the store failed again and again.
            LakeError: if the events before are signed, and nobody is there to sign this one.
        """
        signer = self._signer()
        for turn in range(_TRIES - 1):
            try:
                return self._append(event, signer)
            except LakeBusyError:
                continue
            except StoreError:
                time.sleep(_WAIT_S * 2**turn)
        return self._append(event, signer)

    def _append(self, event: Event, signer: Signer | None) -> int:
        if "signed_by" not in self._tables.columns("runs"):
            self._tables.create()  # a lake of an older faceveil gets the columns of today
        columns = "event_seq, hash, signed_by"
        last = self._tables.query(f"SELECT {columns} FROM runs ORDER BY event_seq DESC LIMIT 1").to_pylist()  # noqa: S608 - ours
        if signer is None and last and last[0]["signed_by"]:
            raise LakeError(
                "the events of this lake are signed, and there is no key to sign with: give --vault, or "
                "--signing-key-file, --signing-key-env or --signing-key-command"
            )
        number = last[0]["event_seq"] + 1 if last else 1
        row = {
            **vars(event),
            "event_seq": number,
            "at": datetime.now(UTC),
            "previous_hash": last[0]["hash"] if last else FIRST,
            "signed_by": signer.public if signer else None,
        }
        row["hash"] = hashed(row)
        row["signature"] = signer.sign(row["hash"]) if signer else None
        try:
            self._tables.append_rows("runs", [row], CHAIN, number)
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
        previous, number = FIRST, 0
        for row in self.events():
            number += 1
            if row["event_seq"] != number or row["previous_hash"] != previous or row["hash"] != hashed(row):
                raise LakeError(f"the ledger is broken at event {number}: it was changed, dropped or added by hand")
            previous = row["hash"]
        return number
