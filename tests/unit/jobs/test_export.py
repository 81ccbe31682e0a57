"""``faceveil export``: releasable images as files, below one folder and nowhere else, with a manifest and a stamp."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs import export, outbox
from jobs.errors import LakeError
from jobs.lake import Lake
from tests.support import lakes
from tests.unit.jobs.cases import HOME, IDS, ONE, PACKED, TWO, Asked, Told, files_of


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


def test_verify_names_the_id() -> None:
    """A row whose bytes are missing is as wrong as one with other bytes."""
    with pytest.raises(LakeError, match="abc"):
        export.verify({"image_id": "abc", "content": None, "output_sha256": "0" * 64})
