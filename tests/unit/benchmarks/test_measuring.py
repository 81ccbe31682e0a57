"""The whole way, with a detector that takes red dots for faces and portraits that have one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.models.base import Runtime
from benchmarks.recalls import cost, headline, measure, report, results
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.finders import Found, SinglePass
from benchmarks.recalls.store import Store, digest_of
from tests.support import graphs
from tests.unit.benchmarks.drawn import portrait

FACES = Cell("faces", "height", (32, 32))
EMPTY = Cell("none", "empty", size_wh=(320, 240), faces=0)
FACTORS = {"faces": "height", "none": "empty"}


@dataclass(frozen=True)
class Refusing:
    """A finder that may not be asked: all its answers are kept."""

    like: SinglePass

    @property
    def name(self) -> str:
        """The other's name."""
        return self.like.name

    @property
    def description(self) -> Mapping[str, Any]:
        """The other's description."""
        return self.like.description

    def find(self, data: bytes) -> Found:
        """Fail."""
        raise AssertionError(f"asked about {len(data)} bytes")


@pytest.fixture
def dots(tmp_path: Path) -> SinglePass:
    """CenterFace over the graph that takes red dots for faces of 32 pixels."""
    ref = graphs.stored(tmp_path, "dots", graphs.red_dot_detector())
    return SinglePass("dots", CenterFace(0.4, model=ref), Runtime((str(tmp_path),)))


@pytest.fixture
def setup(tmp_path: Path, dots: SinglePass) -> measure.Setup:
    """One portrait with a red dot, and the finder of dots."""
    return measure.Setup((portrait(tmp_path, dot=True),), (dots,), tmp_path / "kept", 1)


def work(setup: measure.Setup) -> list[measure.Composed]:
    """Return some scenes with faces and some without."""
    return [*measure.composed(FACES, setup, 12), *measure.composed(EMPTY, setup, 3)]


def test_faces_with_dots_are_found(setup: measure.Setup) -> None:
    """Every face of 32 pixels has a dot in its middle, around which the graph draws a box of 32: all are found."""
    looked = measure.measure(work(setup), setup, 1)
    faces, none = results.judge(looked, ["dots"], FACTORS, 0.4)
    assert faces.recall("dots").value == 1
    assert faces.faces >= 12
    assert (none.faces, none.pictures, none.factor) == (0, 3, "empty")


def test_what_was_found_is_not_looked_for_again(setup: measure.Setup, dots: SinglePass) -> None:
    """A second run asks no finder, and has the same answers; a finder of another description is asked."""
    before = measure.measure(work(setup), setup, 1)
    again = measure.Setup(setup.portraits, (Refusing(dots),), setup.kept, setup.seed)
    after = measure.measure(work(again), again, 1)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a.given["dots"], b.given["dots"])
    smaller = Refusing(SinglePass("dots", dots.detector, dots.runtime, 320))
    other = measure.Setup(setup.portraits, (smaller,), setup.kept, setup.seed)
    with pytest.raises(AssertionError, match="asked about"):
        measure.measure(work(other), other, 1)


def test_processes_give_the_same_in_the_same_order(setup: measure.Setup) -> None:
    """Two processes find what one finds."""
    two = measure.measure(work(setup), setup, 2)
    alone = measure.Setup(setup.portraits, setup.finders, setup.kept / "other", setup.seed)
    one = measure.measure(work(alone), alone, 1)
    assert [(a.cell, a.index) for a in two] == [(a.cell, a.index) for a in one]
    for a, b in zip(two, one, strict=True):
        np.testing.assert_array_equal(a.given["dots"], b.given["dots"])


def test_a_file_that_nobody_can_read_has_no_faces(setup: measure.Setup) -> None:
    """A picture that our codecs refuse is answered with nothing, and the run goes on."""
    worker = measure._Worker(setup)
    assert len(worker.answer(setup.finders[0], b"no picture", "digest").boxes_xyxy) == 0


def test_answers_are_kept_by_finder_and_file(tmp_path: Path, dots: SinglePass) -> None:
    """An answer comes back as it was, and only for its finder and file."""
    store, key = Store(tmp_path / "s"), digest_of(dots)
    assert store.get(key, "file") is None
    found = Found(np.array([[1, 2, 3, 4.5]], np.float32), np.array([0.75], np.float32))
    store.put(key, "file", found)
    store.put(key, "nothing", Found())
    again = Store(tmp_path / "s")
    kept = again.get(key, "file")
    assert kept is not None
    np.testing.assert_array_equal(kept.boxes_xyxy, found.boxes_xyxy)
    np.testing.assert_array_equal(kept.scores, found.scores)
    empty = again.get(key, "nothing")
    assert empty is not None
    assert empty.boxes_xyxy.shape == (0, 4)
    assert again.get("other", "file") is None


def test_the_description_follows_settings_not_paths(tmp_path: Path, dots: SinglePass) -> None:
    """Another threshold or size is another finder; another folder of the same model is not."""
    moved = SinglePass("dots", dots.detector, Runtime((str(tmp_path / "elsewhere"),)))
    assert digest_of(moved) == digest_of(dots)
    stricter = SinglePass("dots", CenterFace(0.5, model=dots.detector.model), dots.runtime)
    assert len({digest_of(one) for one in (dots, stricter, SinglePass("dots", dots.detector, dots.runtime, 320))}) == 3


def test_a_plan_that_costs_the_same_has_a_ratio_near_one(setup: measure.Setup, dots: SinglePass) -> None:
    """The yardstick's own ratio is 1, and the same pass under another name is not far from it."""
    files = [(one.of.factor, one.scene(setup).data) for one in work(setup)[-4:]]
    same = SinglePass("same", dots.detector, dots.runtime)
    spent = cost.measure(dots, [same], files, 5)
    assert spent.ratios["dots"]["median"] == spent.ratios["dots"]["mean"] == 1
    assert 0.3 < spent.ratios["same"]["median"] < 3
    assert (spent.pictures, spent.total) == ({"height": 1, "empty": 3}, 4)
    assert spent.groups["dots"] == {"height": 1, "empty": 1}
    with pytest.raises(ValueError, match="at least one picture"):
        cost.measure(dots, [same], [])


def result(name: str, factor: str, ours: int, theirs: int) -> results.Result:
    """Return a cell of 10 faces in which two finders found so many of the first ones."""
    found = {who: np.arange(10) < n for who, n in (("balanced", ours), ("deface", theirs))}
    return results.Result(name, factor, 5, found, {"balanced": 0, "deface": 0})


def test_the_table_marks_cells_that_are_worse() -> None:
    """One mark for a cell taken by itself, two where it holds for all cells; figures are cut, not rounded up."""
    cells = [result("bad", "a", 1, 10), result("poor", "a", 5, 10), result("good", "b", 10, 9)]
    compared = results.compare(cells, "balanced", "deface")
    assert [(one.worse, one.worse_of_many) for one in compared] == [(True, True), (True, False), (False, False)]
    lines = list(report.table(cells, ["balanced", "deface"], compared))
    marks = {line.split()[0]: line.count("<") for line in lines if line[:4] in ("bad ", "poor", "good")}
    assert marks == {"bad": 2, "poor": 1, "good": 0}
    header = next(line for line in lines if line.startswith("cell"))
    rows = [line for line in lines if line[:4] in ("bad ", "poor", "good")]
    column = header.index("deface")
    assert all(row[column - 1] == " " and row[column] in "01" for row in rows)
    assert any(line.startswith("all of a") for line in lines)
    told = report.ahead_json(compared)
    assert told == [
        {
            "ours": "balanced",
            "theirs": "deface",
            "cells": 3,
            "ahead": 1,
            "equal": 0,
            "behind": 2,
            "worse": ["bad", "poor"],
            "worse_holm": ["bad"],
        }
    ]


def test_headline_rows_say_what_is_met_and_over_how_many() -> None:
    """Recall over the group's cells, false regions over the scenes without faces, cost by plan."""
    cells = [result("height-0016", "height", 9, 10), result("height-0064", "height", 10, 10)]
    cells += [results.Result("empty-0640", "empty", 400, {"balanced": np.zeros(0, np.bool_)}, {"balanced": 30})]
    rows = headline.recall_rows(cells[:2], ["balanced", "deface"])
    told = {(row.what, row.finder): (row.value, row.met, row.enough) for row in rows}
    assert told["upright, 16 to 24 px", "balanced"] == (0.9, False, False)
    assert told["upright, 16 to 24 px", "deface"] == (1.0, None, False)
    assert told["upright, 24 px and more", "balanced"] == (1.0, True, False)
    (false,) = headline.false_rows(cells[2:], ["balanced"])
    assert (false.value, false.met, false.enough) == (0.075, False, True)
    costs = headline.cost_rows({"fast": {"median": 1.04}, "balanced": {"median": 2.3}, "thorough": {"median": 9.0}}, 50)
    assert [row.met for row in costs] == [True, False, None]
    assert any("NOT MET" in line for line in report.headline([*rows, false, *costs]))
