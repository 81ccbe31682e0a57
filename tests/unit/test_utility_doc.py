"""The page on utility names every figure and every learner that there is."""

import re
from pathlib import Path

import numpy as np

from anonymizer_udfs.downstream import LEARNERS
from anonymizer_udfs.utility import Pair, measure_all
from tests.unit.utility.test_contract import FACE, MARKS, REGION, noise

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "utility.md").read_text(encoding="utf-8")


def first_cells(title: str) -> set[str]:
    """Return the names in the first cells of the table whose head begins so."""
    rows = TEXT.split(f"| {title} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def test_every_figure_has_its_row_and_no_other() -> None:
    """A new measure comes with its words."""
    picture = noise()
    found = measure_all(Pair(picture, picture, REGION, FACE, FACE, None, ((MARKS, MARKS),), FACE, FACE))
    assert first_cells("figure") == set(found)
    assert np.isfinite([one.value for one in found.values()]).all()


def test_every_learner_has_its_row() -> None:
    """With what it learns from, and what it needs."""
    assert first_cells("learner") == set(LEARNERS)
