"""What ``docs/scale.md`` says is computed from results and settings as they are, and it names settings that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conf.settings import load
from docs import scale

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
STAGES = dict.fromkeys(scale.STAGES, 5.0) | {"detect": 60.0, "second_look": 10.0}


def kept(folder: Path, name: str, **figures: Any) -> None:
    """Write a result."""
    (folder / f"{name}.json").write_text(json.dumps(figures), encoding="utf-8")


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Return a folder with results of round numbers."""
    about = {"mean_source_bytes": 200_000, "mean_megapixels": 1.0, "stage_ms_an_image": STAGES}
    kept(tmp_path, "throughput-public", policy="public", cpu_ms_an_image=360.0, **about)
    kept(tmp_path, "incremental", images=100_000, bare_listing_seconds=3.6)
    kept(tmp_path, "log", memory_bytes_a_file=1500, open_us_a_file=4.0, log_bytes_a_file=500)
    return tmp_path


def test_the_tables_are_those_that_the_results_give() -> None:
    """What lies between the marks is what ``python -m docs.scale`` writes now; run it where this fails."""
    assert scale.written(TEXT) == TEXT


@pytest.mark.parametrize("text", ["no marks", TEXT + TEXT], ids=["none", "twice"])
def test_marks_must_be_there_once(text: str) -> None:
    """A page without its marks is refused rather than left as it was."""
    with pytest.raises(ValueError, match="once each"):
        scale.written(text)


def test_without_results_the_page_says_so(tmp_path: Path) -> None:
    """Nothing is told that was not measured."""
    assert scale.written(TEXT, tmp_path).count("Not measured yet") == len(scale.PARTS)


def cells(table: str) -> dict[str, list[str]]:
    """Return the rows of a table by their first cell."""
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_archives_cost_what_their_images_cost(measured: Path) -> None:
    """360 ms are 100 core hours a million; 70 of 95 ms of the steps are detection; requests by the thousand names."""
    rows = cells(scale.archives(measured))
    assert rows["core hours, `public`"] == ["100", "10,000", "1 million"]
    assert rows["of these not detection, `public`"][0] == "26"
    assert rows["`LIST` requests"] == ["1,000", "100,000", "10 million"]
    assert rows["`HEAD` and `GET` requests"][2] == "20 billion"
    assert rows["storage, TB"] == ["0.2", "20", "2,000"]


def test_files_and_commits_follow_the_settings(measured: Path) -> None:
    """A file has the images of a task, a commit those of a batch, or as many as fit into their bytes."""
    batches, rows = load("cluster,s3").batches, cells(scale.archives(measured))
    assert rows["files, and about as many `PUT` requests"][0] == f"{10**6 // batches.task_images:,}"
    assert rows["commits"][1] == f"{10**8 // batches.images:,}"
    assert scale.a_file(load("cluster"), batches.task_bytes / 10) == pytest.approx(10)
    assert scale.a_commit(load("cluster"), batches.bytes / 7) == pytest.approx(7)


def test_limits_follow_the_results(measured: Path) -> None:
    """36 us a name, 1,500 bytes and 4 us a file of 200 images; 2,750 images a second keep 990 cores busy."""
    table = scale.limits(measured)
    rows = cells(table)
    assert rows["hours of the one task that lists, local disk"] == ["0.01", "1", "100"]
    assert rows["seconds of the driver to open the table, once a commit"] == ["0.02", "2", "200"]
    assert rows["GB of a checkpoint of Delta's log"] == ["0.0025", "0.25", "25"]
    assert "about 990 cores" in table


def test_a_lake_is_told_as_it_was_read(tmp_path: Path) -> None:
    """A row for each state that was measured, and none for the others."""
    states = {"as_written": {"files": 60}, "maintained": {"files": 7}}
    dearest = {state: {"question": 1.63, "one_image": 21.4} for state in states}
    kept(tmp_path, "lake", nights=5, table_mb=496, dearest=dearest, **states)
    rows = cells(scale.reads(tmp_path))
    assert rows["5 nights"] == ["60", "1.6", "21.4"]
    assert list(rows) == ["a lake of 496 MB", "---", "5 nights", "`faceveil maintain`"]


def test_settings_that_the_page_names_exist() -> None:
    """Each ``group.key`` of ours is one; Spark's own are in the files or the session that the page names."""
    known = set(load("cluster").flat())
    named = set(re.findall(r"`((?:batches|limits|storage|models)\.\w+)", TEXT))
    assert {"batches.images", "batches.task_images", "batches.task_bytes", "limits.read_threads"} <= named
    assert named <= known
    assert "spark.driver.memory" in (ROOT / "conf" / "spark" / "cpu-cluster.conf").read_text(encoding="utf-8")
    assert "spark.databricks.delta.snapshotPartitions" in (ROOT / "jobs" / "session.py").read_text(encoding="utf-8")
    assert load("cluster,gpu").batches.task_images == 2000


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    """Each page that is linked is there."""
    assert (ROOT / "docs" / link).exists()
