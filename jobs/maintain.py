"""``faceveil maintain``: files put together, what is past its time dropped, and what is left told.

Each run leaves files of its own, and each of these may hold any id. One image then costs a read of every run: so the
images' files are put together in the order of their ids.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from jobs import erasures, layout, lease, options, retention, session, sparkerrors
from jobs.errors import UsageError, VaultError
from jobs.lake import Lake
from jobs.layout import Layout
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.retention import Size
from jobs.screen import Section, bytes_text, counted, plain

FILE_BYTES = 64 << 20
"""Of one file: two row groups. A lookup opens one of them."""
SHARED_MOST = 1.5
"""A table is left alone where an id may lie in this many files at most, on average."""
EXAMPLES = """  faceveil maintain ./lake              put its files together, where that makes reading cheaper
  faceveil maintain ./lake --dry-run    only say how the files lie
  faceveil maintain ./lake --always     write all of it anew, whatever it is like
  faceveil maintain ./lake --set retention.history_days=7 --set retention.metrics_days=365

Where files are put together, it reads and writes all images once: for a lake of many terabytes run it on a cluster,
and not every night. No row changes by that. Earlier versions can be read for retention.history_days (30); rows, work
lists and figures stay for ever, unless retention.images_days, work_days or metrics_days say otherwise. Meanwhile
it has the lake to itself: runs that would write to it are told so, or wait.

exit codes: 0 done, 1 failed, or another run has the lake, 2 bad arguments"""


@dataclass(frozen=True)
class Maintained:
    """What was done.

    Attributes:
        before, after: how the table of images lay, and how it lies now; the same twice where nothing was written.
        written: whether it was written anew.
        past: how many images, entries of work lists and figures were past their time.
        sizes: all tables at the end; none after a dry run.
    """

    before: Layout
    after: Layout
    written: bool
    past: dict[str, int] = field(default_factory=dict)
    sizes: tuple[Size, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        lay = {"before": vars(self.before), "after": vars(self.after), "written": self.written}
        return {**lay, "past_retention": self.past, "tables": [vars(size) for size in self.sizes]}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        lines = [f"left as it is: {told(self.after)}"]
        if self.written:
            lines = [f"before: {told(self.before)}", f"now:    {told(self.after)}"]
        lines += [f"past its time: {count} of {name}" for name, count in self.past.items() if count]
        rows = tuple((s.table, f"{s.rows:,}", f"{s.files:,}", bytes_text(s.size_bytes)) for s in self.sizes)
        return [*lines, *plain([Section("tables", rows, ("table", "rows", "files", "size"), (1, 2, 3))])]


def told(found: Layout) -> str:
    """Return a layout in words."""
    size = f"{counted(found.files, 'file')}, {bytes_text(found.size_bytes)}"
    return f"{size}; one image is looked for in {found.shared:.1f} of them on average" if found.files else size


def run(placed: Placed, *, always: bool = False, dry: bool = False, wait_s: float = 0.0) -> Maintained:
    """Drop what is past its time, and put the images' files together in the order of their ids, where they are not.

    Raises:
        LakeBusyError: another run has the lake for longer than ``wait_s``, or an erasure is not finished.
        VaultError: rows or work lists have a time, and there is no vault.
    """
    common, policy = placed.common, placed.common.settings.retention
    erasures.refuse_half(placed.lake, placed.lake.uri)
    before = layout.of(placed.lake.tables.open("images"), "image_id")
    found = retention.past(placed, policy, datetime.now(UTC))
    if dry:
        return Maintained(before, before, written=False, past=found.counts)
    with lease.held(placed.lake.uri, retention.JOB, common, wait_s) as mine, sparkerrors.translated():
        spark = session.create(common.settings, common.storage)
        mine.check()
        retention.drop(placed, spark, found)
        lay = layout.of(placed.lake.tables.open("images"), "image_id")
        wanted = bool(lay.files) and (always or lay.shared > SHARED_MOST)
        if wanted:
            together(placed.lake, spark, lay.size_bytes / max(1, lay.rows))
        tables = retention.every(placed, vault=_has_vault(placed))
        retention.compact(spark, tables)
        retention.vacuum(spark, tables, policy.history_days)
    after = layout.of(placed.lake.tables.open("images"), "image_id")
    return Maintained(before, after, wanted, found.counts, tuple(retention.sizes(tables)))


def _has_vault(placed: Placed) -> bool:
    """Return whether there is a vault to maintain, too; whoever may not read it maintains the lake alone."""
    try:
        placed.vault()
    except (UsageError, VaultError):
        return False
    return True


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
    with session.having(spark, wanted | session.pages(mean_bytes)):
        spark.sql(f"OPTIMIZE delta.`{lake.tables.table_uri('images')}` ZORDER BY (image_id)").collect()


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser(
        "maintain",
        "Put a lake's files together, so that little of it is read, and drop what is past its time.",
        EXAMPLES,
    )
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
