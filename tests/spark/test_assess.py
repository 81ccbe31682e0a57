"""The job ``assess`` on a local Spark: every kind of source, the sample, and that nothing is written."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from jobs import assess
from tests.support.anonymizing import BAD_ARGUMENTS, DONE, FAILED, ONE_LOOK
from tests.support.pictures import group, place, portrait, write

pytestmark = pytest.mark.usefixtures("spark")


def exif() -> Image.Exif:
    """Return Exif with a position and an owner."""
    made = Image.Exif()
    made.get_ifd(34853).update({1: "N", 2: (48.0, 8.0, 14.5)})
    made.get_ifd(34665)[42032] = "Jane Doe"
    return made


FILES = {
    "Smith family/beach/1.jpg": portrait(1, "JPEG", exif=exif()),
    "Smith family/beach/2.jpg": portrait(2, "JPEG", exif=exif()),
    "Smith family/all.jpg": group(),
    "views/1.png": place(1),
    "views/2.png": place(2),
    "views/cut.jpg": portrait(3, "JPEG")[:-300],
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real and drawn pictures, in folders with names."""
    return write(tmp_path_factory.mktemp("assess") / "photos", FILES)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return what the command says with ``--json``."""
    capsys.readouterr()
    assert assess.main([*words, "--policy", str(ONE_LOOK), "--json"]) == DONE
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def folders(said: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Return name, images and images with a face of each folder, in order."""
    return [(one["folder"]["name"], one["folder"]["images"], one["faces"]) for one in said["folders"]]


def test_an_empty_folder_is_told_and_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing there is an answer."""
    assert told(capsys, str(tmp_path))["base"]["images"] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["./nowhere-at-all"], FAILED, id="no-source"),
        pytest.param([".", "--sample", "0"], BAD_ARGUMENTS, id="no-sample"),
        pytest.param([".", "--depth", "17"], BAD_ARGUMENTS, id="too-deep"),
        pytest.param([".", "--out", "/no/such/folder/x.md"], BAD_ARGUMENTS, id="nowhere-to-write"),
        pytest.param([".", "--policy", "mild"], BAD_ARGUMENTS, id="no-policy"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, before anything is looked at."""
    assert assess.main(words) == code
    assert capsys.readouterr().err.startswith("faceveil assess: ")


def test_all_of_a_small_archive_is_counted(
    photos: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faces, metadata and folders as they are; the page is the owner's, nothing else is written, no log names one."""
    before = sorted(photos.rglob("*"))
    monkeypatch.chdir(tmp_path)
    assert assess.main([str(photos), "--policy", str(ONE_LOOK), "--json", "--out", "page.md"]) == DONE
    out, err = capfd.readouterr()
    said = json.loads(out)
    assert (said["base"]["images"], said["decoded"], said["held_back"]) == (6, 5, {"truncated": 1})
    assert (said["with_faces"]["hits"], said["most_faces"], said["faces"]["exact"]) == (3, 6, True)
    assert said["faces"]["value"] == 8
    assert {kind: one["hits"] for kind, one in said["carried"].items() if one["hits"]} == {"place": 2, "names": 2}
    assert {name: images for name, images, _ in folders(said)} == {
        "Smith%20family/beach": 2,
        "Smith%20family": 1,
        "views": 3,
    }
    assert folders(said)[-1] == ("views", 3, 0)
    assert said["cost"]["core_seconds"]["value"] > 0
    assert sorted(photos.rglob("*")) == before
    assert [one.name for one in tmp_path.iterdir()] == ["page.md"]
    assert (tmp_path / "page.md").stat().st_mode & 0o777 == 0o600
    assert "Smith family/beach" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "Smith" not in err


def test_a_sample_is_bounded_and_the_same_each_time(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four of six, with intervals; folders of which nothing was drawn are counted all the same."""
    first, second = (told(capsys, str(photos), "--sample", "4", "--depth", "1") for _ in range(2))
    for one in (first, second):
        one["cost"] = one["base"]["seconds"] = None
    assert first == second
    assert (first["sampled"], first["base"]["images"], first["base"]["folder_count"]) == (4, 6, 2)
    assert first["with_faces"]["low"] < first["with_faces"]["high"]
    assert first["faces"]["low"] is None


def test_members_of_an_archive_are_told_by_their_folders(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An archive in a folder is a folder itself."""
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "album.zip", "w") as album:
        for name in ("Smith family/all.jpg", "views/1.png"):
            album.write(photos / name, name)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/in/album.zip\n{photos}/views/2.png\n", encoding="utf-8")
    said = told(capsys, str(tmp_path / "list.txt"), "--depth", "9")
    assert sorted(name.rpartition("/")[2] for name, *_ in folders(said)) == ["Smith%20family", "views", "views"]
    assert any("in/album.zip/views" in name for name, *_ in folders(said))


def test_rows_of_a_table_are_looked_at(tmp_path: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    """Their sizes are told by no listing, and the file is their folder."""
    del spark
    rows = pa.table({"id": ["a/1", "b"], "image": pa.array([portrait(1), place(2)], pa.binary())})
    pq.write_table(rows, tmp_path / "scans.parquet")
    said = told(capsys, str(tmp_path / "scans.parquet"), "--content-column", "image", "--id-column", "id")
    assert (said["base"]["images"], said["base"]["unsized"], said["with_faces"]["hits"]) == (2, 2, 1)
    assert folders(said) == [("", 2, 1)]
