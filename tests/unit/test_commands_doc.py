"""``docs/commands.md`` is what the parsers say; pages that name commands name those that there are."""

import re
import shlex
from pathlib import Path

import pytest

from docs import commands
from jobs import completion
from jobs.cli import COMMANDS

DOCS = Path(commands.PAGE).parent
NAMED = re.compile(r"`\[?faceveil (\w[^`\]]*)|(?:^ +|/bin/)faceveil (\w.*)$", re.MULTILINE)
SAID = [
    (page, " ".join("".join(found).split()))
    for page in ("dpia.md", "after-a-leak.md", "tutorial.md")
    for found in NAMED.findall((DOCS / page).read_text(encoding="utf-8"))
]


def test_the_page_is_current() -> None:
    """Written by the program from the parsers of today: ``python -m docs.commands``."""
    text = commands.PAGE.read_text(encoding="utf-8")
    assert commands.written(text) == text
    assert re.findall(r"^### `faceveil (\w+)`$", text, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize(("page", "words"), SAID, ids=[f"{page}-{n}" for n, (page, _) in enumerate(SAID)])
def test_a_command_that_a_page_names_is_there(page: str, words: str) -> None:
    """With every option that it is given."""
    name, *rest = shlex.split(words)
    assert name in COMMANDS, page
    known = {one for action in completion.parser_of(name)._actions for one in action.option_strings}
    assert {word.split("=")[0] for word in rest if word.startswith("--")} <= known
