"""Parts of a page that a program writes: each between two marks, which name it and the program."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path


def filled(text: str, program: str, parts: Mapping[str, str]) -> str:
    r"""Return the page's text with the parts of one program as they should be.

    Raises:
        ValueError: if the marks of a part are not there once, or those of a part that nobody writes are.

    Examples:
        >>> page = "<!-- sums: written by python -m docs.sums -->\nold\n<!-- end of sums -->"
        >>> print(filled(page, "sums", {"sums": "1 + 1 = 2"}))
        <!-- sums: written by python -m docs.sums -->
        <BLANKLINE>
        1 + 1 = 2
        <!-- end of sums -->
    """
    marks = re.compile(rf"(<!-- (\w+): written by python -m docs\.{program} -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
    found = [match[2] for match in marks.finditer(text)]
    if sorted(found) != sorted(parts):
        raise ValueError(f"the page must have the marks of {', '.join(parts)} once each, has {found}")
    return marks.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n{match[3]}", text)


def write(page: Path, written: Callable[[str], str]) -> int:
    """Write a page anew; return 0."""
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0
