"""``docs/evaluation.md`` says what the gate does: its words, its checks and its numbers."""

import re
import shlex
from pathlib import Path

import pytest

from conf import gates
from jobs import report
from jobs.gate import Expected, judge
from jobs.verdict import Word
from tests.support import evidence
from tests.support.evidence import RECOGNIZERS, bounded

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
GATE = gates.load("default")
PLATES = bounded("canary", "missed", 0.1, {"kind": "plate"})
SHARED = evidence.figure("k_same", "least_people", 20)
GROUPED = bounded("attack", "rank1", 0.1, {"group": "age", "of": "old", "attack": "static", "recognizer": "arcface"})
STOOD_IN = evidence.stood_in(GATE, 0.0)
CHECKS = judge(GATE, [*evidence.whole(GATE), PLATES, SHARED, GROUPED, *STOOD_IN], Expected(RECOGNIZERS)).checks
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("word", list(Word))
def test_each_word_is_explained(word: Word) -> None:
    """Three words, each with what it takes."""
    assert re.search(rf"^\| `{word.value}` \| .+ \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.name)
def test_each_check_has_its_row(check: object) -> None:
    """By the title that people read, with the least evidence that the gate asks for."""
    name, title, needed = (getattr(check, key) for key in ("name", "title", "needed"))
    begins = {"controls": "controls", "tar": "people matched at a false match rate of 0.1%"}.get(name, title)
    rows = [row for row in ROWS if row[0].startswith(begins)]
    assert len(rows) == 1, begins
    if name in {"rank1", "tar", "context", "unlinkable", "eer", "faces_visible", "plates_visible", "groups"}:
        assert f"{needed:,}" in rows[0][2]


def test_the_limits_are_those_of_the_gate() -> None:
    """In percent, as the table has them."""
    table = "".join(" ".join(row) for row in ROWS)
    for share in (GATE.named_most, GATE.matched_most, GATE.visible_most):
        assert f"at most {share:.1%}" in table
    assert f"at most {GATE.linked_most:g}" in table
    assert f"at least {GATE.eer_least:.0%}" in table
    assert f"at least {GATE.k_least}" in table


def test_its_commands_are_understood() -> None:
    """Each line of the report's block is one that the command takes."""
    lines = re.findall(r"^faceveil report (.+)$", TEXT, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        assert report.parser().parse_args(shlex.split(line)).out.endswith(".html")
