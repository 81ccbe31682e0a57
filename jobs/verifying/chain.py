"""The ledger's events: whether each hangs on the one before, and whether they are signed by whom they should be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs import runkeys, signing
from jobs.keyring import SIGNING
from jobs.ledger import FIRST, hashed
from jobs.verifying.finding import Finding, Kind


@dataclass(frozen=True)
class Chain:
    """What the events say of themselves.

    Attributes:
        events: how many.
        signed: how many of them are signed, and by a key that may.
        signers: the public keys, in the order in which each handed over to the next.
        head: hash of the last event; none of an empty ledger.
        findings: what does not hold.
    """

    events: int
    signed: int
    signers: tuple[str, ...]
    head: str | None
    findings: tuple[Finding, ...]


def check(events: Sequence[dict[str, Any]], public: str | None = None, head: str | None = None) -> Chain:
    """Return what holds of the events, which are all of the table in their order.

    Args:
        events: rows of ``runs``.
        public: a public key that the verifier knows from elsewhere; it has to be one of those that signed.
        head: the hash of an event that the verifier noted; it has to be there still.
    """
    findings = [*_links(events)]
    signers: list[str] = []
    heirs: set[str] = set()
    signed = 0
    for row in events:
        by, where = row.get("signed_by"), f"event {row['event_seq']}"
        if by is None:
            if signers:
                findings.append(Finding(Kind.SIGNATURE, f"{where} is not signed, and events before it are"))
            continue
        if not signing.holds(by, str(row["hash"]), str(row.get("signature"))):
            findings.append(Finding(Kind.SIGNATURE, f"{where}: the signature is not that of the key it names"))
            continue
        if signers and by not in {signers[-1], *heirs}:
            findings.append(Finding(Kind.SIGNATURE, f"{where} is signed by a key that no key before it named"))
            continue
        signed += 1
        if not signers or by != signers[-1]:
            signers.append(by)
        heirs |= _heir(row)
    if public is not None and public not in signers:
        findings.append(Finding(Kind.SIGNATURE, "no event is signed by the public key that was given"))
    if head is not None and head not in {row["hash"] for row in events}:
        findings.append(Finding(Kind.LEDGER, "the event with the hash that was given is not there any more"))
    last = str(events[-1]["hash"]) if events else None
    return Chain(len(events), signed, tuple(signers), last, tuple(findings))


def _links(events: Sequence[dict[str, Any]]) -> list[Finding]:
    found, previous = [], FIRST
    for number, row in enumerate(events, 1):
        if row["event_seq"] != number or row["previous_hash"] != previous:
            found.append(
                Finding(Kind.LEDGER, f"event {number} does not hang on the one before: dropped, added or moved")
            )
            break
        if row["hash"] != hashed(row):
            found.append(Finding(Kind.LEDGER, f"event {number} was changed: its hash is another one"))
        previous = row["hash"]
    return found


def _heir(row: dict[str, Any]) -> set[str]:
    """Return the key to which a signed event hands over, if it does."""
    if row["job"] != runkeys.JOB:
        return set()
    said = json.loads(row["settings"] or "{}")
    return {str(said["next"])} if (said.get("kind"), said.get("action")) == (SIGNING, runkeys.ROTATE) else set()
