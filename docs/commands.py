"""Write ``docs/commands.md`` from the commands' parsers: ``python -m docs.commands`` after an option changed."""

import os
import sys
from pathlib import Path

from anonymizer_udfs.models.cache import cache_dir
from docs import marked
from jobs import cli, completion

PAGE = Path(__file__).parent / "commands.md"
COLUMNS = "100"


def command(name: str) -> str:
    """Return a command as a heading with its help."""
    # Where models are kept is another place for everybody.
    said = completion.parser_of(name).format_help().replace(str(cache_dir()), "~/.cache/faceveil/models")
    return "\n".join([f"### `faceveil {name}`", "", "```text", said.rstrip(), "```", ""])


def written(text: str) -> str:
    """Return the page's text with its parts as they should be, in lines of one width whatever the terminal."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = COLUMNS
    try:
        parts = {title: "\n".join(map(command, names)) for title, names in cli.GROUPS.items()}
        parts["all"] = f"```text\n{cli.help_text().rstrip()}\n```\n"
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)
    return marked.filled(text, "commands", parts)


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
