"""Promise 2: one current row for every image; a run killed at any point and run again gives the same table."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.anonymizing import (
    DONE,
    HELD_BACK,
    ONE_LOOK,
    QUIET,
    anonymize,
    comparable,
    events,
    key_file,
    names,
    rows,
)
from tests.support.killing import Moment
from tests.support.pictures import place, portrait, write

IMAGES = 24
SMALL = ("--set", "batches.task_images=3", "--set", "batches.images=6")


@dataclass(frozen=True)
class Made:
    """One source, and its lakes: made in one go, and by runs of which all but the last were killed."""

    source: Path
    undisturbed: Path
    disturbed: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both lakes, with one key; the disturbed one was killed once in each moment."""
    root = tmp_path_factory.mktemp("rows")
    files = {f"{n // 5}/{n}.png": place(n) if n % 4 == 3 else portrait(n) for n in range(IMAGES - 2)}
    files |= {"cut.jpg": portrait(77, "JPEG")[:-300], "empty.jpg": b""}
    found = Made(write(root / "photos", files), root / "one", root / "many")
    options = ("--key-file", key_file(root), "--policy", str(ONE_LOOK), *SMALL)
    killing.killed(found.source, found.disturbed, [*options, *QUIET], killing.MOMENTS, root)
    assert anonymize(found.source, found.disturbed, *options) in {DONE, HELD_BACK}
    assert anonymize(found.source, found.undisturbed, *options) == HELD_BACK
    return found


def test_every_image_has_exactly_one_row(made: Made) -> None:
    """As many rows as files, each with an id of its own, after however many runs."""
    for lake in (made.undisturbed, made.disturbed):
        assert len(rows(lake)) == IMAGES
        assert len({row["image_id"] for row in rows(lake)}) == IMAGES


def test_killed_and_run_again_is_as_if_never_killed(made: Made) -> None:
    """The two tables are equal in every column but run, time and duration; the pictures and their faces too."""
    assert comparable(made.disturbed) == comparable(made.undisturbed)
    assert names(made.disturbed) == names(made.undisturbed)


def test_the_ledger_tells_of_each_sitting(made: Made) -> None:
    """One run was started, resumed once for each kill, and finished, and the chain of its events holds."""
    told = events(made.disturbed)
    assert [event["event"] for event in told] == ["started", *["resumed"] * len(killing.MOMENTS), "finished"]
    assert len({event["run_id"] for event in told}) == 1
    assert {row["run_id"] for row in rows(made.disturbed)} == {told[0]["run_id"]}
    assert dict(told[-1]["counts"])["quarantined"] == 2


def test_each_kill_met_another_state(made: Made) -> None:
    """The kills came when they should: before any row, between two commits, and within one."""
    states = killing.states(made.disturbed)
    assert [state.moment for state in states] == list(killing.MOMENTS)
    rows_then = {state.moment: state.rows for state in states}
    assert rows_then[Moment.PLANNED] == 0
    assert 0 < rows_then[Moment.COMMITTED] < IMAGES
    assert rows_then[Moment.COMMITTED] <= rows_then[Moment.WITHIN] < IMAGES
    assert next(state for state in states if state.moment is Moment.WITHIN).orphans > 0


def test_no_row_is_lost_or_doubled_when_all_is_taken_again(made: Made, tmp_path: Path) -> None:
    """Files of one source under two names are two images; the same one listed twice is one."""
    listing = tmp_path / "list.txt"
    files = sorted(str(path) for path in made.source.rglob("*.png"))[:3]
    listing.write_text("\n".join([*files, *files]), encoding="utf-8")
    assert anonymize(listing, tmp_path / "lake") == DONE
    assert Counter(names(tmp_path / "lake").values()) == Counter(f"file://{name}" for name in files)
    assert len(rows(tmp_path / "lake")) == len(files)
