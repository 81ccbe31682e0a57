"""``faceveil verify``: what it says of a lake that is what its runs made, and what it refuses."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from jobs import verify
from jobs.lake import APP, Commit, Lake
from jobs.ledger import CHAIN, FIRST, LATER
from jobs.tables import Tables
from schemas import IMAGES, RUNS
from tests.support import lakes
from tests.unit.jobs.cases import Asked, Told
from tests.unit.jobs.verifying.tampered import NEWER, ROWS


def test_a_lake_that_nobody_touched_holds(lake: Lake, asked: Asked) -> None:
    """Every event, root, row and picture, and nothing is left uncovered."""
    said = asked(verify, lake.uri)
    assert said["holds"]
    assert (said["events"], said["events_signed"], said["public_keys"]) == (4, 4, [lakes.SIGNER.public])
    assert (said["rows"], said["rows_that_hold"], said["rows_without_root"]) == (7, 7, 0)
    assert (said["pictures"], said["pictures_hashed"]) == (6, 6)
    assert [root["images"] for root in said["roots"]] == [6, 2]


def test_an_empty_lake_holds(tmp_path: Path, told: Told) -> None:
    """There is nothing in it that could be wrong."""
    made = Lake(str(tmp_path / "lake"))
    made.create()
    assert "0 of 0" in told(verify, made.uri)


def test_a_run_of_nothing_commits_to_nothing(lake: Lake) -> None:
    """Its root is the hash of nothing, and the lake holds."""
    lakes.add_run(lake, "run-3", [])
    made = verify.run(lake)
    assert made.findings == ()
    assert made.trees.roots[-1].root.startswith("e3b0c442")


def test_a_lake_of_an_older_faceveil_is_verified_and_can_be_signed_from_then_on(tmp_path: Path, told: Told) -> None:
    """Its table has fewer columns, and its events no root and no signature: that is said, and the chain holds."""
    older = replace(RUNS, version=1, columns=tuple(c for c in RUNS.columns if c.name not in {*LATER, "signature"}))
    tables = Tables(str(tmp_path / "lake"), {"images": IMAGES, "runs": older})
    tables.create()
    row = {**vars(lakes.event("finished")), "event_seq": 1, "at": lakes.AT, "previous_hash": FIRST}
    plain = {c.name: row.get(c.name) for c in older.columns if c.name != "hash"} | {"at": lakes.AT.isoformat()}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    row["hash"] = hashlib.sha256(text.encode()).hexdigest()  # as it was computed before there were signatures
    tables.append("runs", pa.Table.from_pylist([row], schema=lakes.arrow(older)), CHAIN, 1)
    tables.append("images", lakes.images(ROWS), APP, Commit(1, 1).version)
    said = told(verify, tables.uri)
    assert "1, unsigned" in said
    assert "6 rows of runs that have not finished, or that an older faceveil made" in said
    assert "no event is signed" in said
    lakes.add_run(Lake(tables.uri, signer=lambda: lakes.SIGNER), "run-2", [NEWER])
    said = told(verify, tables.uri)
    assert "2 signed, 1 unsigned" in said
    assert "1 of 6 are what a root vouches for" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "give LAKE", id="nothing"),
        pytest.param(["LAKE", "--sample", "0"], "--sample must be at least 1", id="sample"),
        pytest.param(["LAKE", "--image", "a"], "go together", id="image-alone"),
        pytest.param(["LAKE", "--root", "0" * 64], "go with --check-proof", id="root-alone"),
        pytest.param(["LAKE", "--image", "0" * 32, "--proof", "PROOF"], "no run of this lake", id="no-such-image"),
        pytest.param(["LAKE", "--public-key", "short"], "--public-key: expected 32 bytes", id="public-key"),
        pytest.param(["--check-proof", "PROOF"], "needs --root HEX", id="no-root"),
        pytest.param(["--check-proof", "PROOF", "--root", "0" * 64], "a file cannot be read", id="no-proof"),
        pytest.param(["--check-proof", "NOISE", "--root", "0" * 64], "expected a proof", id="no-proof-at-all"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], message: str, lake: Lake, tmp_path: Path, told: Told) -> None:
    """With exit code 2 and a line that says what to give."""
    (tmp_path / "noise").write_bytes(b"\x00" * 100)
    places = {"LAKE": lake.uri, "PROOF": str(tmp_path / "proof"), "NOISE": str(tmp_path / "noise")}
    assert message in told(verify, *(places.get(word, word) for word in words), code=2)
