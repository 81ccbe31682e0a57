"""``docs/monitoring.md`` and ``docs/scheduling.md`` say what the code does: commands, thresholds, figures."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import yaml

from anonymizer_udfs.drift import Monitor
from conf import policies, settings
from jobs.cli import COMMANDS
from jobs.monitoring.judging import DISTRIBUTIONS, SHARES

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("monitoring", "scheduling")}
LINES = [
    line.split("  #")[0].strip()
    for text in PAGES.values()
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines()
]
CALLS = [found[1] for line in LINES if (found := re.match(r"(?:\S*/)?faceveil (.*)", line))]


@pytest.mark.parametrize("line", CALLS)
def test_a_command_is_understood(line: str) -> None:
    """By the command's own parser; its profile and its settings load."""
    name, *rest = shlex.split(re.split(r" (?:\|\||&&|>) ", line)[0])
    assert name in COMMANDS
    args = importlib.import_module(f"jobs.{name}").parser().parse_args(rest)
    assert settings.load(args.profile, args.overrides)


def test_the_thresholds_are_the_codes() -> None:
    """Of the page, of the policy that ships, and of the code."""
    (said,) = re.findall(r"```yaml\n(monitor: .*?)```", PAGES["monitoring"], re.DOTALL)
    assert Monitor.from_mapping(yaml.safe_load(said)["monitor"]) == Monitor()
    assert yaml.safe_load(said)["monitor"] == Monitor().to_mapping() == policies.load("public")["monitor"]


def test_every_figure_has_its_row() -> None:
    """And none that is not there."""
    rows = re.findall(r"^\| `([\w.]+)` \|", PAGES["monitoring"], re.MULTILINE)
    assert rows == [*(name for name in DISTRIBUTIONS if name != "cost"), "score.NAME", "cost", *SHARES]
