"""``faceveil maintain``: the files of a lake put together in the order of their ids, so that little of it is read.

Each run leaves files of its own, and each of these may hold any id. One image then costs a read of every run.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from jobs import layout, lease, options, session, sparkerrors
from jobs.lake import Lake
from jobs.layout import Layout
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.screen import bytes_text, counted

JOB = "maintain"
FILE_BYTES = 64 << 20
"""Of one file: two row groups. A lookup opens one of them."""
SHARED_MOST = 1.5
"""A table is left alone where an id may lie in this many files at most, on average."""
EXAMPLES = """  faceveil maintain ./lake              put its files together, where that makes reading cheaper
  faceveil maintain ./lake --dry-run    only say how the files lie
  faceveil maintain ./lake --always     write all of it anew, whatever it is like

It reads and writes all images once: for a lake of many terabytes run it on a cluster, and not every night. No row
changes, and the earlier files stay until they are vacuumed: earlier versions can still be read. Meanwhile it has the
lake to itself: runs that would write to it are told so, or wait.

exit codes: 0 done, 1 failed, or another run has the lake, 2 bad arguments"""


@dataclass(frozen=True)
class Maintained:
    """How the table of images lay, and how it lies now; the same twice where nothing was written."""

    before: Layout
    after: Layout
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {"before": vars(self.before), "after": vars(self.after), "written": self.written}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        if not self.written:
            return [f"left as it is: {told(self.after)}"]
        return [f"before: {told(self.before)}", f"now:    {told(self.after)}"]


def told(found: Layout) -> str:
    """Return a layout in words."""
    size = f"{counted(found.files, 'file')}, {bytes_text(found.size_bytes)}"
    return f"{size}; an id may lie in {found.shared:.1f} of them" if found.files else size


def run(placed: Placed, *, always: bool = False, dry: bool = False, wait_s: float = 0.0) -> Maintained:
    """Put the images' files together in the order of their ids, where they are not.

    Raises:
        LakeBusyError: if another run has the lake, and goes on having it for longer than ``wait_s``.
    """
    before = layout.of(placed.lake.tables.open("images"), "image_id")
    if dry or not before.files or (before.shared <= SHARED_MOST and not always):
        return Maintained(before, before, written=False)
    common = placed.common
    with lease.held(placed.lake.uri, JOB, common, wait_s) as mine:
        spark = session.create(common.settings, common.storage)
        mine.check()
        together(placed.lake, spark, before.size_bytes / max(1, before.rows))
    return Maintained(before, layout.of(placed.lake.tables.open("images"), "image_id"), written=True)


def together(lake: Lake, spark: SparkSession, mean_bytes: float) -> None:
    """Have Delta write the table anew along its ids, as the job writes it: small row groups and pages.

    Args:
        lake: whose images.
        spark: the session.
        mean_bytes: of a row.

    Raises:
        LakeBusyError: as :func:`run`.
    """
    wanted = {
        "spark.databricks.delta.optimize.maxFileSize": str(FILE_BYTES),
        # Else Delta only gathers neighbours in a file: each of its row groups would hold any of the file's ids.
        "spark.databricks.io.skipping.mdc.sortWithinFiles": "true",
    }
    with session.having(spark, wanted | session.pages(mean_bytes)), sparkerrors.translated():
        spark.sql(f"OPTIMIZE delta.`{lake.tables.table_uri('images')}` ZORDER BY (image_id)").collect()


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("maintain", "Put a lake's files together, so that questions and lookups read little of it.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("--dry-run", action="store_true", dest="dry", help="only say how the files lie")
    made.add_argument("--always", action="store_true", help="write all of it anew, also where it lies well")
    options.add_wait(made)
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, put together, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    made = run(open_lake(args.lake, common), always=args.always, dry=args.dry, wait_s=args.wait)
    options.answer(made.as_dict(), made.lines(), as_json=common.as_json)
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
