"""The two pages of a document: one HTML file that asks for nothing, and Markdown. All text of a lake is escaped."""

import re
from importlib import resources

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from jobs.reporting.blocks import Block, Document, Drawing, Pictures, Points, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def html(document: Document) -> str:
    """Return the page: style and drawings inside, pictures as ``data:`` URIs, no script; its policy allows no more."""
    environment = Environment(
        loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_read("page.html"))
    return template.render(page=document, style=Markup(_read("page.css")), drawn=_drawn) + "\n"  # noqa: S704 - our own file


def _drawn(drawing: Drawing) -> Markup:
    """Return a drawing as it is: its texts were escaped where it was drawn."""
    return Markup(drawing.svg)  # noqa: S704 - made by curves.chart, which escapes


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def markdown(document: Document) -> str:
    """Return the same in Markdown; drawings and pictures are told in words there."""
    lines = [f"# {plain(document.word)}", "", f"{plain(document.meaning).capitalize()}.", ""]
    lines += [f"> {plain(one)}" for one in document.alarms] + ([""] if document.alarms else [])
    lines += [f"- {plain(name)}: {plain(value)}" for name, value in document.facts]
    lines += ["", *(plain(one) for one in document.lead)]
    if document.next_word:
        lines += ["", f"To be called **{plain(document.next_word)}**, it lacks:", ""]
        lines += [f"- {plain(one)}" for one in document.lacking]
    for section in document.sections:
        lines += ["", f"## {plain(section.title)}"]
        for block in section.blocks:
            lines += _lines(block)
    return "\n".join(lines).rstrip() + "\n"


def _lines(block: Block) -> list[str]:
    if isinstance(block, Text):
        return ["", plain(block.text)]
    if isinstance(block, Points):
        return ["", *(f"- {plain(one)}" for one in block.items)]
    if isinstance(block, Drawing):
        return ["", f"*{plain(block.title)}.* {plain(block.said)}"]
    if isinstance(block, Pictures):
        return ["", *(f"- {plain(one.caption)}" for one in block.items)]
    return _table(block)


def _table(table: Table) -> list[str]:
    if not table.rows:
        return []
    rule = ["---:" if place in table.right else "---" for place in range(len(table.head))]
    rows = [[plain(cell) for cell in row] for row in (table.head, *table.rows)]
    cells = [rows[0], rule, *rows[1:]]
    return ["", f"**{plain(table.caption)}**", "", *(f"| {' | '.join(row)} |" for row in cells)]


def plain(text: str) -> str:
    r"""Return a text that Markdown shows as it is, on one line.

    Examples:
        >>> plain("a|b <i>\n*")
        'a\\|b \\<i\\> \\*'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
