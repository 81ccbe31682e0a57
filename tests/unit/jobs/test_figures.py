"""The figures of a run, from the rows that it wrote."""

from pathlib import Path
from typing import Any

from jobs.figures import Figures, Sitting, collect
from jobs.request import Report
from tests.support import lakes


def faces(*looks: str) -> list[dict[str, Any]]:
    """Return faces, each found by one of the looks at an image."""
    return [lakes.face() | {"look": look} for look in looks]


def test_a_run_without_rows_has_no_figures(tmp_path: Path) -> None:
    """Nothing was written, nothing is counted, nothing is divided by it."""
    lake = lakes.make(tmp_path / "lake", [])
    figures = collect(lake, "run-1", Sitting(0, 0.0, {}, 0))
    assert figures.counts["faces"] == figures.counts["searched_again"] == figures.counts["missed"] == 0
    assert "miss_rate" not in figures.values
    assert figures.lines() == ["nothing new; 0 faces"]


def test_what_the_policys_plan_missed_is_counted(tmp_path: Path) -> None:
    """Of images without a face that the thorough plan searched again, those in which it found one; and late finds."""
    again = ["balanced", "thorough"]
    rows = [
        lakes.row("sure", status="anonymized", faces=faces("plan", "plan"), plans=["balanced"]),
        lakes.row("missed", status="anonymized", faces=faces("thorough", "thorough"), plans=again),
        lakes.row("late", status="anonymized", faces=faces("second"), plans=again, residual=1),
        lakes.row("plate", status="anonymized", faces=[*faces("plan"), *faces("thorough")], plans=again),
        lakes.row("nobody", plans=again),
        lakes.row("not sampled", plans=["balanced"]),
        lakes.row("bad", None, plans=[]),
    ]
    figures = collect(
        lakes.make(tmp_path / "lake", rows), "run-1", Sitting(len(rows), 2.0, {"detect": 3.0, "decode": 1.0}, len(rows))
    )
    counted = {name: figures.counts[name] for name in ("searched_again", "missed", "residual")}
    assert counted == {"searched_again": 4, "missed": 2, "residual": 1}
    assert figures.values["miss_rate"] == 0.5
    said = "\n".join(figures.lines())
    assert "missed by the policy's plan: 2 of 4 images without a face, searched thoroughly" in said
    assert "found only in the second look, and treated: 1 face" in said


def test_only_what_is_there_is_told() -> None:
    """A run that searched nothing again says nothing of misses."""
    said = "\n".join(Figures({"clean": 3, "faces": 0, "searched_again": 0, "missed": 0, "residual": 0}).lines())
    assert "missed" not in said
    assert "second look" not in said


def test_an_empty_source_is_told_as_what_it_is() -> None:
    """It is no error, since an inbox may be empty; but nobody takes it for work that was done."""
    said = Report("r", "lake", 0, 0, 1.0, Figures({})).lines()
    assert said[0].startswith("there is no file in the source")
    assert said[-1] == "next: faceveil status lake"
