"""``faceveil report``: what a lake may be called, and why, as one page for people. Needs no Spark."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import options, stores
from jobs.errors import JobError, UsageError
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.reporting import pages, told

EXAMPLES = """  faceveil report ./lake --out report.html
  faceveil report ./lake --out report.html --markdown report.md
  faceveil report ./lake --out before.html --run RUN_ID     an earlier evaluation
  faceveil report s3a://open/lake --out report.html --profile s3

exit codes: 0 the report is written, 1 failed, 2 bad arguments,
            5 it is written, and the ledger is broken or the verdict in it is not that of the figures"""


@dataclass(frozen=True)
class Order:
    """What one command line asks for.

    Attributes:
        placed: the lake.
        out: the HTML page, on this machine.
        markdown: the same in Markdown, if it is asked for.
        run_id: of which evaluation; none for the newest.
    """

    placed: Placed
    out: Path
    markdown: Path | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse pages that would lie inside the lake or be one file."""
        files = [one for one in (self.out, self.markdown) if one is not None]
        if len(set(files)) < len(files):
            raise UsageError("--out and --markdown must be two files, got one")
        self.placed.refuse_inside("the page", *files)


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        word: the word that is earned.
        run_id: the evaluation it is of; none where there is none.
        sound: whether ledger, verdict and figures agree.
        files: where the pages are.
        size_bytes: of the HTML page.
        alarms: what must be read first.
    """

    word: str
    run_id: str | None
    sound: bool
    files: tuple[str, ...]
    size_bytes: int
    alarms: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return vars(self)

    def lines(self) -> list[str]:
        """Return what a person reads."""
        return [f"{self.word}: {', '.join(self.files)}", *(f"  {one}" for one in self.alarms)]


def run(order: Order) -> Written:
    """Write the pages and return what they say.

    Raises:
        UsageError: there is no evaluation of the run that was asked for.
        JobError: a page cannot be written.
    """
    document, found, now = told.document(order.placed.lake, order.placed.common.settings, order.run_id)
    made = {order.out: pages.html(document)} | ({order.markdown: pages.markdown(document)} if order.markdown else {})
    for file, text in made.items():
        write(file, text)
    return Written(
        word=document.word,
        run_id=found.run_id if found else None,
        sound=not now.ledger_problem and not (found and found.disagrees),
        files=tuple(str(file) for file in made),
        size_bytes=len(made[order.out].encode()),
        alarms=document.alarms,
    )


def write(file: Path, text: str) -> None:
    """Write a page.

    Raises:
        JobError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise JobError(f"the page cannot be written: {why}; give a file in a folder that is there") from error


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("report", "Say what a lake may be called and why, as one page for people.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("--out", metavar="FILE", required=True, help="the page, one HTML file that needs no other")
    made.add_argument("--markdown", metavar="FILE", help="the same as Markdown")
    made.add_argument("--run", metavar="RUN_ID", dest="run_id", help="an evaluation of the lake (default: the newest)")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, write, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    out, markdown = (name and local(name) for name in (args.out, args.markdown))
    done = run(Order(open_lake(args.lake, common), out, markdown, args.run_id))
    options.answer(done.as_dict(), done.lines(), as_json=common.as_json)
    return options.DONE if done.sound else options.CHECK_FAILED


def local(name: str) -> Path:
    """Return the file of a name as it was typed.

    Raises:
        UsageError: it is on no disk of this machine.
    """
    place = stores.normalise(name)
    if not stores.is_local(place):
        raise UsageError("a page goes to a file of this machine; copy it to the object store from there")
    return Path(place)


if __name__ == "__main__":
    sys.exit(main())
