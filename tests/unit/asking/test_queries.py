"""The questions of ``docs/queries.md``, each asked as it stands there of a lake with a history."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from jobs import sql
from jobs.lake import Lake
from schemas import READABLE

PAGE = (Path(__file__).parents[3] / "docs" / "queries.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^## (.+?)$.*?```sh\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "How much is done, and how much is held back": [
        {"status": "anonymized", "reason": "", "images": 6, "percent": 42.9},
        {"status": "clean", "reason": "", "images": 4, "percent": 28.6},
        {"status": "review", "reason": "unsure", "images": 2, "percent": 14.3},
        {"status": "quarantined", "reason": "truncated", "images": 1, "percent": 7.1},
        {"status": "quarantined", "reason": "unsupported_format", "images": 1, "percent": 7.1},
    ],
    "What changed from one policy to another": [
        {"was": "partner", "became": "public", "images": 6, "other_status": 0, "other_pixels": 4, "more_faces": 0}
    ],
    "What the lake was like before": [
        {"policy": "partner", "status": "anonymized", "images": 6},
        {"policy": "partner", "status": "clean", "images": 4},
    ],
    "What happened to the images since": [
        {"version": 2, "change": "insert", "images": 4},
        {"version": 3, "change": "update_postimage", "images": 6},
        {"version": 3, "change": "update_preimage", "images": 6},
    ],
}
"""What some of them have to say; the others at least something."""
TABLES = {"Who decided what": "decisions", "Which release holds this image": "released"}
"""Questions about tables that not every build has."""


def test_there_are_twelve_and_more() -> None:
    """Each with a heading of its own."""
    assert len(QUESTIONS) >= 12
    assert len(re.findall(r"^## ", PAGE, re.MULTILINE)) == len(QUESTIONS)
    assert {*EXPECTED, *TABLES} <= set(QUESTIONS)


@pytest.mark.parametrize("title", QUESTIONS)
def test_a_question_is_answered(
    title: str, lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends well, and its answer says something."""
    if TABLES.get(title, "images") not in READABLE:
        pytest.skip(f"this build has no table {TABLES[title]}")
    monkeypatch.chdir(Path(lake.uri).parent)
    released = lake.query("SELECT MIN(image_id) AS one FROM images WHERE status = 'anonymized'").to_pylist()[0]["one"]
    program, command, *words = shlex.split(QUESTIONS[title].replace("IMAGE_ID", released))
    assert (program, command) == ("faceveil", "sql")
    assert sql.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found
    if title in EXPECTED:
        assert [{name: row[name] for name in EXPECTED[title][0]} for row in found] == EXPECTED[title]
