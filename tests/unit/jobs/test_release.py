"""``faceveil release`` and ``faceveil releases`` from the outside, on lakes made without a JVM."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from anonymizer_udfs.merkle import Fold, leaf
from jobs import release, releases, verify
from jobs.decisions import Decisions
from jobs.errors import JobError
from jobs.lake import APP, Lake
from jobs.releasing import FORMATS
from jobs.releasing.place import Place
from jobs.releasing.records import Releases
from jobs.releasing.snapshot import Snapshot
from tests.support import evaluated_lakes, lakes
from tests.support.decided import decision
from tests.unit.jobs.cases import Asked, Told

GOOD, REFUSED, BAD, FAILED = 0, 4, 2, 1
CHECK_FAILED = 5


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its relative name."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def members(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a release's list."""
    return [json.loads(one) for one in (folder / "members.jsonl").read_bytes().splitlines()]


def images(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield id and content of each image of a release, whatever its layout, as its list says where it lies."""
    for one in members(folder):
        file = folder / one["file"]
        if "member" in one:
            with tarfile.open(file) as tar:
                opened = tar.extractfile(one["member"])
                assert opened is not None
                yield one["image_id"], opened.read()
        elif "row" in one:
            yield one["image_id"], pq.read_table(file).column("content")[one["row"]].as_py()
        else:
            yield one["image_id"], file.read_bytes()


def expected(lake: Path) -> dict[str, bytes]:
    """Return what may go out of a lake, by id."""
    rows = Lake(str(lake)).query("SELECT image_id, content FROM images WHERE status IN ('anonymized', 'clean')")
    return {row["image_id"]: row["content"] for row in rows.to_pylist()}


@pytest.mark.parametrize("layout", sorted(FORMATS))
def test_a_release_holds_what_may_go_out_and_says_so_byte_for_byte(
    good: Path, passed: Path, tmp_path: Path, asked: Asked, layout: str
) -> None:
    """Each layout: the right images, digests that hold, a root that follows from the list, and the same bytes twice."""
    out, again = tmp_path / "v1", tmp_path / "again"
    done = asked(release, good, out, "--name", "v1", "--format", layout, "--licence", "CC0-1.0", "--shard-bytes", 1000)
    assert dict(images(out)) == expected(good)
    said = json.loads((out / "manifest.json").read_bytes())
    assert (said["word"], said["images"], said["override"]) == ("anonymous under test", 9, None)
    assert said["left_out"] == {"quarantined": 1, "review": 1}
    assert said["licence"] == "CC0-1.0"
    for one in said["files"]:
        assert hashlib.sha256((out / one["file"]).read_bytes()).hexdigest() == one["sha256"]
    lines = (out / "members.jsonl").read_bytes().splitlines()
    assert Fold(map(leaf, lines)).root().hex() == said["merkle"]["root"] == done["merkle_root"]
    assert [one["image_id"] for one in members(out)] == sorted(expected(good))
    assert hashlib.sha256((out / "manifest.json").read_bytes()).hexdigest() == done["manifest_sha256"]
    other = shutil.copytree(passed, tmp_path / "other")
    asked(release, other, again, "--name", "v1", "--format", layout, "--licence", "CC0-1.0", "--shard-bytes", 1000)
    assert files(again) == files(out)
    listed = {one["file"] for one in members(out)} | {one["file"] for one in said["files"]} | {"manifest.json"}
    assert set(files(out)) == listed


def test_shards_are_closed_when_they_are_full(good: Path, tmp_path: Path, asked: Asked) -> None:
    """Several tar files, in each what belongs to an image one after another, with no time and no owner."""
    asked(release, good, tmp_path / "v1", "--name", "v1", "--format", "webdataset", "--shard-bytes", 1)
    shards = sorted((tmp_path / "v1" / "shards").iterdir())
    assert len(shards) == len(expected(good))
    with tarfile.open(fileobj=io.BytesIO(shards[0].read_bytes())) as tar:
        image, said = tar.getmembers()
        assert Path(image.name).stem == Path(said.name).stem
        assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in (image, said)} == {(0, 0, 0, "", 0o644)}


def test_the_lake_keeps_what_went_out_and_verify_covers_it(
    good: Path, tmp_path: Path, asked: Asked, told: Told
) -> None:
    """A row and two events; a row that is changed, added or dropped by hand is told."""
    asked(release, good, tmp_path / "v1", "--name", "v1", "--by", "Ada")
    lake = Lake(str(good))
    (row,) = Releases(lake).rows()
    assert (row["name"], row["by"], row["word"], row["images"]) == ("v1", "Ada", "anonymous under test", 9)
    verdict = [event for event in lake.ledger.events() if event["event"] == "verdict"]
    assert row["verdict_hash"] == verdict[0]["hash"]
    mine = [event["event"] for event in lake.ledger.events() if event["run_id"] == row["run_id"]]
    assert mine == ["started", "finished"]
    assert "v1" in told(releases, good)
    assert _findings(lake) == []
    table = Releases(lake).tables.open("releases")
    table.update(updates={"word": "'face-anonymized'"})
    found = _findings(lake)
    assert any("is not what the ledger says" in text for text in found)
    assert any("written by no run" in text for text in found)
    table.delete()
    assert "release 'v1' is in the ledger, and has no row" in _findings(lake)


def _findings(lake: Lake) -> list[str]:
    return [one.text for one in verify.run(lake).findings if "releas" in one.text]


@pytest.mark.parametrize("case", ["never evaluated", "refused", "void", "changed since", "another gate", "begun again"])
def test_what_the_gate_does_not_let_out_stays(good: Path, tmp_path: Path, told: Told, case: str) -> None:
    """Exit code 4, nothing written, nothing recorded; a name and a reason let it out, and are carried for ever."""
    lake = _refusing(case, good, tmp_path)
    options = ["--gate", "strict"] if case == "another gate" else []
    before = len(lake.ledger.events())
    said = told(release, lake.uri, tmp_path / "v1", "--name", "v1", *options, code=REFUSED)
    assert "refused" in said
    assert "--override-by" in said
    assert not (tmp_path / "v1").exists()
    assert (Releases(lake).rows(), len(lake.ledger.events())) == ([], before)
    mine = ("--override-by", "A. Smith", "--override-reason", "contract 17")
    told(release, lake.uri, tmp_path / "v1", "--name", "v1", *options, *mine)
    (row,) = Releases(lake).rows()
    assert (row["word"], row["override_by"], row["override_reason"]) == ("obfuscated", "A. Smith", "contract 17")
    manifest = json.loads((tmp_path / "v1" / "manifest.json").read_bytes())
    assert manifest["override"] == {"by": "A. Smith", "reason": "contract 17"}
    for name in ("DATASHEET.md", "croissant.json"):
        text = (tmp_path / "v1" / name).read_text(encoding="utf-8")
        assert "A. Smith" in text
        assert "contract 17" in text


def _refusing(case: str, good: Path, folder: Path) -> Lake:
    """Return a lake that is refused for one reason."""
    lake = Lake(str(good))
    if case in {"never evaluated", "refused", "void"}:
        figures = {"refused": evaluated_lakes.refused, "void": evaluated_lakes.void}.get(case)
        return evaluated_lakes.make(folder / "weak", figures() if figures else None)
    if case == "changed since":
        more = lakes.images([lakes.row("file:///more.jpg", b"more")])
        write_deltalake(lake.tables.open("images"), more, mode="append")
    if case == "begun again":
        evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-later", until="started")
    return lake


@pytest.mark.parametrize(
    "half", [("--override-by", "A"), ("--override-reason", "B"), ("--override-by", " ", "--override-reason", "B")]
)
def test_half_an_override_is_none(good: Path, tmp_path: Path, told: Told, half: tuple[str, ...]) -> None:
    """Both are needed, and neither may be empty."""
    assert "both a name and a reason" in told(release, good, tmp_path / "v1", "--name", "v1", *half, code=BAD)


@pytest.mark.parametrize("name", ["", "V1", "../v1", "a b", "-v", "v" * 65])
def test_a_name_is_plain(good: Path, tmp_path: Path, told: Told, name: str) -> None:
    """It goes into file names, tables and URLs."""
    assert "--name" in told(release, good, tmp_path / "v1", f"--name={name}", code=BAD)


def test_no_name_and_no_place_is_used_twice(good: Path, tmp_path: Path, told: Told) -> None:
    """A name belongs to one release for ever; a place with anything in it is left alone, also one that was cut off."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    assert "there is a release 'v1' already" in told(release, good, tmp_path / "v2", "--name", "v1", code=BAD)
    assert "none is ever written over" in told(release, good, tmp_path / "v1", "--name", "v2", code=BAD)
    (tmp_path / "cut" / "_part").mkdir(parents=True)
    assert "was cut off there" in told(release, good, tmp_path / "cut", "--name", "v2", code=BAD)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    assert "is not empty" in told(release, good, tmp_path / "full", "--name", "v2", code=BAD)
    assert "expected a new or empty folder" in told(
        release, good, tmp_path / "full" / "notes.txt", "--name", "v2", code=BAD
    )
    (tmp_path / "link").symlink_to(good, target_is_directory=True)
    for inside in (good / "out", good.parent, tmp_path / "link" / "out", Path(f"{good}.vault") / "out"):
        assert "must not lie inside" in told(release, good, inside, "--name", "v2", code=BAD)


class _Dying(Place):
    """A disk that is full when the list of members comes."""

    def publish(self, names: Any) -> None:
        del names
        raise JobError("the release cannot be written: no space is left")


def test_half_a_release_is_none(good: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut off has no manifest, no row, and an event that says so; the name is free, the place is not."""
    with monkeypatch.context() as here:
        here.setattr(release, "Place", _Dying)
        assert "cannot be written" in told(release, good, tmp_path / "v1", "--name", "v1", code=FAILED)
    lake = Lake(str(good))
    assert not (tmp_path / "v1" / "manifest.json").exists()
    assert Releases(lake).rows() == []
    assert [event["event"] for event in lake.ledger.events()][-1] == "failed"
    assert "was cut off there" in told(release, good, tmp_path / "v1", "--name", "v1", code=BAD)
    told(release, good, tmp_path / "v2", "--name", "v1")
    assert _findings(lake) == []


def test_bytes_that_are_not_their_rows_never_go_out(tmp_path: Path, told: Told) -> None:
    """A content that was exchanged ends the release, and names the image alone."""
    rows = evaluated_lakes.rows()
    rows[0] |= {"output_sha256": "0" * 64}
    lake = lakes.make(tmp_path / "lake", rows)
    evaluated_lakes.evaluate(lake, evaluated_lakes.good())
    assert "SHA-256 differs" in told(release, lake.uri, tmp_path / "v1", "--name", "v1", code=FAILED)
    assert not (tmp_path / "v1" / "manifest.json").exists()


def test_a_newer_red_team_takes_back_what_it_breaks(good: Path, tmp_path: Path, asked: Asked, told: Told) -> None:
    """Exit code 4, once, and loudly; row, ledger and verify say the same; a later good verdict changes nothing."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    told(release, good, tmp_path / "v0", "--name", "v0", "--override-by", "A", "--override-reason", "B")
    assert asked(releases, good, "--recheck")["newly_recalled"] == []
    lake = Lake(str(good))
    evaluated_lakes.evaluate(lake, evaluated_lakes.refused(), "run-newer")
    assert asked(releases, good, "--recheck", code=REFUSED)["newly_recalled"] == ["v0", "v1"]
    rows = {row["name"]: row for row in Releases(lake).rows()}
    assert rows["v1"]["recalled_by"] == "run-newer"
    assert "people named" in rows["v1"]["recalled_why"]
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-newest")
    assert asked(releases, good, "--recheck")["newly_recalled"] == []
    assert "RECALLED" in told(releases, good)
    assert _findings(lake) == []
    Releases(lake).tables.open("releases").update(updates={"recalled_at": "NULL", "recalled_why": "NULL"})
    assert any("'v1' is recalled by the ledger" in text for text in _findings(lake))
    told(releases, good, "--recheck")
    assert not any("is recalled by the ledger" in text for text in _findings(lake))


@pytest.mark.parametrize("later", ["void", "without labels"])
def test_an_evaluation_that_shows_nothing_takes_nothing_back(
    good: Path, tmp_path: Path, asked: Asked, told: Told, later: str
) -> None:
    """Attackers who were too weak, and what was not measured, are no evidence against a release."""
    told(release, good, tmp_path / "v1", "--name", "v1")
    figures = evaluated_lakes.void() if later == "void" else []
    evaluated_lakes.evaluate(Lake(str(good)), figures, "run-newer")
    assert asked(releases, good, "--recheck")["newly_recalled"] == []


def test_a_lake_without_releases_has_none(good: Path, told: Told, asked: Asked) -> None:
    """Listing makes no table."""
    assert "none" in told(releases, good)
    assert asked(releases, good) == {"releases": [], "newly_recalled": []}
    assert not (good / "releases").exists()
    assert APP not in asked(releases, good, "--recheck")["newly_recalled"]


def test_what_monitor_asks_for_is_waited_for(good: Path, tmp_path: Path, told: Told) -> None:
    """An event that counts an evaluation as due lets nothing out until there is one."""
    lake = Lake(str(good))
    drifted = lakes.event("finished", "run-m", job="monitor", counts={"evaluation_due": 1})
    lake.ledger.append(drifted)
    assert "An evaluation is due" in told(release, good, tmp_path / "v1", "--name", "v1", code=REFUSED)
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-newer")
    told(release, good, tmp_path / "v1", "--name", "v1")


def test_what_somebody_saw_is_wrong_with_goes_out_on_nobodys_name(good: Path, tmp_path: Path, told: Told) -> None:
    """An image that a person withheld, and that no run has followed yet, keeps the lake in, override or not."""
    lake = Lake(str(good))
    (row,) = lake.tables.query(
        "SELECT image_id, content_version FROM images WHERE status = 'anonymized' LIMIT 1"
    ).to_pylist()
    Decisions(lake).append([decision("withhold", row["image_id"], content_version=row["content_version"])])
    named = ("--override-by", "Jane", "--override-reason", "a deadline")
    said = told(release, good, tmp_path / "v1", "--name", "v1", *named, code=REFUSED)
    assert "1 image somebody withheld or drew on" in said
    assert not (tmp_path / "v1").exists()


def test_croissant_is_what_its_own_validator_takes(passed: Path, tmp_path: Path, told: Told) -> None:
    """Each layout's card is valid, and its list of members is read through it as a data loader would."""
    loader = pytest.importorskip("mlcroissant", reason="mlcroissant is missing: make setup brings it")
    for layout in FORMATS:
        lake = shutil.copytree(passed, tmp_path / layout / "lake")
        out = tmp_path / layout / "v1"
        told(release, lake, out, "--name", "v1", "--format", layout, "--about", "Drawn pictures.")
        card = loader.Dataset(str(out / "croissant.json"))
        assert card.metadata.ctx.issues.errors == set()
        found = {one["members/image_id"].decode(): one["members/sha256"].decode() for one in card.records("members")}
        assert found == {one["image_id"]: one["sha256"] for one in members(out)}


def test_images_come_in_the_order_of_their_ids_however_few_are_held(passed: Path) -> None:
    """In one range or in thousands; and the version that was asked for, whatever came later."""
    shot = Snapshot.now(Lake(str(passed)))
    ids = [one.image_id for one in shot.members()]
    assert ids == sorted(expected(passed))
    assert [one.image_id for one in shot.members(range_bytes=10)] == ids
    assert list(Snapshot(shot.lake, 0).members()) == []
