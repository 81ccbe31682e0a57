"""The table of methods in the documentation is that of the benchmark."""

import json
from pathlib import Path

from docs import frontier
from tests.unit.benchmarks.test_frontier import rows


def test_the_page_has_the_table_of_the_result() -> None:
    """Neither changes without the other; what was not measured is said to be so."""
    text = frontier.PAGE.read_text(encoding="utf-8")
    assert frontier.written(text) == text


def test_each_row_has_its_figures(tmp_path: Path) -> None:
    """The worse of the recognizers, in percent; what a row has not is empty."""
    file = tmp_path / "frontier.json"
    file.write_text(json.dumps(rows()), encoding="utf-8")
    page = frontier.written(frontier.PAGE.read_text(encoding="utf-8"), file)
    assert "100 people, 100 photos attacked, galleries of 100: chance is 1.00%.\nRank-1" in page
    assert "| untouched |  | 97.0% | 97.0% |  |  |  |  |  |  |" in page
    assert "| `mask` | 1 | 1.0% | 3.0% | 1.0% | 0% |  | 0.40 | 0.20 | 1.2 |" in page
