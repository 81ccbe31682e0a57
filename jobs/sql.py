"""``faceveil sql``: questions to a lake in SQL, answered in a moment. Needs no Spark, and only reads."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from jobs import answers, options, screen
from jobs.asking import CHANGE_COLUMNS, CHANGES, Asked, columns_of
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.moments import Moment, moment
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.screen import Section
from schemas import READABLE, VIEW_COMMENTS, comments, spoken

EXAMPLES = """  faceveil sql ./lake --list                                        tables, views, columns
  faceveil sql ./lake "SELECT status, COUNT(*) AS images FROM images GROUP BY status"
  faceveil sql ./lake "SELECT method, COUNT(*) AS n FROM faces GROUP BY method" --format csv
  faceveil sql ./lake - --out worst.jsonl < worst.sql               the statement from a file
  faceveil sql ./lake "SELECT COUNT(*) FROM images" --at 2026-01-31 as it was then
  faceveil sql ./lake "SELECT image_id FROM changes WHERE _change_type = 'delete'" --since 12

The SQL is DataFusion's. Pictures are never printed: their size is. More questions: docs/queries.md

exit codes: 0 done, 1 failed, 2 bad arguments or not a query"""

_FEED = "One change of a row of images, from --since on; its other columns are those of images, but for content"
_SAID = {name: said for name, (_, said) in CHANGE_COLUMNS.items()}


@dataclass(frozen=True)
class Order:
    """What one command line asks for, checked.

    Attributes:
        lake: whom to ask.
        statement: the question; none to list what can be asked for.
        form: one of ``answers.FORMATS``.
        out: a file in place of standard output.
        at: the moment; none is now.
        since: where the change feed begins.
    """

    lake: Lake
    statement: str | None
    form: str = answers.TABLE
    out: Path | None = None
    at: Moment | None = None
    since: Moment | None = None


def run(order: Order) -> None:
    """Answer one question.

    Raises:
        UsageError: it is no query, or names what is not there.
        LakeError: the lake cannot be read.
    """
    with Asked(order.lake, order.at, order.since) as asked:
        if order.statement is None:
            with _opened(order.out) as out:
                _list(asked, order.form, out)
            return
        schema, batches = asked.ask(order.statement)
        with _opened(order.out) as out:
            answers.write(answers.unlike(schema.names), answers.rows(batches), order.form, out)


def columns(asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield a row for each column that can be asked for: what has it, its type and its comment."""
    for name, table in asked.tables.items():
        said = {one.name: one.comment for one in READABLE[name].columns}
        yield from _described("table", name, READABLE[name].comment, columns_of(table), said)
    for name in asked.views:
        schema, _ = asked.ask(f"SELECT * FROM {name} LIMIT 0")  # noqa: S608 - a name of ours
        yield from _described("view", name, VIEW_COMMENTS[name], {one.name: one.type for one in schema}, comments(name))
    yield from _described("view", CHANGES, _FEED, {name: kind for name, (kind, _) in CHANGE_COLUMNS.items()}, _SAID)


def _described(
    kind: str, name: str, about: str, types: dict[str, pa.DataType], said: dict[str, str]
) -> Iterator[dict[str, Any]]:
    whole = {"kind": kind, "name": name, "about": about}
    for column, type_ in types.items():
        yield {**whole, "column": column, "type": spoken(type_), "comment": said.get(column)}


def _list(asked: Asked, form: str, out: TextIO) -> None:
    found = list(columns(asked))
    if form != answers.TABLE:
        answers.write(list(found[0]), iter(found), form, out)
        return
    sections: dict[str, list[tuple[str, ...]]] = {}
    for row in found:
        title = f"{row['kind']} {row['name']}: {row['about']}"
        sections.setdefault(title, []).append((row["column"], row["type"], row["comment"] or ""))
    screen.show([Section(title, tuple(rows)) for title, rows in sections.items()], out)


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    """Give where an answer goes; a file gets its name when all of it is there.

    Raises:
        UsageError: the file cannot be written.
    """
    if file is None:
        yield sys.stdout
        return
    try:
        handle, part = tempfile.mkstemp(prefix=".faceveil-", dir=file.parent)
    except OSError as error:
        raise UsageError(f"--out cannot be written: {error.strerror}; name a file in a folder that is there") from None
    try:
        with open(handle, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123 - a handle
            yield out
        os.replace(part, file)  # noqa: PTH105 - beside it
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


class _Parser(Parser):
    """A parser that takes the statement behind options, too: argparse takes an optional word only beside LAKE."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the arguments, in whatever order they came."""
        return self.parse_intermixed_args(args, namespace)


def parser() -> Parser:
    """Return the command's parser."""
    made = _Parser("sql", "Ask a lake in SQL: tables, views and the change feed, now or as they were.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("statement", metavar="SQL", nargs="?", help="one query; - reads it from standard input")
    made.add_argument("--list", action="store_true", dest="listing", help="list tables, views and their columns")
    made.add_argument("--format", choices=answers.FORMATS, help="of the answer (default: table, or by FILE's name)")
    made.add_argument("--out", metavar="FILE", help="write the answer there")
    made.add_argument("--at", metavar="VERSION|TIME", help="the lake as it was: a version of images, or a time (UTC)")
    made.add_argument("--since", metavar="VERSION|TIME", help="where the change feed begins (default: what is kept)")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, ask, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    statement = sys.stdin.read() if args.statement == "-" else args.statement
    if args.listing == (statement is not None):
        raise UsageError("expected either a SQL statement (or - for standard input) or --list")
    out = Path(args.out).expanduser() if args.out else None
    form = _form(args.format, out, as_json=common.as_json)
    at, since = (text and moment(text) for text in (args.at, args.since))
    placed = open_lake(args.lake, common)
    placed.refuse_inside("the answer", *(() if out is None else (out,)))
    run(Order(placed.lake, statement, form, out, at or None, since or None))
    return options.DONE


def _form(said: str | None, out: Path | None, *, as_json: bool) -> str:
    if as_json and said not in {None, answers.JSON, answers.JSONL}:
        raise UsageError(f"--json and --format {said} ask for two answers; give one of them")
    named = out.suffix.removeprefix(".").lower() if out else ""
    return said or (answers.JSON if as_json else named if named in answers.FORMATS else answers.TABLE)


if __name__ == "__main__":
    sys.exit(main())
