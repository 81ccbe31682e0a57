"""``faceveil evaluate``: attack a lake as people with a grudge would, and say in figures what is left."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from anonymizer_udfs.attacks import ATTACKERS
from conf import gates
from jobs import canaries, evaluation, options
from jobs.errors import UsageError
from jobs.evaluation_asked import Asked
from jobs.evaluation_stages import LARGEST_GALLERY, MOST_PEOPLE
from jobs.options import Common, Parser
from jobs.placed import open_lake

EXAMPLES = """  faceveil evaluate ./lake                          each photo against itself: nobody is known
  faceveil evaluate ./lake --labels people.csv      columns path (or image_id) and person: the whole red team
  faceveil evaluate ./lake --labels people.csv --canaries ./consented --gate default
                                                    all that the gate asks for; exit code 4 where it refuses
  faceveil evaluate ./lake --labels people.csv --group sex --group age
  faceveil evaluate ./lake --labels people.csv --policy ./mine.yaml     the policy came from a file
  faceveil evaluate ./lake --labels people.csv --panel buffalo_l/w600k_r50

Originals are read once more, so the vault is needed. Figures go to the table metrics and to MLflow; what they mean is
in docs/evaluation.md.

exit codes: 0 done, 1 failed, 2 bad arguments, 4 a gate refused, 5 void: a control failed, the attackers are too weak"""


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("evaluate", "Attack the images of a lake, and measure who is found again.", EXAMPLES)
    options.add_lake(made)
    made.add_argument(
        "--labels", type=Path, metavar="FILE", help="CSV, Parquet or a Delta table: who is on which photo"
    )
    made.add_argument(
        "--canaries",
        metavar="FOLDER",
        help="photos of known people, one folder a person: planted in copies of images, to see how many are missed "
        "and who is found again",
    )
    made.add_argument(
        "--canary-count", type=int, default=canaries.COUNT, metavar="N", help="faces to plant (default: %(default)s)"
    )
    made.add_argument("--keep-canaries", action="store_true", help="leave them in the vault, to be looked at")
    made.add_argument(
        "--group", action="append", metavar="COLUMN", help="a column of --labels: figures of each of its groups, too"
    )
    made.add_argument("--policy", action="append", default=[], metavar="FILE", help="a policy of the lake, from a file")
    made.add_argument(
        "--panel",
        action="append",
        default=[],
        metavar="NAME",
        help="a recognizer beside those of the lake's policies; without --labels two guess who is who",
    )
    made.add_argument(
        "--attack",
        action="append",
        choices=sorted(ATTACKERS),
        metavar="NAME",
        help=f"only this attacker, of {', '.join(sorted(ATTACKERS))} (default: all)",
    )
    made.add_argument(
        "--people",
        type=int,
        default=MOST_PEOPLE,
        metavar="N",
        help="attack so many people at most, or faces where nobody is known (default: %(default)s)",
    )
    made.add_argument(
        "--gallery",
        type=int,
        default=LARGEST_GALLERY,
        metavar="N",
        help="compare the templates of so many people at most (default: %(default)s)",
    )
    made.add_argument(
        "--gate",
        metavar="NAME|FILE",
        help=f"refuse with exit code 4 what does not pass: {', '.join(gates.names())}, or a file (judged by: default)",
    )
    made.add_argument(
        "--downstream",
        metavar="COLUMN",
        help="train small models to tell this column of --labels, on clear and on anonymized copies; takes minutes",
    )
    made.add_argument("--landmarker", metavar="NAME", help="who gives many points of faces, such as dlib68")
    made.add_argument(
        "--person-detector",
        metavar="NAME[:CLASS]",
        help="a YOLO model that counts people before and after, such as yolox_s (default: they are not counted)",
    )
    made.add_argument("--content-column", metavar="NAME", help="the binary column of a table source")
    options.add_common(made)
    return made


def asked(args: argparse.Namespace) -> Asked:
    """Return what is asked for, checked.

    Raises:
        UsageError: for arguments that cannot be.
    """
    if args.people < 1:
        raise UsageError(f"--people must be at least 1, got {args.people}")
    if args.canary_count < 1:
        raise UsageError(f"--canary-count must be at least 1, got {args.canary_count}")
    if (args.group or args.downstream) and args.labels is None:
        raise UsageError("--group and --downstream name a column of --labels: give that file")
    return Asked(
        labels=args.labels,
        groups=tuple(args.group or ()),
        policies=tuple(args.policy),
        panel=tuple(args.panel),
        attackers=tuple(args.attack or ATTACKERS),
        people=args.people,
        gallery=args.gallery,
        content_column=args.content_column,
        gate=options.gate(args.gate or gates.DEFAULT),
        downstream=args.downstream,
        landmarker=args.landmarker,
        person_detector=args.person_detector,
        planted=args.canaries,
        canary_count=args.canary_count,
        keep_canaries=args.keep_canaries,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, attack, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    report = evaluation.run(open_lake(args.lake, common), asked(args))
    options.answer(report.as_dict(), report.lines(), as_json=common.as_json)
    if args.gate is not None:
        return report.verdict.exit_code
    return options.CHECK_FAILED if report.void else options.DONE


if __name__ == "__main__":
    sys.exit(main())
