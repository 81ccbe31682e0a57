"""``faceveil anonymize --explain`` on a local Spark: it says what the run then does, and writes nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobs import anonymize as job
from jobs.explain import LEAST_MEASURED
from tests.support.anonymizing import BAD_ARGUMENTS, DONE, FAILED, HELD_BACK, QUIET, anonymize, key_file, rows
from tests.support.pictures import place, portrait, write

pytestmark = pytest.mark.usefixtures("spark")


def told(capsys: pytest.CaptureFixture[str], source: Path, lake: Path, *options: str) -> dict[str, Any]:
    """Return what is said with ``--json``."""
    capsys.readouterr()
    assert anonymize(source, lake, "--explain", "--json", *options) == DONE
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def files(folder: Path) -> dict[str, bytes]:
    """Return all that lies below a folder."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_an_empty_source_leaves_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing to estimate."""
    (tmp_path / "photos").mkdir()
    said = told(capsys, tmp_path / "photos", tmp_path / "lake")
    assert (said["images"], said["todo"], said["estimate"]) == (0, {}, None)


def test_what_is_said_is_what_is_done_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first run by a sample, afterwards by the run itself; what is done and what was replaced are told."""
    pictures = {f"{number}.jpg": portrait(number % 5, "JPEG") for number in range(LEAST_MEASURED)}
    source = write(tmp_path / "photos", {**pictures, "place.png": place(1), "broken.jpg": b"no picture"})
    count, lake, before = LEAST_MEASURED + 2, tmp_path / "lake", files(tmp_path)
    said = told(capsys, source, lake, "--core-hour", "3600")
    assert files(tmp_path) == before
    assert not lake.exists()
    assert not Path(f"{lake}.vault").exists()
    assert (said["exists"], said["images"], said["todo"]) == (False, count, {"new": count})
    assert said["size_bytes"] == said["todo_bytes"] == sum(map(len, files(source).values()))
    estimate = said["estimate"]
    assert (estimate["run_id"], estimate["measured"]) == (None, 48)
    assert 0 < estimate["core_seconds"]["low"] <= estimate["core_seconds"]["value"] <= estimate["core_seconds"]["high"]

    assert anonymize(source, lake) in {DONE, HELD_BACK}
    run_id = rows(lake)[0]["run_id"]
    assert len(rows(lake)) == count
    after = told(capsys, source, lake)
    assert (after["exists"], after["todo"], after["estimate"]) == (True, {}, None)
    write(source, {"0.jpg": portrait(7, "JPEG"), "more.jpg": portrait(8, "JPEG")})
    kept = files(tmp_path)
    later = told(capsys, source, lake)
    assert files(tmp_path) == kept
    assert (later["todo"], later["batches"]) == ({"new": 1, "replace": 1}, 2)
    assert (later["estimate"]["run_id"], later["estimate"]["measured"]) == (run_id, count)
    assert later["policies"] == {said["policies"].popitem()[0]: 2}
    assert told(capsys, source, lake, "--limit", "1")["images"] == 1


def test_a_person_reads_what_it_would_do_and_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Few images are all tried, so that there is no interval to tell."""
    source = write(tmp_path / "photos", {"1.png": portrait(1), "2.png": portrait(2)})
    capsys.readouterr()
    assert anonymize(source, tmp_path / "lake", "--explain", "--core-hour", "0.05") == DONE
    said = capsys.readouterr().out
    assert "nothing was written" in said
    assert re.search(r"to do +2 new\n", said)
    assert "at 0.05 a core hour" in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize("words", [("--core-hour", "2"), ("--explain", "--core-hour", "-1")])
def test_a_price_is_for_an_explanation_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Else it would be taken for a bound."""
    assert job.main([str(tmp_path), str(tmp_path / "lake"), *QUIET, *words]) == BAD_ARGUMENTS
    assert "--core-hour is a price of 0 or more" in capsys.readouterr().err


def test_another_key_is_told_before_a_run_meets_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every image would look new under it."""
    source = write(tmp_path / "photos", {"1.png": portrait(1)})
    assert anonymize(source, tmp_path / "lake") in {DONE, HELD_BACK}
    assert anonymize(source, tmp_path / "lake", "--explain", "--key-file", key_file(tmp_path)) == FAILED
    assert "this lake was made with key" in capsys.readouterr().err
