"""The ledger: a chain that cannot fork, and in which nothing can be changed unseen."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import LakeError
from jobs.lake import Lake
from jobs.ledger import LATER, Event, hashed
from schemas import RUNS
from tests.support import lakes


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a new lake."""
    made = Lake(str(tmp_path / "lake"))
    made.create()
    return made


def rewrite(lake: Lake, rows: list[dict[str, object]]) -> None:
    """Put other rows into the table by hand, as somebody who wants to hide something would: the log, anew."""
    folder = Path(lake.uri, "runs")
    log = sorted((folder / "_delta_log").glob("*.json"))
    for file in log[1:]:
        file.unlink()
    write_deltalake(str(folder), pa.Table.from_pylist(rows, schema=lakes.arrow(RUNS)), mode="append")


def test_an_empty_ledger_is_whole(lake: Lake) -> None:
    """No event, nothing broken."""
    assert lake.ledger.events() == []
    assert lake.ledger.verify() == 0


def test_events_are_numbered_over_the_whole_lake(lake: Lake) -> None:
    """Each append gives the next number, whatever the run; the first hangs on 64 zeros."""
    numbers = [lake.ledger.append(lakes.event(run_id=run)) for run in ("a", "b", "a")]
    assert numbers == [1, 2, 3]
    events = lake.ledger.events()
    assert [e["run_id"] for e in events] == ["a", "b", "a"]
    assert [e["previous_hash"] for e in events] == ["0" * 64, *(e["hash"] for e in events[:-1])]
    assert lake.ledger.verify() == 3


def test_everything_that_is_told_comes_back(lake: Lake) -> None:
    """Maps, texts and figures are stored as they are, and hash alike when they are read."""
    told = Event(
        "r", "finished", "anonymize", "s", "public", "p", "k", "0.1.0", '{"a": "ä"}', {"m": "1"}, {"l": "2"},
        {"images": 3}, {"clean": 4}, {"share.read": 0.1, "images_per_second": 1 / 3},
    )  # fmt: skip
    lake.ledger.append(told)
    row = lake.ledger.events()[0]
    back = {name: dict(v) if isinstance(v, list) else v for name, v in row.items()}
    assert {name: back[name] for name in vars(told)} == vars(told)
    assert lake.ledger.verify() == 1


def test_many_drivers_make_one_chain(lake: Lake) -> None:
    """Three drivers that append at once each get a number of their own, and no link is broken."""
    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(lambda i: Lake(lake.uri).ledger.append(lakes.event(run_id=f"r{i}")), range(3)))
    assert sorted(numbers) == [1, 2, 3]
    assert lake.ledger.verify() == 3


def test_a_later_event_is_of_the_same_run() -> None:
    """What follows keeps all that the first one said but what changed."""
    first = lakes.event(source_id="s")
    last = first.then("finished", counts={"clean": 1})
    assert (last.run_id, last.source_id, last.event, last.counts) == ("run-1", "s", "finished", {"clean": 1})
    assert first.event == "started"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        pytest.param(lambda rows: rows[1].update(policy="internal"), 2, id="changed"),
        pytest.param(lambda rows: rows[1].update(counts=[("clean", 9)]), 2, id="changed-in-a-map"),
        pytest.param(lambda rows: rows.pop(1), 2, id="dropped"),
        pytest.param(lambda rows: rows.pop(0), 1, id="first-dropped"),
        pytest.param(lambda rows: rows.insert(1, dict(rows[1])), 3, id="doubled"),
        pytest.param(lambda rows: rows[1].update(hash="f" * 64), 2, id="hash"),
        pytest.param(lambda rows: rows[2].update(event_seq=7), 3, id="renumbered"),
    ],
)
def test_no_event_can_be_changed_unseen(change: object, at: int, lake: Lake) -> None:
    """Whatever is done to the table by hand, the first link that does not fit is named."""
    for _ in range(3):
        lake.ledger.append(lakes.event())
    rows = lake.ledger.events()
    change(rows)  # type: ignore[operator]  # a lambda over rows
    rewrite(lake, rows)
    with pytest.raises(LakeError, match=f"broken at event {at}:"):
        lake.ledger.verify()


def test_the_last_event_can_be_cut_off_unseen_only_with_all_after_it(lake: Lake) -> None:
    """A chain has no end mark: what an export's header keeps of its head is what shows a cut."""
    for _ in range(2):
        lake.ledger.append(lakes.event())
    head = lake.ledger.events()[-1]["hash"]
    rewrite(lake, lake.ledger.events()[:1])
    assert lake.ledger.verify() == 1
    assert lake.ledger.events()[-1]["hash"] != head


MAPS = st.dictionaries(st.text(max_size=4), st.integers(0, 2**53), max_size=4)


def plain(**columns: object) -> dict[str, object]:
    """Return a row of ``runs`` with empty columns."""
    return dict.fromkeys(RUNS.arrow().names) | {"at": lakes.AT} | columns


@given(MAPS)
def test_the_hash_does_not_depend_on_how_a_map_is_read_back(counts: dict[str, int]) -> None:
    """Readers give maps as dicts or as pairs, in any order; one row has one hash."""
    pairs = list(counts.items())
    assert hashed(plain(counts=counts)) == hashed(plain(counts=pairs)) == hashed(plain(counts=pairs[::-1]))


@given(st.timedeltas(timedelta(0), timedelta(365)), st.integers(-12, 12))
def test_the_hash_does_not_depend_on_the_time_zone(later: timedelta, hours: int) -> None:
    """The same moment hashes alike wherever it is read."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + later
    there = moment.astimezone(timezone(timedelta(hours=hours)))
    assert hashed(plain(at=moment)) == hashed(plain(at=there))


def test_the_hash_is_what_anybody_can_compute() -> None:
    """SHA-256 of canonical JSON of all other columns but the signature: an auditor needs no code of ours.

    Columns that came later are in it only where they are set, so that an old event has the hash that it had.
    """
    import hashlib  # noqa: PLC0415 - spelled out as an auditor would

    row = plain(run_id="r", event_seq=1, counts=[("b", 2), ("a", 1)], hash="not part of it")
    said = {n: None for n in RUNS.arrow().names if n not in {"hash", "signature", *LATER}}
    said |= {"run_id": "r", "event_seq": 1, "counts": {"a": 1, "b": 2}, "at": "2026-01-02T03:04:05.678901+00:00"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert hashed(row) == hashlib.sha256(text.encode()).hexdigest()
    for name in LATER:
        later = json.dumps(said | {name: "set"}, sort_keys=True, separators=(",", ":"))
        assert hashed(row | {name: "set"}) == hashlib.sha256(later.encode()).hexdigest()
