"""The README's animated terminal: drawn from what commands wrote, safe to show anywhere, and of commands that exist."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docs import terminal
from jobs import cli

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def shown() -> str:
    """Return the picture that is in the README."""
    return terminal.OUT.read_text(encoding="utf-8")


def test_lines_appear_one_after_the_other_and_stay() -> None:
    """Each line has its moment, later than the one before; where motion is not wanted there is none."""
    page = terminal.drawing(["one", "two"], [["\x1b[1mbold\x1b[0m & <b>", ""], ["{last}"]])
    root = ET.fromstring(page)  # noqa: S314 - made above
    words = "".join(root.itertext())
    assert all(text in words.replace("\xa0", " ") for text in ("$ one", "bold", "& <b>", "$ two", "{last}"))
    moments = [float(one) for one in re.findall(r"shown 0s ([\d.]+)s both", page)]
    assert moments == sorted(moments)
    assert len(moments) == len({"$ one", "bold", "", "after", "$ two", "last", "end"})
    assert page.index("prefers-reduced-motion: no-preference") < page.index("shown 0s")


def test_a_command_that_fails_is_not_drawn(tmp_path: Path) -> None:
    """Nobody would see that the picture shows an error."""
    assert terminal.said("printf 'a\\nb'", tmp_path) == ["a", "b"]
    with pytest.raises(RuntimeError, match="ended with 7"):
        terminal.said("exit 7", tmp_path)


def test_the_picture_is_of_these_commands_and_asks_for_nothing(shown: str) -> None:
    """It names no place of a machine, runs no script, loads nothing, and its commands are ones that there are."""
    root = ET.fromstring(shown)  # noqa: S314 - our own file
    assert {one.tag for one in root.iter()} <= {f"{SVG}{name}" for name in _TAGS}
    assert re.findall(r"https?://[^\"]*", shown) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"/(?:tmp|home|root|work|Users)/", shown)
    words = "".join(root.itertext()).replace("\xa0", " ")
    for command in terminal.COMMANDS:
        assert command in words
        assert shlex.split(command)[1] in cli.COMMANDS


_TAGS = ("svg", "title", "desc", "style", "defs", "clipPath", "rect", "text", "g", "circle")
