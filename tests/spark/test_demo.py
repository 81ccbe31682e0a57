"""The demo, as a person runs it: the real job on real photos."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.outcome import Reason, Status
from jobs import demo, demo_cases
from jobs.demo import Outcome
from jobs.errors import JobError
from jobs.lake import Lake

SECONDS = 300


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo in a process of its own, as Spark's session and settings are one for a process."""
    command = [sys.executable, "-m", "jobs.demo", *words]
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=env)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of a demo that was run, and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "my demo"
    done = run(str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_every_case_ends_as_expected(shown: tuple[Path, str]) -> None:
    """Each case has its line, and all of them are as they have to be."""
    _, said = shown
    for case in demo_cases.cases():
        assert f"  {case.file} " in said
    assert f"all {len(demo_cases.cases())} cases ended as expected" in said


def test_the_sheet_shows_that_faces_are_gone(shown: tuple[Path, str]) -> None:
    """The first pair differs where the mask is, and only there."""
    folder, said = shown
    assert str(folder / demo.SHEET) in said
    pixels = np.asarray(Image.open(folder / demo.SHEET).convert("RGB")).astype(int)
    before, after = pixels[160:355, 36:336], pixels[160:355, 342:642]
    changed = (np.abs(before - after) > 24).any(axis=-1).mean()
    assert 0.02 < changed < 0.5


def test_nothing_of_the_source_is_in_lake_or_mlflow(shown: tuple[Path, str]) -> None:
    """No file name of a photo, no metadata and no path of the photos is in a byte of either."""
    folder, _ = shown
    needles = [demo_cases.OWNER, *(case.file for case in demo_cases.cases()), str(folder / "photos")]
    files = [path for name in ("lake", "lake.mlflow") for path in (folder / name).rglob("*") if path.is_file()]
    assert len(files) > 2
    for path in (*files, folder / "lake.mlflow.db"):
        data = path.read_bytes()
        assert [needle for needle in needles if needle.encode() in data] == []


def test_what_it_names_to_try_next_works(shown: tuple[Path, str]) -> None:
    """Run again with --json, it finds nothing new to do and says the same of each case."""
    folder, _ = shown
    done = run(str(folder), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["run"]["processed"] == 0
    assert [case["faults"] for case in said["cases"]] == [[] for _ in demo_cases.cases()]
    assert len(Lake(str(folder / "lake")).ledger.events()) == 4


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    """Photos that are not the demo's are not anonymized by it, nor overwritten."""
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(JobError, match="give another"):
        demo_cases.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jpg"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file is no folder: exit code 2 and a line that says so."""
    (tmp_path / "file").touch()
    assert demo.main([str(tmp_path / "file")]) == 2
    assert "must be a folder" in capfd.readouterr().err


def test_a_folder_of_photos_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Somebody's own folder stays as it is: nothing is laid beside what is there."""
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    assert demo.main([str(tmp_path)]) == 2
    assert "new, empty or an earlier demo's" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jpg"]


def test_the_same_packages_give_the_same_cases(tmp_path: Path) -> None:
    """Cases are made alike each time, so that a second demo has nothing to do."""
    first = {case.file: case.content for case in demo_cases.write(tmp_path)}
    moments = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {case.file: case.content for case in demo_cases.write(tmp_path)} == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == moments


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({}, "no row in the lake"),
        ({"status": "clean", "reason": None, "faces": [], "content": b""}, "anonymized expected"),
        ({"status": "anonymized", "reason": None, "faces": [], "content": b""}, "at least 1 faces expected"),
        (
            {"status": "anonymized", "reason": None, "faces": [{}], "content": demo_cases.OWNER.encode()},
            "its metadata is still there",
        ),
    ],
    ids=["missing", "status", "faces", "metadata"],
)
def test_a_case_that_ends_otherwise_is_told(row: dict[str, object], fault: str) -> None:
    """Each way in which a case can go wrong has its words, and fails the demo."""
    assert fault in Outcome(demo_cases.Case("a", "b", b"", Status.ANONYMIZED, faces=1), row).faults


def test_a_case_that_is_held_back_for_another_reason_is_told() -> None:
    """The reason counts, not only that it is held back."""
    case = demo_cases.Case("a", "b", b"", Status.QUARANTINED, Reason.TRUNCATED)
    row = {"status": "quarantined", "reason": "corrupt", "faces": [], "content": None}
    assert Outcome(case, row).faults == ["quarantined truncated expected"]
