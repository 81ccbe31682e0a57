"""Every command of ``docs/running.md`` is one that exists, with options that it has."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from conf import settings
from jobs.options import Parser

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\w*\n(.*?)```", TEXT, re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
JOB = re.compile(r"(?:faceveil |jobs/)(anonymize|export|lookup|maintain|policy|status|verify)(?:\.py)? ([^>|]*)")
COMMANDS = [(found[1], found[2]) for line in LINES if (found := JOB.search(line))]


def test_there_are_commands_of_each_kind() -> None:
    """The reader finds what the page has: embedded, submitted and scheduled ones."""
    assert {name for name, _ in COMMANDS} == {"anonymize", "export", "lookup", "maintain", "policy", "status", "verify"}
    assert sum("spark-submit" in line for line in LINES) >= 2
    assert any("cron" in line or "* * *" in line for line in LINES)


@pytest.mark.parametrize(("name", "rest"), COMMANDS, ids=[f"{n}-{name}" for n, (name, _) in enumerate(COMMANDS)])
def test_a_command_is_understood(name: str, rest: str) -> None:
    """Arguments are those of the job, and profiles and settings load."""
    parser: Parser = importlib.import_module(f"jobs.{name}").parser()
    args = parser.parse_args(shlex.split(rest))
    assert settings.load(args.profile, args.overrides)


def test_settings_of_the_table_are_settings() -> None:
    """Every group.key that the page names exists."""
    named = re.findall(r"`((?:batches|lease|limits|models|spark|storage|tracking)\.[a-z_]+)", TEXT)
    groups = settings.Settings.model_fields
    assert len(named) > 10
    for name in named:
        group, _, key = name.partition(".")
        assert key in groups[group].annotation.model_fields, name


@pytest.mark.parametrize("file", sorted(set(re.findall(r"(?:conf|docker|jobs|requirements)/[\w/-]+\.\w+", TEXT))))
def test_files_that_are_named_are_there(file: str) -> None:
    """Paths of the checkout in the text lead somewhere."""
    assert (ROOT / file).is_file()
