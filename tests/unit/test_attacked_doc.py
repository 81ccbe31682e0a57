"""What ``docs/evaluation.md`` says of deface and of a blurred lake is computed from the results as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from docs import attacked

TEXT = attacked.PAGE.read_text(encoding="utf-8")


def entrant(tool: str, method: str, best: str | None, methods: dict[str, int], **rank1: float) -> dict[str, Any]:
    """Return an entrant by what each attacker reaches, with bounds a tenth above."""
    attacks = [{"attack": name, "rank1": value, "high": value + 0.1} for name, value in rank1.items()]
    return {"tool": tool, "method": method, "at_best": best, "methods": methods, "attacks": attacks}


def result(people: int) -> dict[str, Any]:
    """Return a result of two entrants."""
    mine = entrant("faceveil", "internal", None, {"pixelate": 9, "mask": 1}, static=0.002, context=0.5)
    theirs = entrant("deface", "blur", "obfuscated", {"blur": 10}, static=0.01, parrot=0.2, replay=1.0)
    controls = [
        {"name": "clear_found", "value": 0.9351, "passed": "yes"},
        {"name": "weak_blur_broken", "value": 0.5, "passed": "no"},
    ]
    about = {"people": people, "peer": {"deface": "1.5.0"}, "gate": "default", "controls": controls}
    return {**about, "entrants": [theirs, mine]}


def blurred(people: int) -> dict[str, Any]:
    """Return what is kept of a blurred lake."""
    check = {"title": "people named", "state": "failed", "bound": 0.06, "limit": 0.006}
    checks = [{**check, "name": "rank1"}] + [{**check, "name": name, "state": "passed"} for name in ("tar", "replay")]
    return {
        "word": "obfuscated",
        "exit_code": 4,
        "counts": {"images": 2 * people, "people": people},
        "checks": [*checks, {**check, "name": "context", "state": "missing", "bound": None}],
        "exposed": {"named": 52.9, "people": people, "by_chance": 1.1},
    }


def kept(folder: Path, people: int) -> Path:
    """Write both results into a folder."""
    for name, made in (("attacked", result(people)), ("blurred_lake", blurred(people))):
        (folder / f"{name}.json").write_text(json.dumps(made), encoding="utf-8")
    return folder


def test_figures_are_those_of_the_benchmarks() -> None:
    """What lies between the marks is what ``python -m docs.attacked`` writes now; run it where this fails."""
    assert attacked.written(TEXT) == TEXT
    with pytest.raises(ValueError, match="marks of peer, blurred"):
        attacked.written("no marks")


def test_each_release_has_its_row(tmp_path: Path) -> None:
    """Rank-1 in percent, the worst attacker of faces by its bound, and how many faces the panel masked."""
    told = attacked.written(TEXT, kept(tmp_path, 1104))
    assert "1,104 people with two photos each, deface 1.5.0 with its defaults" in told
    assert (
        "Controls on the same photos: clear photos found 93.5% (passed), a weak blur broken 50.0% (FAILED).\n\n|"
        in told
    )
    assert "| `deface` blur | 1.0% | 20.0% |  |  |  |  |  |  | 100.0% | 30.0% | `obfuscated` |" in told
    ours = "ours, `internal`, 10.0% of faces masked by the panel"
    assert f"| {ours} | 0.2% |  |  |  |  |  | 50.0% |  |  | 10.2% | not shown |" in told


def test_a_refused_lake_says_by_how_much(tmp_path: Path) -> None:
    """Only what failed is listed, with how many times the limit it is."""
    told = attacked.written(TEXT, kept(tmp_path, 1104))
    assert "on 2,208 photos of 1,104 people" in told
    assert "ended with exit code 4: refused, `obfuscated`" in told
    assert "name\n53 of 1,104 people; a blind guess names 1.1." in told
    assert "- people named: at most 6.0% by the bound, 0.600% are allowed: 10 times as much" in told
    assert told.count("times as much") == 1


def test_of_too_few_people_nothing_is_told(tmp_path: Path) -> None:
    """A trial's figures are no evidence, so the page says what has to be run."""
    told = attacked.written(TEXT, kept(tmp_path, 60))
    assert told.count("Not measured yet: `python -m benchmarks.") == 2
    assert "deface 1.5.0 with its defaults" not in told
