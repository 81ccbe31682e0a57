"""A library that crashes, loops, swells or raises for one image: the job finishes, and only that image is held back."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs import anonymize as job
from jobs import options, run, session
from jobs.request import Report
from tests.support import crashing
from tests.support.anonymizing import ONE_LOOK, PER_RUN, by_name, events, key_file
from tests.support.pictures import place, portrait, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is watched on Linux only")

ENDS = {
    "segfault": "crashed",
    "raise": "crashed",
    "loop": "timed_out",
    "grow": "out_of_memory",
}
GOOD = {f"{n}.png": portrait(n) for n in range(4)} | {"place.jpg": place(1, "JPEG"), "cut.png": portrait(9)[:-300]}
SETTINGS = (
    "tracking.enabled=false",
    "limits.image_seconds=10",  # on a busy machine a gibibyte takes seconds to fill
    "limits.worker_bytes=1 GiB",
    "batches.task_images=4",
)


def anonymize(source: Path, lake: Path) -> Report:
    """Run the job as its command does, with a detector that some colours bring down."""
    told = [str(source), str(lake), "--policy", str(ONE_LOOK), "--key-file", key_file(source.parent)]
    args = job.parser().parse_args([*told, *(part for one in SETTINGS for part in ("--set", one))])
    asked = job.request(args, options.common(args))
    policy = crashing.planted(asked.treatment.policy)
    return run.run(replace(asked, treatment=replace(asked.treatment, policy=policy)))


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The lake of good images among those that end their worker, and the lake of the good ones alone."""
    root = tmp_path_factory.mktemp("crashing")
    bad = {f"{deed}.png": crashing.marked(deed) for deed in ENDS}
    source = write(root / "photos", {**GOOD, **bad})
    report = anonymize(source, root / "mixed")
    assert report.processed == len(GOOD) + len(bad)
    for name in bad:
        (source / name).unlink()
    anonymize(source, root / "alone")
    return root / "mixed", root / "alone"


def told(lake: Path) -> dict[str, dict[str, Any]]:
    """Return each file's row without what differs from run to run."""
    return {name: {k: v for k, v in row.items() if k not in PER_RUN} for name, row in by_name(lake).items()}


@pytest.mark.parametrize("deed", ENDS)
def test_the_image_is_held_back_with_its_reason(deed: str, lakes: tuple[Path, Path]) -> None:
    """It has one row, without bytes, that says what it did to its worker."""
    row = by_name(lakes[0])[f"{deed}.png"]
    assert (row["status"], row["reason"], row["content"]) == ("quarantined", ENDS[deed], None)


def test_the_others_are_as_if_it_had_not_been_there(lakes: tuple[Path, Path]) -> None:
    """Each has one row, equal in every column to that of a run without the bad ones, and bytes that may be released."""
    mixed, alone = (told(lake) for lake in lakes)
    assert set(alone) == set(GOOD)
    assert {name: mixed[name] for name in GOOD} == alone
    assert set(mixed) == {*GOOD, *(f"{deed}.png" for deed in ENDS)}
    assert sum(row["status"] == "anonymized" for row in alone.values()) == len(GOOD) - 2


def test_the_run_is_finished_and_counts_them(lakes: tuple[Path, Path]) -> None:
    """Its event is that of a run that went through, with the number of each reason, tries that died uncounted."""
    last = events(lakes[0])[-1]
    assert last["event"] == "finished"
    counts = dict(last["counts"])
    assert counts["reason.crashed"] == 2
    assert (counts["reason.timed_out"], counts["reason.out_of_memory"]) == (1, 1)
    assert counts["anonymized"] == len(GOOD) - 2


@pytest.mark.parametrize(
    ("master", "expected"),
    [("local", "local[1,4]"), ("local[*]", "local[*,4]"), ("local[3,1]", "local[3,1]"), ("yarn", "yarn")],
)
def test_a_local_spark_tries_again(master: str, expected: str) -> None:
    """Without a second number a local master fails the job at the first crash, whatever spark.task.maxFailures says."""
    assert session.trying_again(master) == expected
