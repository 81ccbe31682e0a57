"""``faceveil erase``: images leave a lake, its vault and MLflow for good, and do not come back with the next run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs import lease, options, seeking, session, sparkerrors, targets
from jobs.erasing import Erased, Eraser
from jobs.erasures import JOB, Order, Orders
from jobs.errors import UsageError
from jobs.lake import SparkLake
from jobs.ledger import new_run_id
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.progress import waiting
from jobs.releasing.holding import GoneOut
from jobs.screen import bytes_text, counted
from jobs.seeking import Sought

EXAMPLES = """  faceveil erase ./lake --source ./photos/one.jpg --dry-run    how many images that is; nothing is changed
  faceveil erase ./lake --source ./photos/one.jpg              asks, and erases
  faceveil erase ./lake --source ./photos/album --yes          a folder or an archive, without asking
  faceveil erase ./lake --image 5f0c... --image 77ab... --yes  by ids, as faceveil lookup tells them
  faceveil erase ./lake --face person.jpg --dry-run            every image of one person, by a photo of that person
  faceveil erase ./lake                                        finish an erasure that was cut off

It cannot be undone, and earlier versions of the tables can no longer be read after it. What was released (it says
which releases hold the images) or exported, backups, and the sources themselves are not touched: see docs/erasure.md.

exit codes: 0 done, 1 failed, or a dry run did not find all, 2 bad arguments, or something named is not there"""


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("erase", "Erase images from a lake, its vault and MLflow, for good.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("--source", nargs="+", action="extend", default=[], metavar="URI|PATH", help="by their sources")
    made.add_argument("--image", nargs="+", action="extend", default=[], metavar="ID", help="by their ids")
    made.add_argument("--face", type=Path, metavar="PHOTO", help="all on which the person of this photo is found")
    made.add_argument(
        "--fmr", choices=seeking.RATES, default=seeking.RATES[0], help="of strangers, so many count as the person"
    )
    made.add_argument("--content-column", metavar="NAME", help="with --face: the binary column of a table source")
    made.add_argument("--dry-run", action="store_true", dest="dry", help="only say how many images that is")
    options.add_wait(made)
    made.add_argument("--yes", action="store_true", help="do not ask")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, find, ask, erase, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    placed = open_lake(args.lake, common)
    waiting_ = Orders(placed.vault(), common.storage).open()
    named = bool(args.source or args.image or args.face)
    if not named and not waiting_:
        raise UsageError("name what to erase: --source, --image or --face; see faceveil erase --help")
    if not args.yes and not args.dry and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked: look with --dry-run first, then give --yes")
    finder = targets.Finder(placed)
    wanted = finder.wanted(args.source, args.image)
    sought = _sought(args, placed) if args.face else None
    ids = wanted.image_ids | (sought.image_ids if sought else frozenset())
    order = targets.order(placed, new_run_id(), ids)
    gone_out = GoneOut.of(placed.lake, {*order.image_ids, *(one for late in waiting_ for one in late.image_ids)})
    said = _said(order, wanted, sought, waiting_) | gone_out.as_dict()
    lines = [*_lines(order, wanted, sought, waiting_), *gone_out.lines()]
    if wanted.unknown and not args.dry:
        told = f"{wanted.unknown} of what was named is in neither lake nor vault"
        raise UsageError(f"{told}; nothing was erased: check it with faceveil lookup, or leave it out")
    if args.dry:
        options.answer(said | {"dry_run": True}, lines, as_json=common.as_json)
        return options.FAILED if wanted.unknown else options.DONE
    if not args.yes and not _agreed(lines):
        raise UsageError("nothing was erased")
    done = _erased(placed, order, args.wait)
    found = said | {"dry_run": False, "erasures": [one.as_dict() for one in done]}
    ended = [*map(_done, done), *gone_out.lines()] if done else ["nothing to erase"]
    options.answer(found, ended, as_json=common.as_json)
    return options.DONE


def _sought(args: argparse.Namespace, placed: Placed) -> Sought:
    with waiting("looking for the person"):
        return seeking.sought(placed, args.face, args.fmr, args.content_column)


def _erased(placed: Placed, order: Order, wait_s: float) -> list[Erased]:
    """Finish what was cut off, then carry out this order, if there is anything in it."""
    common = placed.common
    mine = lease.of(JOB, common, wait_s)
    mine.look(placed.lake.uri)
    with waiting("starting Spark"):
        spark = session.create(common.settings, common.storage)
    with sparkerrors.translated(), mine, waiting("erasing"):
        mine.take(placed.lake.uri)
        lake = SparkLake(placed.lake.uri, spark, common.storage, placed.signer)
        lake.create()
        eraser = Eraser(spark, lake, placed.vault(), placed.key(), common)
        done = eraser.finish()
        return [*done, eraser.erase(order)] if order.image_ids else done


def _agreed(lines: Sequence[str]) -> bool:
    """Ask whether it is meant; only the whole word counts."""
    sys.stdout.write("\n".join([*lines, "this cannot be undone; type 'erase' to go on: "]))
    sys.stdout.flush()
    return sys.stdin.readline().strip() == "erase"


def _said(order: Order, wanted: targets.Wanted, sought: Sought | None, waiting_: Sequence[Order]) -> dict[str, Any]:
    """Return how many images that is: never which."""
    return {
        "images": order.images,
        "copies": order.copies,
        "without_row": len(order.image_ids) - order.images,
        "erased_before": wanted.already,
        "not_found": wanted.unknown,
        "runs_that_may_show_them": len(order.shown_by) if order.image_ids else 0,
        "cut_off": len(waiting_),
        "face": sought.as_dict() if sought else None,
    }


def _lines(order: Order, wanted: targets.Wanted, sought: Sought | None, waiting_: Sequence[Order]) -> list[str]:
    """Return the same for people."""
    lines = [f"to erase: {counted(order.images, 'image')}"]
    if order.copies:
        lines.append(f"  {order.copies} of them have the bytes of another one, and were not named")
    if len(order.image_ids) > order.images:
        lines.append(f"  and {len(order.image_ids) - order.images} that a run listed and never finished")
    if wanted.already:
        lines.append(f"erased before: {wanted.already}")
    if wanted.unknown:
        lines.append(f"not found, in neither lake nor vault: {wanted.unknown}; ask faceveil lookup of each")
    if waiting_:
        lines.append(f"cut off earlier, to be finished first: {counted(len(waiting_), 'erasure')}")
    return [*lines, *(sought.lines() if sought else ())]


def _done(one: Erased) -> str:
    removed = f"{counted(one.swept.files, 'file')} of {bytes_text(one.swept.size_bytes)}"
    copies = f" ({one.order.copies} of them copies)" if one.order.copies else ""
    pictures = f", {counted(one.artifacts, 'artifact')} in MLflow" if one.artifacts else ""
    return f"erased {counted(one.order.images, 'image')}{copies}: removed {removed}{pictures}; run {one.order.run_id}"


if __name__ == "__main__":
    sys.exit(main())
