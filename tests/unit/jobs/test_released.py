"""Which release holds an image: what ``faceveil release`` writes of its members, who is told, and what verify sees."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conf.settings import load
from jobs import release, releases, sql, verify
from jobs.errors import JobError, LakeBusyError
from jobs.lake import Lake
from jobs.options import Common
from jobs.placed import Placed
from jobs.releasing import FORMATS, account, holding, members
from jobs.releasing.members import Members
from jobs.releasing.records import Releases
from jobs.vault import KeySource
from tests.support import evaluated_lakes, lakes
from tests.unit.jobs.cases import Asked, Told

FAILED, BAD = 1, 2
ONE = lakes.KEY.image_id(f"{evaluated_lakes.HOME}/4.png")
HELD_BACK = lakes.KEY.image_id(f"{evaluated_lakes.HOME}/held.png")


def rows(lake: Path) -> list[dict[str, Any]]:
    """Return the table, in the order of releases and places."""
    found = Members(Lake(str(lake))).tables.query("SELECT * FROM released ORDER BY name, run_id, position")
    return list(found.to_pylist())


def findings(lake: Path) -> list[str]:
    """Return what verify says of releases."""
    return [one.text for one in verify.run(Lake(str(lake))).findings]


@pytest.mark.parametrize("layout", sorted(FORMATS))
def test_each_line_of_a_release_is_a_row(
    good: Path, tmp_path: Path, told: Told, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each layout, in as many commits as it takes: from each row its line, and over the rows the release's root."""
    monkeypatch.setattr(members, "PIECE", 4)
    told(release, good, tmp_path / "v1", "--name", "v1", "--format", layout)
    listed = (tmp_path / "v1" / "members.jsonl").read_bytes().splitlines()
    found = rows(good)
    assert [members.line_of(row) for row in found] == listed
    assert [row["position"] for row in found] == list(range(9))
    (kept,) = Releases(Lake(str(good))).rows()
    assert {(row["name"], row["run_id"]) for row in found} == {("v1", kept["run_id"])}
    assert len(Members(Lake(str(good))).tables.open("released").file_uris()) == 3
    assert findings(good) == []


def test_an_image_is_found_by_id_by_digest_by_file_and_by_source(
    good: Path, tmp_path: Path, asked: Asked, told: Told
) -> None:
    """In the releases that hold it, with where it lies; what is held back is in none."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    told(release, good, tmp_path / "v2", "--name", "v2", "--format", "webdataset")
    lakes.make_vault(tmp_path / "lake.vault", [f"{evaluated_lakes.HOME}/4.png"])
    found = asked(releases, good, "--holds", ONE)["held_by"]
    assert [(one["name"], one["uri"], one["recalled_at"]) for one in found] == [
        ("v1", str(tmp_path / "v1"), None),
        ("v2", str(tmp_path / "v2"), None),
    ]
    out = tmp_path / "v1" / found[0]["file"]
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert (found[1]["file"], found[1]["file_member"]) == ("shards/000000.tar", f"{ONE}.png")
    for word in (digest, out, "/secret/people/anna/4.png"):
        assert [one["image_id"] for one in asked(releases, good, "--holds", word)["held_by"]] == [ONE, ONE]
    assert asked(releases, good, "--holds", HELD_BACK)["held_by"] == []
    assert "no release of which this lake knows" in told(releases, good, "--holds", HELD_BACK)
    assert f"{tmp_path / 'v2'}/shards/000000.tar, member {ONE}.png" in told(releases, good, "--holds", ONE)


def test_a_file_that_was_made_anew_since_is_still_found(good: Path, tmp_path: Path, asked: Asked, told: Told) -> None:
    """By its digest, which the images no longer have: that is what somebody finds on the open web."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    out = tmp_path / "v1" / asked(releases, good, "--holds", ONE)["held_by"][0]["file"]
    lake = Lake(str(good))
    lake.tables.open("images").update(updates={"output_sha256": f"'{'0' * 64}'"})
    (found,) = asked(releases, good, "--holds", out)["held_by"]
    assert (found["name"], found["image_id"]) == ("v1", ONE)


@pytest.mark.parametrize("word", ["", "none.jpg", "5F0C", "' OR 1=1 --"])
def test_a_word_that_stands_for_nothing_is_told(good: Path, told: Told, word: str) -> None:
    """And why a name cannot be looked up, where there is no vault."""
    said = told(releases, good, f"--holds={word}", code=BAD)
    assert "--holds takes an id, a SHA-256, a file, or a source of this lake" in said
    assert "there is no vault" in said


def test_a_lake_without_releases_holds_nothing(good: Path, asked: Asked) -> None:
    """And asking makes no table."""
    assert asked(releases, good, "--holds", ONE) == {"asked": ONE, "held_by": [], "not_known": [], "erased": {}}
    assert not (good / "released").exists()


def test_what_a_cut_off_release_left_counts_nowhere(
    good: Path, tmp_path: Path, told: Told, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are in no view and no answer; the next release of its name holds each image once."""
    with monkeypatch.context() as here:
        here.setattr(Releases, "add", _full)
        told(release, good, tmp_path / "cut", "--name", "v1", code=FAILED)
    assert len(rows(good)) == 9
    assert asked(releases, good, "--holds", ONE)["held_by"] == []
    assert findings(good) == []
    told(release, good, tmp_path / "v1", "--name", "v1")
    assert len(rows(good)) == 18
    assert [one["uri"] for one in asked(releases, good, "--holds", ONE)["held_by"]] == [str(tmp_path / "v1")]
    assert asked(sql, good, "SELECT COUNT(*) AS n FROM holdings") == [{"n": 9}]
    (listed,) = asked(releases, good)["releases"]
    assert listed["erased"] == 0
    assert findings(good) == []


def _full(*_: object) -> None:
    raise JobError("the release cannot be written: no space is left")


def test_a_release_without_an_image_is_known_to_hold_none(tmp_path: Path, told: Told, asked: Asked) -> None:
    """It has no row, which is not the same as a release that nobody recorded."""
    lake = lakes.make(tmp_path / "lake", [lakes.row("file:///bad.jpg", None)])
    told(release, lake.uri, tmp_path / "v1", "--name", "v1", "--override-by", "A", "--override-reason", "B")
    assert asked(releases, lake.uri, "--holds", ONE) == {"asked": ONE, "held_by": [], "not_known": [], "erased": {}}
    assert [(one["images"], one["erased"]) for one in asked(releases, lake.uri)["releases"]] == [(0, 0)]
    assert not [one for one in findings(Path(lake.uri)) if "releas" in one]


def test_a_release_of_an_older_faceveil_is_not_known(good: Path, tmp_path: Path, told: Told, asked: Asked) -> None:
    """It has a row and no members: whether it holds an image is told to be unknown, not denied."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    shutil.rmtree(good / "released")
    assert asked(releases, good, "--holds", ONE) == {"asked": ONE, "held_by": [], "not_known": ["v1"], "erased": {}}
    assert "v1  was made by an older faceveil" in told(releases, good, "--holds", ONE)
    assert asked(releases, good)["releases"][0]["erased"] is None
    assert "not known" in told(releases, good)
    assert findings(good) == ["of the images of release 'v1' in table 'released', their rows are not there"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"updates": {"file": "'elsewhere'"}}, "rows are not what went out", id="changed"),
        pytest.param({"updates": {"image_id": "NULL"}}, "name no image, and by the ledger 0 were erased", id="emptied"),
        pytest.param({"updates": {"name": "'v2'"}}, "do not give its root", id="renamed"),
        pytest.param(None, "do not give its root (8 rows, 9 went out)", id="dropped"),
    ],
)
def test_rows_that_somebody_touched_are_told(
    good: Path, tmp_path: Path, told: Told, changed: dict[str, Any] | None, expected: str
) -> None:
    """By the root that is in the ledger, by each row's own hash, and by the commit that no run made."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    table = Members(Lake(str(good))).tables.open("released")
    if changed is None:
        table.delete("position = 3")
    else:
        table.update(**changed, predicate="position = 3")
    found = findings(good)
    assert any(expected in text for text in found)
    assert any("of table 'released' was written by no run" in text for text in found)


def test_rows_that_somebody_added_are_told(good: Path, tmp_path: Path, told: Told) -> None:
    """A tenth image that never went out, under the release's own run."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    table = Members(Lake(str(good))).tables
    more = {**rows(good)[0], "position": 9}
    table.append("released", pa.Table.from_pylist([more], schema=members.SCHEMA), members.app(more["run_id"]), 2)
    assert any("do not give its root (10 rows, 9 went out)" in text for text in findings(good))


@pytest.mark.parametrize("when", ["before the rows", "after the rows"])
def test_an_erasure_that_begins_meanwhile_goes_first(
    good: Path, tmp_path: Path, told: Told, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it begins no row makes the release count, and it has no manifest."""
    lake, add = Lake(str(good)), Members.add

    def slowly(self: Members, *words: Any) -> int:
        written = add(self, *words)
        lake.ledger.append(lakes.event("started", "erasure-1", job="erase"))
        return written

    if when == "after the rows":
        monkeypatch.setattr(Members, "add", slowly)
    else:
        opened = account.Account.open

        def begun(*words: Any) -> account.Account:
            made: account.Account = opened(*words)
            lake.ledger.append(lakes.event("started", "erasure-1", job="erase"))
            return made

        monkeypatch.setattr(account.Account, "open", begun)
    assert "it goes first" in told(release, good, tmp_path / "v1", "--name", "v1", code=FAILED)
    assert Releases(lake).rows() == []
    assert not (tmp_path / "v1" / "manifest.json").exists()
    assert len(rows(good)) == (9 if when == "after the rows" else 0)


def test_a_release_that_an_erasure_fenced_writes_no_row_more(good: Path, tmp_path: Path, told: Told) -> None:
    """Its next piece is refused; one that ended is none that is under way, and fencing twice is no matter."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    lake = Lake(str(good))
    began = lakes.event("started", "run-r", job="release")
    lake.ledger.append(began)
    open_ = list(members.under_way(lake.ledger.events()))
    assert open_ == ["run-r"]
    for _ in range(2):
        Members(lake).fence(open_)
    line = (tmp_path / "v1" / "members.jsonl").read_bytes().splitlines()[0]
    with pytest.raises(LakeBusyError):
        Members(lake).add("v2", "run-r", [line])
    assert len(rows(good)) == 9
    assert findings(good) == []
    lake.ledger.append(began.then("failed"))
    assert list(members.under_way(lake.ledger.events())) == []


def test_a_row_whose_answer_was_lost_is_ours(good: Path, tmp_path: Path, told: Told) -> None:
    """The very transaction is there already: it is this run's own, and is not written twice."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    lake, line = Lake(str(good)), (tmp_path / "v1" / "members.jsonl").read_bytes().splitlines()[0]
    for _ in range(2):
        assert Members(lake).add("v2", "run-r", [line]) == 1
    assert len(rows(good)) == 10


def test_who_holds_many_images_is_counted_by_release(
    good: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are asked for at a time; a recall shows; of nothing asked nobody holds any."""
    monkeypatch.setattr(holding, "_SOME", 2)
    lake = Lake(str(good))
    assert holding.holders(lake, [ONE]) == []
    told(release, good, tmp_path / "v1", "--name", "v1")
    told(release, good, tmp_path / "v2", "--name", "v2")
    evaluated_lakes.evaluate(lake, evaluated_lakes.refused(), "run-newer")
    told(releases, good, "--recheck", code=4)
    ids = [row["image_id"] for row in rows(good)][:5]
    first = holding.Holder("v1", str(tmp_path / "v1"), 5, recalled=True)
    assert holding.holders(lake, [*ids, HELD_BACK, "0" * 32]) == [
        first,
        replace(first, name="v2", uri=str(tmp_path / "v2")),
    ]
    assert holding.holders(lake, []) == []


def test_no_name_of_a_source_is_in_the_table(good: Path, tmp_path: Path, told: Told) -> None:
    """Ids, digests and places of the release alone; asking by id needs neither key nor vault."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    assert "anna" not in json.dumps(rows(good), default=str)
    placed = Placed(Lake(str(good)), Common(load(), "none", KeySource()))
    assert [row["name"] for row in holding.held(placed, ONE).rows] == ["v1"]
