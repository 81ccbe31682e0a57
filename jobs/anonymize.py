"""``faceveil anonymize``: from a source to a lake, only what is new or changed; ``spark-submit`` runs it as well."""

import argparse
import math
import sys
from collections.abc import Sequence

from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources.base import SourceSpec
from jobs import explain, options, run, screen, streaming
from jobs.context import treatment
from jobs.errors import UsageError
from jobs.options import Common, Parser
from jobs.parsing import nearest
from jobs.run import Request
from jobs.vault import NONE

EXAMPLES = """  faceveil anonymize ./photos ./lake
  faceveil anonymize ./photos ./lake --explain          what it would do and cost; nothing is written
  faceveil anonymize s3a://raw/photos s3a://open/lake --vault s3a://vault/lake --profile s3
  faceveil anonymize archive.tar ./lake --policy internal --limit 100
  faceveil anonymize scans.parquet ./lake --content-column image --id-column scan_id
  faceveil anonymize ./photos ./lake --retry unreadable
  faceveil anonymize ./photos ./lake --wait 3600     where another run has the lake, wait for it
  faceveil anonymize ./photos ./lake --mirror      and erase the rows of images that are no longer there
  faceveil anonymize ./inbox ./lake --stream --every 60s      whatever arrives or is replaced, until it is told to stop
  spark-submit --master spark://host:7077 --py-files dist/faceveil-*.whl jobs/anonymize.py SOURCE LAKE

exit codes: 0 done, 1 failed or busy, 2 bad arguments, 3 done and this run wrote review or quarantined rows"""

EVERY = "60s"


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("anonymize", "Anonymize every image of a source into the Delta tables of a lake.", EXAMPLES)
    made.add_argument("source", metavar="SOURCE", help="directory, glob, file, .tar, .zip, table or manifest; or a URI")
    options.add_lake(made)
    made.add_argument(
        "--policy",
        default="public",
        metavar="NAME|FILE",
        help="of images whose data set has none of its own (faceveil policy map); see faceveil policy list",
    )
    made.add_argument("--limit", type=int, metavar="N", help="only a sample of N images, the same one each time")
    made.add_argument("--retry", metavar="REASON", help="take images again that were quarantined for this reason")
    made.add_argument(
        "--explain",
        action="store_true",
        help="write nothing: say what would be done, how many images, about how long and at what cost",
    )
    made.add_argument(
        "--core-hour",
        type=float,
        metavar="PRICE",
        help="for --explain: what an hour of a core costs, in any currency",
    )
    made.add_argument("--mirror", action="store_true", help="erase rows of this source that it no longer has")
    made.add_argument(
        "--mirror-lost",
        metavar="SOURCE",
        help="with --mirror: the source once more, where it is empty or lost more than half and this is meant",
    )
    made.add_argument("--stream", action="store_true", help="go on with whatever arrives or is replaced, until SIGTERM")
    made.add_argument("--every", metavar="TIME", help="with --stream: look so often, such as 5m or 2h (default: 60s)")
    made.add_argument(
        "--once", action="store_true", help="with --stream: look once; write nothing where nothing is new"
    )
    made.add_argument("--content-column", metavar="NAME", help="the binary column of a table")
    made.add_argument("--id-column", metavar="NAME", help="the column that names a table's rows")
    options.add_wait(made)
    options.add_common(made)
    return made


def request(args: argparse.Namespace, common: Common) -> Request:
    """Return what is asked for, checked; nothing is started or written before this is through.

    Raises:
        UsageError: for arguments that cannot be.
    """
    if args.limit is not None and args.limit < 1:
        raise UsageError(f"--limit must be at least 1, got {args.limit}")
    if args.retry is not None and args.retry not in set(Reason):
        near = nearest(args.retry, Reason)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(f"--retry takes one of {', '.join(Reason)}; got {args.retry!r}{hint}")
    if args.core_hour is not None and not (args.explain and math.isfinite(args.core_hour) and args.core_hour >= 0):
        raise UsageError("--core-hour is a price of 0 or more, for --explain")
    if args.mirror and (args.limit is not None or common.vault == NONE):
        raise UsageError("--mirror compares all of the source with the lake, and needs a vault: leave out --limit")
    if args.mirror_lost is not None and not args.mirror:
        raise UsageError("--mirror-lost says that --mirror may erase much: give both")
    if not args.stream and (args.once or args.every is not None):
        raise UsageError("--every and --once say how --stream looks: give that, too")
    streaming.seconds(args.every or EVERY)
    if args.stream and (args.explain or args.mirror or args.limit is not None or args.retry is not None):
        raise UsageError(
            "--stream does all that is new, again and again: leave out --explain, --mirror, --limit, --retry"
        )
    source = SourceSpec(args.source, args.content_column, args.id_column, common.storage)
    told = treatment(args.policy, common.settings)
    return Request(
        common,
        source,
        args.lake,
        told,
        args.limit,
        args.retry,
        wait_s=args.wait,
        mirror=args.mirror,
        mirror_lost=args.mirror_lost,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    asked = request(args, common)
    if args.explain:
        found = explain.explain(asked, args.core_hour)
        if common.as_json:
            options.answer(found.as_dict(), (), as_json=True)
        else:
            screen.show(found.sections())
        return options.DONE
    if args.stream:
        every = streaming.seconds(args.every or EVERY)
        held = streaming.stream(asked, every, streaming.told(common.as_json), forever=not args.once)
        return options.HELD_BACK if held else options.DONE
    report = run.run(asked)
    options.answer(report.as_dict(), report.lines(), as_json=common.as_json)
    return options.HELD_BACK if report.held_back else options.DONE


if __name__ == "__main__":
    sys.exit(main())
