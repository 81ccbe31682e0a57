"""What the report says whatever was measured: what was assumed, what is not covered, what a lost key means."""

from importlib import resources

import yaml

from jobs.reporting.blocks import Block, Points, Section, Text


def sections() -> tuple[Section, ...]:
    """Return the sections of ``limits.yaml``, in order."""
    text = resources.files(__package__).joinpath("limits.yaml").read_text(encoding="utf-8")
    return tuple(Section(one["key"], one["title"], tuple(map(_block, one["blocks"]))) for one in yaml.safe_load(text))


def _block(said: dict[str, str | list[str]]) -> Block:
    return Points(tuple(said["points"])) if "points" in said else Text(str(said["text"]))
