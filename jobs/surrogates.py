"""``faceveil surrogates``: people of a lake into groups of at least k, and one surrogate a group, for ``k_same``.

Originals are read once more. Templates and heads stay on executors; the vault gets who is in which group and the means.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs import context, donors, erasures, lease, measurers, options, session, sparkerrors
from jobs.errors import UsageError
from jobs.groupmaking import JOB, Asked, Making, Report
from jobs.groups import GroupStore
from jobs.latents import Learned
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake

EXAMPLES = """  faceveil surrogates ./lake                     who is one person is said by a recognizer
  faceveil surrogates ./lake --labels who.csv    by a file with the columns path (or uri, image_id) and person
  faceveil surrogates ./lake --k 50
  faceveil surrogates ./lake --latent --landmarker dlib68    a space of faces, for the method latent
  faceveil surrogates ./lake --donors ./consented   photos of people who consented, one folder a person

Then: faceveil anonymize SOURCE LAKE --policy FILE, with k_same in the policy's chain; see docs/k_same.md.
With --donors nobody is grouped: faces for the method surrogate go into the vault; see docs/methods.md.
Groups are frozen: a later run adds new people in new groups, and changes none.

exit codes: 0 done, 1 failed, or another run was first, 2 bad arguments"""


def run(placed: Placed, asked: Asked) -> Report | Learned:
    """Group who is new, or learn a space of faces, and write what was made into the vault.

    Raises:
        VaultError: there is no vault, or its groups were changed by hand.
        LakeBusyError: another run was first.
    """
    vault, key, common = placed.vault(), placed.key(), placed.common
    erasures.refuse_half(placed.lake, placed.lake.uri)
    told = context.treatment("public", common.settings)
    spark = session.create(common.settings, common.storage)
    with sparkerrors.translated():
        member, more = measurers.landmarker(asked.landmarker, common.settings) if asked.landmarker else (None, {})
        session.ship(spark, {**told.files, **more} if common.settings.models.ship else {})
        store = GroupStore(vault, common.storage)
        store.prepare()
        store.verify(spark)
        made = Making(spark, placed, store, key, asked, told)
        return made.learned(member) if asked.latent else made.report()


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("surrogates", "Put the people of a lake into groups of at least k, for the method k_same.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("--k", type=int, default=20, metavar="N", help="least people of a group (default: %(default)s)")
    made.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="CSV, Parquet or a Delta table: who is on which photo, in images of one face",
    )
    made.add_argument(
        "--threshold", type=float, metavar="S", help="similarity from which on two faces are of one person"
    )
    made.add_argument("--latent", action="store_true", help="learn a space of faces instead, for the method latent")
    made.add_argument("--landmarker", metavar="NAME", help="with --latent: who gives its points, such as dlib68")
    made.add_argument(
        "--donors", type=Path, metavar="FOLDER", help="make donors of the photos in it instead, one folder a person"
    )
    made.add_argument(
        "--ages", metavar="PACK/FILE", help="with --donors: the model that guesses how old they look (genderage.onnx)"
    )
    made.add_argument("--content-column", metavar="NAME", help="the binary column of a table source")
    options.add_wait(made)
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, group, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    if args.donors is not None and (args.labels is not None or args.threshold is not None or args.latent):
        raise UsageError("--donors groups nobody and learns nothing: leave out --labels, --threshold and --latent")
    if args.landmarker and not args.latent:
        raise UsageError("--landmarker is for --latent; groups need no landmarks but those of the lake")
    if args.ages and args.donors is None:
        raise UsageError("--ages is for --donors: it guesses how old donors look")
    told = {"latent": args.latent, "landmarker": args.landmarker}
    asked = Asked(args.k, args.threshold, args.labels, args.content_column, **told)
    placed = open_lake(args.lake, common)
    # All that it writes is in the vault, so that a run that anonymizes may go on beside it.
    with lease.held(placed.vault().uri, JOB, common, args.wait):
        made = run(placed, asked) if args.donors is None else donors.run(placed, args.donors, args.ages)
    options.answer(made.as_dict(), made.lines(), as_json=common.as_json)
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
