"""How Sphinx makes a site of these pages: ``make docs``. A link that leads nowhere ends it, whatever it leads to."""

import re
from pathlib import Path
from typing import Any

from anonymizer_udfs import __version__

ROOT = Path(__file__).resolve().parents[1]

project = "faceveil"
copyright = "the authors of faceveil, Apache-2.0"  # noqa: A001 - Sphinx calls it so
release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["images/**"]
html_theme = "furo"
html_title = f"faceveil {__version__}"
html_show_sphinx = False
myst_heading_anchors = 4  # as repositories on the web make them, so that links hold in both places
myst_enable_extensions = ["colon_fence"]
highlight_language = "none"
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def setup(app: Any) -> None:
    """Let pages name files of the checkout that are no pages: the site says their path."""
    app.connect("source-read", _told)


def _told(_: Any, page: str, source: list[str]) -> None:
    from sphinx.util import logging  # noqa: PLC0415 - there when Sphinx reads this, and only then

    def path(link: re.Match[str]) -> str:
        if not (ROOT / link[2]).exists():
            logging.getLogger(__name__).warning("%s links to %s, which is not there", page, link[2])
        return f"{link[1]} (`{link[2]}`)"

    source[0] = _OUTSIDE.sub(path, source[0])
