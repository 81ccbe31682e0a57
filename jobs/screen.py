"""What a command shows a person: sections of aligned columns, drawn on a terminal and plain in a pipe."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNIT = 1024


@dataclass(frozen=True)
class Section:
    """A title with rows under it; without rows it is not shown.

    Attributes:
        title: one or two words.
        rows: cells, as many in each row as in ``head`` where there is one.
        head: the columns' names, or none.
        right: the columns that hold numbers, by position.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = ()
    right: tuple[int, ...] = ()


def plain(sections: Sequence[Section]) -> list[str]:
    """Return the sections as lines of aligned text.

    Examples:
        >>> plain([Section("images", (("clean", "7"), ("review", "12")), right=(1,))])
        ['images', '  clean    7', '  review  12']
    """
    lines: list[str] = []
    for section in sections:
        if not section.rows:
            continue
        if lines:
            lines.append("")
        table = (section.head, *section.rows) if section.head else section.rows
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        lines.append(section.title)
        for row in table:
            cells = [
                cell.rjust(width) if i in section.right else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append(f"  {'  '.join(cells)}".rstrip())
    return lines


def show(sections: Sequence[Section], stream: TextIO | None = None) -> None:
    """Write the sections: as tables on a terminal, as plain lines elsewhere."""
    out = stream or sys.stdout
    if not out.isatty():
        out.write("\n".join(plain(sections)) + "\n")
        return
    console = Console(file=out, highlight=False)
    for number, section in enumerate(section for section in sections if section.rows):
        console.print(Text(f"\n{section.title}" if number else section.title, style="bold"))
        console.print(_table(section))


def _table(section: Section) -> Table:
    table = Table(box=None, show_header=bool(section.head), header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", width=0)
    for i, name in enumerate(section.head or section.rows[0]):
        table.add_column(Text(name), justify="right" if i in section.right else "left", overflow="fold")
    for row in section.rows:
        table.add_row("", *(Text(cell) for cell in row))
    return table


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples:
        >>> counted(1, "image"), counted(0, "image")
        ('1 image', '0 images')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bytes_text(size: int) -> str:
    """Return a size for a person.

    Examples:
        >>> bytes_text(0), bytes_text(1536), bytes_text(5 << 30)
        ('0 B', '1.5 KiB', '5.0 GiB')
    """
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < _UNIT:
            break
        value, unit = value / _UNIT, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def seconds_text(seconds: float) -> str:
    """Return a duration for a person.

    Examples:
        >>> seconds_text(4.21), seconds_text(75), seconds_text(7380)
        ('4.2 s', '1 min 15 s', '2 h 3 min')
    """
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - the same
