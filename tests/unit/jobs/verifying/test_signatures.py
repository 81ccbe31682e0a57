"""Signatures: who signed, and whether everybody did."""

from pathlib import Path
from typing import Any

import pytest

from jobs import ledger, verify
from jobs.lake import Lake
from jobs.signing import Signer
from jobs.verifying.finding import Kind
from tests.support import lakes, tampering
from tests.unit.jobs.cases import Told
from tests.unit.jobs.verifying.tampered import ROWS, found, read


def test_an_event_that_is_not_signed_after_one_that_is_does_not_hold(lake: Lake) -> None:
    """Whoever has no key cannot add an event; nor does the ledger itself write one."""
    bare = Lake(lake.uri)
    with pytest.raises(Exception, match="there is no key to sign with"):
        bare.ledger.append(lakes.event())
    rows = lake.ledger.events()
    row: dict[str, Any] = {**rows[-1], "event_seq": 5, "previous_hash": rows[-1]["hash"], "run_id": "forged"}
    row |= {"signed_by": None, "signature": None}
    row["hash"] = ledger.hashed(row)
    lake.tables.append("runs", lakes.ledger_rows([row]), ledger.CHAIN, 5)
    assert Kind.SIGNATURE in found(lake)
    assert lake.ledger.verify() == 5  # as a chain it is whole


def test_a_stranger_cannot_sign(lake: Lake) -> None:
    """A key that no key before it named is none."""
    forged = Lake(lake.uri, signer=lambda: Signer(bytes(32)))
    forged.ledger.append(lakes.event())
    assert Kind.SIGNATURE in found(lake)


def test_a_public_key_that_is_known_tells_a_lake_that_was_written_anew(tmp_path: Path, told: Told) -> None:
    """Roots and signatures all fit each other, under a key of the forger's."""
    forged = lakes.sealed(tmp_path / "forged", ROWS, signer=Signer(bytes(32)))
    assert verify.run(forged).findings == ()
    said = told(verify, forged.uri, "--public-key", lakes.SIGNER.public, code=5)
    assert "no event is signed by the public key that was given" in said


def test_a_head_that_is_known_tells_events_that_were_cut_off(lake: Lake, told: Told) -> None:
    """A chain has no end mark: what was noted of its head shows the cut."""
    head = lake.ledger.events()[-1]["hash"]
    told(verify, lake.uri, "--head", head)
    assert "is not there any more" in told(verify, lake.uri, "--head", "0" * 64, code=5)


def test_a_signature_is_of_its_own_event(lake: Lake) -> None:
    """Another event's does not hold, nor does one that is no base64."""
    mine = read(tampering.files(lake, "runs")[0]).column("signature").to_pylist()
    other = next(one["signature"] for one in lake.ledger.events() if one["signature"] not in mine)
    for wrong in (other, "!!", None):
        tampering.rewrite(lake, lambda rows, wrong=wrong: rows[0].update(signature=wrong), "runs")  # type: ignore[misc]  # a default
        assert Kind.SIGNATURE in found(lake)
