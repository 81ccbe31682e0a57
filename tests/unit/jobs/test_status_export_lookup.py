"""What a finished lake is asked for: how it stands, its images as files, and the way between file and row."""

import csv
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from anonymizer_udfs.outcome import Reason
from jobs import export, lookup, outbox, screen, status
from jobs.errors import LakeError
from jobs.lake import Lake
from tests.support import lakes

HOME = "file:///data/photos"
ONE, TWO, HELD, BAD, GONE, PACKED = (
    f"{HOME}/{name}" for name in ("a/one.jpg", "b/%C3%A9t%C3%A9.jpg", "a/held.png", "bad.jpg", "gone.jpg", "x.zip!in/3")
)
ROWS = [
    lakes.row(ONE, b"one", status="anonymized", faces=[lakes.face(), lakes.face("pixelate")]),
    lakes.row(TWO, b"two", policy_digest="e" * 32),
    lakes.row(HELD, b"held", status="review", reason="unverified", format="png"),
    lakes.row(BAD, None),
    lakes.row(GONE, None, reason="unreadable"),
    lakes.row(PACKED, b"three", source_digest=lakes.KEY.source_digest(b"source of three")),
]
IDS = {uri: lakes.KEY.image_id(uri) for uri in (ONE, TWO, HELD, BAD, GONE, PACKED)}


Told = Callable[..., str]
Asked = Callable[..., Any]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with every status, and its vault beside it."""
    made = lakes.make(tmp_path / "lake", ROWS)
    lakes.make_vault(tmp_path / "lake.vault", list(IDS))
    return made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what runs a command, holds it to its exit code, and gives all that a person reads."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(command: Any, *words: object, code: int = 0) -> str:
        assert command.main([str(word) for word in words]) == code
        out, err = capsys.readouterr()
        return out + err

    return run


@pytest.fixture
def asked(told: Told) -> Asked:
    """Return what runs a command with ``--json`` and gives its answer."""
    return lambda command, *words, code=0: json.loads(told(command, *words, "--json", code=code))


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the images below a folder by their relative names."""
    ours = {outbox.LINES, outbox.SHEET, outbox.STAMP}
    found = {os.path.relpath(p, folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {name: content for name, content in found.items() if name not in ours}


@pytest.mark.parametrize("command", [status, lookup, export], ids=lambda c: c.__name__)
def test_where_no_lake_is_nothing_is_made(command: Any, tmp_path: Path, told: Told) -> None:
    """All three say what makes a lake, exit with 1, and leave no folder behind."""
    words = [] if command is status else ["x"] if command is lookup else [tmp_path / "out"]
    assert "faceveil anonymize" in told(command, tmp_path / "none", *words, code=1)
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_an_empty_lake_says_how_to_begin(tmp_path: Path, asked: Asked) -> None:
    """Nothing is in it, and what to do next is the command that fills it."""
    Lake(str(tmp_path / "lake")).create()
    now = asked(status, tmp_path / "lake")
    assert (now["images"], now["faces"], now["shares"], now["runs"], now["ledger_events"]) == (0, 0, [], [], 0)
    assert now["next"] == [f"faceveil anonymize SOURCE {tmp_path / 'lake'}"]


def test_the_status_counts_everything(lake: Lake, asked: Asked) -> None:
    """Images by status and reason, regions by method, policies by digest, runs, sizes and the ledger."""
    now = asked(status, lake.uri)
    counted = {(s["status"], s["reason"]): s["images"] for s in now["shares"]}
    assert counted == {
        ("anonymized", None): 1,
        ("clean", None): 2,
        ("review", "unverified"): 1,
        ("quarantined", "truncated"): 1,
        ("quarantined", "unreadable"): 1,
    }
    assert (now["images"], now["faces"]) == (6, 2)
    assert {(m["kind"], m["method"]): m["regions"] for m in now["methods"]} == {
        ("face", "mask"): 1,
        ("face", "pixelate"): 1,
    }
    assert [(p["policy"], p["images"], p["current"]) for p in now["policies"]] == [
        ("public", 5, True),
        (None, 1, False),
    ]
    assert [(r["run_id"], r["state"], r["images"]) for r in now["runs"]] == [("run-1", "finished", 6)]
    assert now["ledger_events"] == 2
    assert now["ledger_problem"] is None
    on_disk = sum(p.stat().st_size for p in Path(lake.uri).rglob("*.parquet"))
    assert (now["size_bytes"], now["files"]) == (on_disk, 3)
    assert now["mlflow"].startswith("sqlite:///")


def test_the_status_says_what_to_do(lake: Lake, told: Told) -> None:
    """Each quarantined reason has its remedy, and each next step is a command to copy."""
    text = told(status, lake.uri)
    assert status.REMEDIES[Reason.TRUNCATED] in text
    assert f"faceveil anonymize SOURCE {lake.uri} --retry unreadable" in text
    assert "1 image of an older policy" in text
    assert "1 image for a person to decide on" in text
    assert f"faceveil export {lake.uri} FOLDER writes 3 images" in text


def test_every_reason_has_a_remedy() -> None:
    """The closed list of reasons and the list of remedies are the same; a retry names its own reason."""
    assert set(status.REMEDIES) == set(Reason)
    for reason, text in status.REMEDIES.items():
        assert "--retry" not in text or f"--retry {reason}" in text


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        pytest.param("started", "unfinished", "has not finished", id="cut-off"),
        pytest.param("resumed", "unfinished", "has not finished", id="cut-off-again"),
        pytest.param("failed", "failed", "run run-2 failed", id="failed"),
    ],
)
def test_a_run_that_did_not_finish_is_to_be_run_again(
    kind: str, state: str, expected: str, lake: Lake, asked: Asked
) -> None:
    """The newest run decides what comes first: the same command once more."""
    lake.ledger.append(lakes.event(run_id="run-2"))
    if kind != "started":
        lake.ledger.append(lakes.event(kind, run_id="run-2"))
    now = asked(status, lake.uri)
    assert now["runs"][0]["state"] == state
    assert expected in now["next"][0]
    assert "run the same command again" in now["next"][0]


def test_a_broken_ledger_is_a_failed_check(lake: Lake, told: Told, asked: Asked) -> None:
    """The status says where, and the exit code is 5."""
    event = lake.ledger.events()[0]
    folder = Path(lake.uri, "runs")
    for name in ("00000000000000000001.json", "00000000000000000002.json"):
        (folder / "_delta_log" / name).unlink()
    forged = lakes.ledger_rows([event | {"policy": "internal"}])
    lake.tables.append("runs", forged, "chain", 9)
    now = asked(status, lake.uri, code=5)
    assert "broken at event 1" in now["ledger_problem"]
    assert "broken at event 1" in told(status, lake.uri, code=5)


def test_a_password_of_a_tracking_server_is_not_shown(lake: Lake, asked: Asked) -> None:
    """Who shows a status on a screen does not show a credential."""
    now = asked(status, lake.uri, "--set", "tracking.uri=http://me:hidden@host:5000")
    assert now["mlflow"] == "http://host:5000"


def test_a_terminal_gets_tables_and_a_pipe_gets_text() -> None:
    """Both hold the same words; control sequences go to a terminal only, and a name cannot bring its own."""
    section = screen.Section("images [bold]", (("clean", "7"),), ("status", "n"), (1,))
    plain = "\n".join(screen.plain([section, screen.Section("empty", ())]))
    assert plain == "images [bold]\n  status  n\n  clean   7"


def test_an_export_of_an_empty_lake_is_an_empty_stamped_folder(tmp_path: Path, asked: Asked) -> None:
    """Nothing to write is no error."""
    lakes.make(tmp_path / "lake", [])
    done = asked(export, tmp_path / "lake", tmp_path / "out")
    assert (done["files"], done["left_out"], done["word"]) == (0, {}, "obfuscated")
    assert (tmp_path / "out" / outbox.STAMP).read_text(encoding="utf-8").startswith("obfuscated\n")


def test_an_export_writes_releasable_images_under_their_ids(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """Anonymized and clean ones, bytes as they are in the lake; nothing in a name says where they came from."""
    done = asked(export, lake.uri, tmp_path / "out")
    expected = {f"{IDS[u][:2]}/{IDS[u]}.jpg": c for u, c in ((ONE, b"one"), (TWO, b"two"), (PACKED, b"three"))}
    assert files_of(tmp_path / "out") == expected
    assert done["left_out"] == {"review": 1, "quarantined": 2}
    assert (done["files"], done["size_bytes"]) == (3, 11)


def test_the_manifest_says_what_each_file_is(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """One header with the word, then one line a file, in both forms; the stamp has the manifest's digest."""
    asked(export, lake.uri, tmp_path / "out")
    folder = tmp_path / "out"
    header, *lines = [json.loads(line) for line in (folder / outbox.LINES).read_text(encoding="ascii").splitlines()]
    assert (header["word"], header["left_out"]) == ("obfuscated", {"review": 1, "quarantined": 2})
    assert header["ledger_head"] == lake.ledger.events()[-1]["hash"]
    files = files_of(folder)
    assert {line["file"]: line["sha256"] for line in lines} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert {line["image_id"]: line["status"] for line in lines}[IDS[ONE]] == "anonymized"
    with (folder / outbox.SHEET).open(encoding="utf-8", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    assert rows == [{name: str(value) for name, value in line.items()} for line in lines]
    stamp = (folder / outbox.STAMP).read_text(encoding="utf-8")
    assert hashlib.sha256((folder / outbox.LINES).read_bytes()).hexdigest() in stamp


def test_one_status_can_be_chosen_and_review_cannot(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """What nobody decided on never leaves, whatever is typed."""
    done = asked(export, lake.uri, tmp_path / "out", "--status", "clean")
    assert done["left_out"] == {"anonymized": 1, "review": 1, "quarantined": 2}
    with pytest.raises(SystemExit):
        export.main([lake.uri, str(tmp_path / "more"), "--status", "review"])
    assert not (tmp_path / "more").exists()


def test_an_export_with_names_follows_the_source(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """Names below the folder that all images share; an archive is a folder, and a missing extension is added."""
    done = asked(export, lake.uri, tmp_path / "out", "--names")
    assert files_of(tmp_path / "out") == {"a/one.jpg": b"one", "b/été.jpg": b"two", "x.zip/in/3.jpg": b"three"}
    assert done["unnamed"] == 0


def test_without_a_vault_there_are_no_names(lake: Lake, tmp_path: Path, told: Told) -> None:
    """The export stops before it writes anything, and says why."""
    assert "only the vault knows names" in told(
        export, lake.uri, tmp_path / "out", "--names", "--vault", "none", code=1
    )
    assert "no vault at the URI given" in told(
        export, lake.uri, tmp_path / "out", "--names", "--vault", tmp_path / "v", code=1
    )
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "v").exists()


def test_an_image_that_the_vault_does_not_name_keeps_its_id(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """No image is lost for want of a name, and it is told."""
    lakes.make_vault(tmp_path / "other", [ONE])
    done = asked(export, lake.uri, tmp_path / "out", "--names", "--vault", tmp_path / "other")
    assert done["unnamed"] == 2
    assert f"{IDS[TWO][:2]}/{IDS[TWO]}.jpg" in files_of(tmp_path / "out")


def test_a_file_that_was_changed_in_the_lake_stops_the_export(tmp_path: Path, told: Told) -> None:
    """Its id is named, it is not written, and the folder stays without a stamp."""
    lakes.make(tmp_path / "lake", [lakes.row(ONE, b"one", output_sha256="0" * 64)])
    assert IDS[ONE] in told(export, tmp_path / "lake", tmp_path / "out", code=1)
    assert files_of(tmp_path / "out").keys() == {outbox.LINES + outbox.PART, outbox.SHEET + outbox.PART}
    assert not (tmp_path / "out" / outbox.STAMP).exists()


def test_an_unfinished_export_is_written_anew(tmp_path: Path, told: Told) -> None:
    """What an interrupted export left behind is known and goes; then the stamp is there."""
    bad = lakes.row(TWO, b"two", output_sha256="0" * 64)
    rows = sorted([lakes.row(ONE, b"one"), bad], key=lambda row: row["output_sha256"] == "0" * 64)
    lake = lakes.make(tmp_path / "lake", rows)
    lakes.make_vault(tmp_path / "lake.vault", [ONE])
    told(export, lake.uri, tmp_path / "out", code=1)
    left = [name for name in files_of(tmp_path / "out") if name.endswith(".jpg")]
    assert left == [f"{IDS[ONE][:2]}/{IDS[ONE]}.jpg"]
    DeltaTable(str(Path(lake.uri, "images"))).delete("output_sha256 LIKE '0000%'")
    assert "--overwrite" in told(export, lake.uri, tmp_path / "out", code=2)
    told(export, lake.uri, tmp_path / "out", "--names", "--overwrite")
    assert files_of(tmp_path / "out") == {"one.jpg": b"one"}


def test_an_image_that_the_lake_no_longer_has_leaves_an_overwritten_export(
    lake: Lake, tmp_path: Path, told: Told
) -> None:
    """Erased is erased: the file, its folder and its line go; what no export wrote stays."""
    told(export, lake.uri, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    DeltaTable(str(Path(lake.uri, "images"))).delete(f"image_id = '{IDS[ONE]}'")
    told(export, lake.uri, tmp_path / "out", "--overwrite")
    names = set(files_of(tmp_path / "out"))
    assert names == {f"{IDS[u][:2]}/{IDS[u]}.jpg" for u in (TWO, PACKED)} | {"notes.txt"}
    assert not (tmp_path / "out" / IDS[ONE][:2]).exists()


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["plain", "overwrite"])
def test_a_folder_with_other_files_is_left_alone(overwrite: list[str], lake: Lake, tmp_path: Path, told: Told) -> None:
    """Nobody's originals are replaced by a slip of the hand, with or without --overwrite."""
    photos = tmp_path / "photos"
    (photos / "a").mkdir(parents=True)
    (photos / "a" / "one.jpg").write_bytes(b"original")
    assert "no export wrote" in told(export, lake.uri, photos, "--names", *overwrite, code=2)
    assert files_of(photos) == {"a/one.jpg": b"original"}


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        pytest.param("s3a://bucket/out", "folder of this machine", id="object-store"),
        pytest.param("{}/lake/out", "inside the lake", id="in-the-lake"),
        pytest.param("{}/lake.vault/out", "inside the lake or its vault", id="in-the-vault"),
        pytest.param("{}/file", "got a file", id="a-file"),
    ],
)
def test_a_place_that_cannot_be_is_refused(folder: str, expected: str, lake: Lake, tmp_path: Path, told: Told) -> None:
    """Before anything is written."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert expected in told(export, lake.uri, folder.format(tmp_path), code=2)


def test_hostile_names_stay_in_the_folder(tmp_path: Path, told: Told) -> None:
    """Names of an archive that would climb out, collide or be a formula end as plain files below the folder."""
    uris = [
        f"{HOME}/{name}"
        for name in ("x.zip!../../../etc/1.jpg", "x.zip!%2Fabs%2F..%2F2.jpg", "A.jpg", "a.JPG", "=cmd.jpg", "d.jpg",
                     "d.jpg/e.jpg", f"{'n' * 300}.jpg", "%00%0A.jpg", "%FF.jpg", ".hidden", "..", "C:%5Cwin.jpg")
    ]  # fmt: skip
    lakes.make(tmp_path / "lake", [lakes.row(uri, uri.encode()) for uri in uris])
    lakes.make_vault(tmp_path / "lake.vault", uris)
    told(export, tmp_path / "lake", tmp_path / "out", "--names")
    found = files_of(tmp_path / "out")
    assert sorted(found.values()) == sorted(uri.encode() for uri in uris)
    assert {p.name for p in tmp_path.iterdir()} == {"lake", "lake.vault", "out"}
    assert "=cmd.jpg" in found
    with (tmp_path / "out" / outbox.SHEET).open(encoding="utf-8", errors="surrogateescape", newline="") as sheet:
        cells = {row["file"] for row in csv.DictReader(sheet)}
    assert "'=cmd.jpg" in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_link_in_the_folder_is_not_followed(lake: Lake, tmp_path: Path, told: Told) -> None:
    """An earlier export in which somebody put a link does not lead a new one elsewhere."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    told(export, lake.uri, out, "--names", "--status", "clean")
    (out / "a").symlink_to(elsewhere)
    assert "links" in told(export, lake.uri, out, "--names", "--overwrite", code=2)
    assert list(elsewhere.iterdir()) == []


def test_a_manifest_that_was_tampered_with_removes_nothing_elsewhere(lake: Lake, tmp_path: Path, told: Told) -> None:
    """What an overwrite removes lies in the folder, whatever the manifest lists."""
    victim = tmp_path / "victim.jpg"
    victim.write_bytes(b"mine")
    told(export, lake.uri, tmp_path / "out")
    with (tmp_path / "out" / outbox.LINES).open("a", encoding="ascii") as lines:
        lines.write(json.dumps({"file": "../victim.jpg"}) + "\n" + json.dumps({"file": str(victim)}) + "\n")
    told(export, lake.uri, tmp_path / "out", "--overwrite")
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("word", "uri", "how"),
    [
        pytest.param("/data/photos/a/one.jpg", ONE, "name", id="path"),
        pytest.param("/data/photos/b/été.jpg", TWO, "name", id="path-with-accents"),
        pytest.param(TWO, TWO, "name", id="uri"),
        pytest.param("/data/photos/x.zip!in/3", PACKED, "name", id="archive-member"),
        pytest.param(IDS[BAD], BAD, "id", id="id"),
        pytest.param(hashlib.sha256(b"held").hexdigest(), HELD, "digest", id="digest"),
    ],
)
def test_every_way_leads_to_the_row_and_to_the_source(word: str, uri: str, how: str, lake: Lake, asked: Asked) -> None:
    """From a name, an id or a digest to the row, and by the vault to where the image came from."""
    (found,) = asked(lookup, lake.uri, word)
    assert (found["row"]["image_id"], found["uri"], found["found_by"]) == (IDS[uri], uri, how)
    assert "content" not in found["row"]


def test_a_file_is_found_by_its_content(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """An exported file under whatever name, and a copy of a source elsewhere."""
    (tmp_path / "renamed.bin").write_bytes(b"one")
    (tmp_path / "copy.jpg").write_bytes(b"source of three")
    found = asked(lookup, lake.uri, tmp_path / "renamed.bin", tmp_path / "copy.jpg")
    assert [f["row"]["image_id"] for f in found] == [IDS[ONE], IDS[PACKED]]
    assert [f["found_by"] for f in found] == ["exported_content", "source_content"]


def test_a_lookup_tells_a_person_what_happened(lake: Lake, told: Told) -> None:
    """Status, reason, regions, run and digest, each on a line of its own."""
    text = told(lookup, lake.uri, IDS[ONE], IDS[BAD])
    assert "1 face by mask, 1 face by pixelate" in text
    assert "quarantined: truncated" in text
    assert hashlib.sha256(b"one").hexdigest() in text
    assert f"source   {ONE}" in text


def test_what_is_not_there_is_told(lake: Lake, told: Told, asked: Asked) -> None:
    """No row: exit code 1, also when others were found; a name that a run has only listed is told apart."""
    lakes.name_sources(Path(f"{lake.uri}.vault"), [f"{HOME}/later.jpg"])
    found = asked(lookup, lake.uri, IDS[ONE], "/nowhere.jpg", "/data/photos/later.jpg", "f" * 32, "f" * 64, code=1)
    assert [bool(f["row"]) for f in found] == [True, False, False, False, False]
    assert "not finished" in found[2]["notes"][0]
    assert "no row in this lake" in told(lookup, lake.uri, "/nowhere.jpg", code=1)


def test_without_a_vault_an_id_has_its_row_and_no_name(lake: Lake, asked: Asked) -> None:
    """What the lake knows is told, and why the rest is not; a key from elsewhere still finds names."""
    (found,) = asked(lookup, lake.uri, IDS[ONE], "--vault", "none")
    assert (found["uri"], found["row"]["status"]) == (None, "anonymized")
    assert "only the vault knows names" in found["notes"][0]
    (missing,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--vault", "none", code=1)
    assert "names cannot be looked up" in missing["notes"][0]
    key = Path(f"{lake.uri}.vault", "key")
    (found,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--vault", "none", "--key-file", key)
    assert found["row"]["image_id"] == IDS[ONE]


def test_another_lakes_key_is_told(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """With a wrong key every name would seem to be missing: that is said instead."""
    (tmp_path / "key").write_text("A" * 43 + "=\n", encoding="ascii")
    (missing,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--key-file", tmp_path / "key", code=1)
    assert "was made with key" in missing["notes"][0]


@pytest.mark.parametrize("word", ["'; DROP TABLE images; --", "", "a/b#c!d", "\x00"], ids=repr)
def test_no_word_is_taken_for_sql_or_breaks_the_lookup(word: str, lake: Lake, asked: Asked) -> None:
    """Whatever is typed is a name, and only digits ever reach a query."""
    assert asked(lookup, lake.uri, word, code=1)[0]["row"] is None


def test_verify_names_the_id() -> None:
    """A row whose bytes are missing is as wrong as one with other bytes."""
    with pytest.raises(LakeError, match="abc"):
        export.verify({"image_id": "abc", "content": None, "output_sha256": "0" * 64})
