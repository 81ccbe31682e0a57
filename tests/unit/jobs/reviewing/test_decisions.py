"""The table of decisions: none is lost, none counts that the ledger does not vouch for, and changes show."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs import verify
from jobs.decisions import APP, Decisions, tables
from jobs.errors import LakeError
from jobs.lake import Lake
from schemas import DECISIONS
from tests.support import lakes
from tests.support.decided import at_once, decision

ROWS = [lakes.row(f"file:///{n}.jpg", b"%d" % n) for n in range(3)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake whose events are signed, in which nobody decided anything."""
    return lakes.sealed(tmp_path / "lake", ROWS)


def again(lake: Lake) -> Lake:
    """Return the same lake as another process opens it."""
    return Lake(lake.uri, signer=lambda: lakes.SIGNER)


def findings(lake: Lake) -> list[str]:
    """Return what faceveil verify finds."""
    return [one.text for one in verify.run(lake).findings]


def rewritten(lake: Lake, change: Any) -> None:
    """Change the rows of the table behind the ledger's back, as somebody with the lake's credentials could."""
    table = tables(lake).open(DECISIONS.name)
    schema = lakes.arrow(DECISIONS)
    rows = tables(lake).query("SELECT * FROM decisions ORDER BY decision_seq").to_pylist()
    table.delete()
    kept = pa.Table.from_pylist(change(rows), schema=schema)
    tables(lake).append(DECISIONS.name, kept, APP, 1000)


def test_a_lake_without_decisions_has_none(lake: Lake) -> None:
    """No table is made by looking, and verify has nothing to say."""
    assert Decisions(lake).all() == ()
    assert not tables(lake).exist()
    assert findings(lake) == []


def test_decisions_come_back_in_their_order(lake: Lake) -> None:
    """Numbered from 1, with every word and place, in another process; the ledger has an event for each batch."""
    some = [decision("add", box=(1.0, 2.0, 30.0, 40.0), why="a hand"), decision("accept"), decision("withhold")]
    desk = Decisions(lake)
    assert desk.all() == ()
    assert desk.append(some[:2]) == [1, 2]
    assert desk.append(some[2:]) == [3]
    assert list(Decisions(again(lake)).all()) == some
    assert list(desk.all()) == some
    assert [one.decision_seq for one in desk.all()] == [1, 2, 3]
    events = [e for e in lake.ledger.events() if e["job"] == "review"]
    assert [dict(e["counts"]) for e in events] == [
        {"decisions": 2, "first": 1, "last": 2},
        {"decisions": 1, "first": 3, "last": 3},
    ]
    assert not any(one.image_id in str(events) for one in some)
    found = verify.run(lake)
    assert (found.findings, len(found.decided.decisions)) == ((), 3)


def test_two_reviewers_at_once_lose_nothing(lake: Lake) -> None:
    """Three desks write at the same time, each by itself; every decision is there once, and vouched for."""
    desks = [Decisions(again(lake)) for _ in range(3)]
    Decisions(lake).append([decision()])
    made = [[decision(reviewer=f"r{n}") for _ in range(2)] for n in range(3)]
    at_once(desks, made)
    found = Decisions(lake).all()
    assert [one.decision_seq for one in found] == list(range(1, 8))
    assert {one.decision_id for one in found[1:]} == {one.decision_id for some in made for one in some}
    assert findings(lake) == []


def test_a_decision_that_is_sent_again_counts_once(lake: Lake) -> None:
    """Its answer was lost, or its event was: it keeps its number, and is vouched for."""
    one, other, desk = decision(), decision("withhold"), Decisions(lake)
    assert desk.append([one]) == desk.append([one], again=True) == [1]
    ledger, lake.ledger = lake.ledger, None  # type: ignore[assignment] - the process ends between the two commits
    with pytest.raises(AttributeError):
        desk.append([other])
    lake.ledger = ledger
    assert Decisions(lake).all() == (one,)
    assert Decisions(lake).checked().unvouched == (2,)
    assert findings(lake) == []
    assert any("no run follows them" in note for note in verify.run(lake).notes())
    assert desk.append([other, decision()], again=True) == [2, 3]
    assert Decisions(lake).all()[:2] == (one, other)
    with pytest.raises(LakeError, match="another one"):
        desk.append([replace(one, action="withhold")], again=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda rows: [rows[0] | {"action": "accept"}, *rows[1:]], "changed", id="edited"),
        pytest.param(lambda rows: rows[1:], "dropped", id="dropped"),
        pytest.param(lambda rows: [rows[1] | {"decision_seq": 1}, *rows[1:]], "not what", id="exchanged"),
        pytest.param(lambda rows: [*rows, rows[0]], "twice", id="doubled"),
        pytest.param(
            lambda rows: [{"decision_seq": 1, "leaf": rows[0]["leaf"]}, *rows[1:]], "no erasure", id="emptied"
        ),
    ],
)
def test_what_is_changed_by_hand_is_found_and_not_followed(lake: Lake, change: Any, said: str) -> None:
    """Verify names it, and no run goes on as if nobody had decided."""
    Decisions(lake).append([decision("withhold"), decision()])
    rewritten(lake, change)
    assert any(said in text for text in findings(lake))
    with pytest.raises(LakeError, match="faceveil verify"):
        Decisions(lake).all()


def test_a_dropped_table_is_found(lake: Lake) -> None:
    """What the ledger vouches for has to be there."""
    Decisions(lake).append([decision("withhold")])
    for file in (Path(lake.uri.removeprefix("file://")) / "decisions").rglob("*"):
        if file.is_file():
            file.unlink()
    assert any("dropped" in text for text in findings(lake))


def test_what_nobody_vouches_for_is_never_followed(lake: Lake) -> None:
    """A row that somebody adds with the lake's credentials, however well it is made, is no decision."""
    Decisions(lake).append([decision("withhold")])
    forged = pa.Table.from_pylist([decision("accept").row(2)], schema=lakes.arrow(DECISIONS))
    tables(lake).append(DECISIONS.name, forged, APP, 2)
    assert [one.action for one in Decisions(lake).all()] == ["withhold"]


def test_an_erasure_says_how_many_it_emptied(lake: Lake) -> None:
    """While it is under way, and after its tombstone, nothing is found; what it emptied is no decision any more."""
    Decisions(lake).append([decision("withhold"), decision()])
    began = lakes.event(run_id="erasure", job="erase")
    lake.ledger.append(began)
    rewritten(lake, lambda rows: [{"decision_seq": 1, "leaf": rows[0]["leaf"]}, rows[1]])
    assert [one.decision_seq for one in Decisions(lake).all()] == [2]
    lake.ledger.append(began.then("erased", counts={"decisions": 1}))
    found = Decisions(lake).checked()
    assert (found.erased, found.broken) == (1, ())


def test_a_signed_ledger_takes_no_unsigned_decision(lake: Lake) -> None:
    """Whoever has no key to sign with decides nothing."""
    unsigned = Lake(lake.uri)
    with pytest.raises(LakeError, match="signed"):
        Decisions(unsigned).append([decision()])
    assert Decisions(lake).all() == ()
