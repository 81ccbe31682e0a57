"""What a page consists of, before it is HTML or Markdown: plain text, which each page escapes in its own way."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    kind: ClassVar[str] = "points"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; without rows it is not shown.

    Attributes:
        caption: what it shows.
        head: names of the columns.
        rows: cells, as many as ``head`` has.
        right: columns of numbers, by position.
        state: the column that says passed, failed or missing, if one does.
        folded: whether a reader has to open it.
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    state: int | None = None
    folded: bool = False


@dataclass(frozen=True)
class Drawing:
    """A drawing of ours.

    Attributes:
        title: what it shows.
        said: the same in words, for those who do not see it.
        svg: one ``svg`` element, of which every text is escaped.
    """

    kind: ClassVar[str] = "drawing"
    title: str
    said: str
    svg: str = field(repr=False)


@dataclass(frozen=True)
class Picture:
    """A small picture as a ``data:`` URI, with what it shows in words."""

    uri: str = field(repr=False)
    said: str
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Some of them in a row."""

    kind: ClassVar[str] = "pictures"
    items: tuple[Picture, ...]


Block = Text | Points | Table | Drawing | Pictures


@dataclass(frozen=True)
class Section:
    """A heading and what is below it; the key is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        word: the word that is earned.
        meaning: what it means.
        good: whether it is one of the two stronger ones.
        alarms: what must be read before anything else, such as that the evaluation is void.
        facts: pairs of a name and a value, for the first screen.
        lead: the verdict in a few sentences.
        lacking: what the next word lacks, a sentence each.
        next_word: that word; empty after the strongest.
        sections: the rest.
        product: what the page is.
    """

    word: str
    meaning: str
    good: bool
    alarms: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lead: tuple[str, ...]
    lacking: tuple[str, ...]
    next_word: str
    sections: tuple[Section, ...]
    product: str = "report"
