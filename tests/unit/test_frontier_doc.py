"""The table of methods in the documentation is that of the benchmark."""

import json
from pathlib import Path
from typing import Any

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
    assert f"| untouched |  | 97.0% | 97.0% |{'  |' * 12}" in page
    assert f"| `mask` | 1 | 1.0% | 3.0% | 1.0% |  | 0% |{'  |' * 6} 0.40 | 0.20 | 1.2 |" in page


def row(method: str, rank1: float, **kept: float) -> dict[str, Any]:
    """Return a row of one attacker."""
    attacks = {"arcface": {"naive": {"rank1": rank1 / 2}, "parrot": {"rank1": rank1}}}
    about = {"parameters": {}, "region": 2, "chance": 0.001, "attacks": attacks}
    return {"method": method, **about, "kept": {"found": 1.0, **kept}}


def test_the_best_within_a_limit_is_chosen() -> None:
    """Of what any attacker is right in too often nothing is chosen, however well it looks."""
    found = [row("blur", 0.3, ssim=0.9), row("warp", 0.09, ssim=0.8), row("mask", 0.002, ssim=0.3)]
    alike = next(need for need in frontier.NEEDS if need.figure == "ssim")
    chosen = [alike.best(found, limit) for limit in (0.5, 0.1, 0.005, 0.001)]
    assert [one and one["method"] for one in chosen] == ["blur", "warp", "mask", None]
    assert "| `mask`, region 2: 0.30 | `mask`, region 2: 0.30 | `warp`, region 2: 0.80 |" in frontier.choices(found)


def test_less_of_an_error_is_better_and_faces_must_be_found() -> None:
    """An error of the few faces that were found says nothing of the others; what was not measured is not chosen."""
    yaw = next(need for need in frontier.NEEDS if need.figure == "yaw_error")
    few = row("pixelate", 0.002, yaw_error=1.0) | {"kept": {"found": 0.2, "yaw_error": 1.0}}
    best = yaw.best([few, row("avatar", 0.002, yaw_error=6.0), row("warp", 0.002, yaw_error=3.0), row("mask", 0)], 0.1)
    assert best is not None
    assert best["method"] == "warp"


def test_what_a_strangers_face_would_say_as_well_is_no_answer() -> None:
    """A gaze or an expression that is hardly nearer than that of somebody else is not kept, however safe it is."""
    needs = {need.figure: need for need in frontier.NEEDS}
    found = [row("avatar", 0, gaze_error=0.07, expression=0.44), row("warp", 0.5, gaze_error=0.02, expression=0.8)]
    for figure in ("gaze_error", "expression"):
        assert needs[figure].best(found, 0.1) is None
        assert needs[figure].best(found, 0.6) is found[1]


def test_faces_that_a_method_does_not_serve_are_told() -> None:
    """They were masked, so its row is not of that method alone."""
    found = [row("none", 1), row("k_same", 0, ssim=0.5) | {"served": 0.9}, row("blur", 0) | {"served": 1}]
    names = [line[0] for line in frontier.rows(found)]
    assert names == ["untouched", "`k_same` 90% of faces, else `mask`", "`blur`"]
    alike = next(need for need in frontier.NEEDS if need.figure == "ssim")
    assert alike.best([found[1]], 1) is found[1]
    assert alike.best([found[1] | {"served": 0.5}], 1) is None


def test_a_puzzle_is_never_chosen() -> None:
    """Nobody tried to solve it, so that nobody solved it is no reason."""
    found = [row("scramble", 0, ssim=0.9)]
    assert all(need.best(found, 1) is None for need in frontier.NEEDS)
