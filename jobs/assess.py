"""``faceveil assess``: what is in an archive and how much is at stake in it, before anything is written.

It lists the source, sends a random sample through the whole job and drops what comes out. No lake, no vault, no MLflow.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import SourceSpec
from jobs import context, early, options, progress, screen, session, sparkerrors, tiers
from jobs.assess_page import markdown, sections
from jobs.assessment import Assessment, assessed
from jobs.baseline import Baseline, Looking, baseline
from jobs.context import treatment
from jobs.errors import UsageError
from jobs.models import registry
from jobs.options import Common, Parser
from jobs.request import Request

SAMPLE, SAMPLE_MOST = 200, 20_000
DEPTH, DEPTH_MOST = 2, 16
SCALE = "internal"
"""Whose weights and limit the score has; the policy that ships with one."""
EXAMPLES = """  faceveil assess ./photos
  faceveil assess ./photos --sample 1000 --out report.md      narrower intervals, and a page to keep
  faceveil assess archive.tar --policy internal               what that policy would cost
  faceveil assess s3a://raw/photos --profile s3 --depth 1
  faceveil assess scans.parquet --content-column image --json
  spark-submit --master spark://host:7077 --py-files dist/faceveil-*.whl jobs/assess.py SOURCE

Nothing is written but --out. It names folders, as the terminal does: keep it where the photos are kept.
See docs/assess.md.

exit codes: 0 done, 1 failed, 2 bad arguments"""


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("assess", "Say what is in an archive and how risky it is, before anything is written.", EXAMPLES)
    made.add_argument("source", metavar="SOURCE", help="directory, glob, file, .tar, .zip, table or manifest; or a URI")
    made.add_argument(
        "--sample", type=int, default=SAMPLE, metavar="N", help="most images that are looked at (default: %(default)s)"
    )
    made.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another sample; with a key it is drawn by the key instead"
    )
    made.add_argument(
        "--depth", type=int, default=DEPTH, metavar="N", help="folders are told apart so deep (default: %(default)s)"
    )
    made.add_argument(
        "--policy", default="public", metavar="NAME|FILE", help="whose plan finds the faces, and whose cost is told"
    )
    made.add_argument("--out", type=Path, metavar="FILE", help="write the report as Markdown, readable by you alone")
    made.add_argument("--content-column", metavar="NAME", help="the binary column of a table")
    made.add_argument("--id-column", metavar="NAME", help="the column that names a table's rows")
    options.add_common(made)
    return made


def looking(args: argparse.Namespace, common: Common) -> Looking:
    """Return what is asked for, checked; nothing is started before this is through.

    Raises:
        UsageError: for arguments that cannot be.
    """
    for name, most in (("sample", SAMPLE_MOST), ("depth", DEPTH_MOST)):
        if not 1 <= getattr(args, name) <= most:
            raise UsageError(f"--{name} must be from 1 to {most}, got {getattr(args, name)}")
    if args.out is not None and not args.out.expanduser().absolute().parent.is_dir():
        raise UsageError("--out must be a file in a folder that is there")
    source = SourceSpec(args.source, args.content_column, args.id_column, common.storage)
    request = tiers.resolved(Request(common, source, "", treatment(args.policy, common.settings)), None)
    return look(request, common.key.read() or seeded(args.seed), args.sample, args.depth)


def look(request: Request, key: Key, sample: int, depth: int = DEPTH) -> Looking:
    """Return how a sample of a source is looked at.

    Args:
        request: source, settings and policies.
        key: what the sample is drawn by.
        sample: most images that are looked at.
        depth: how many folders deep they are told apart.
    """
    scale = context.load_policy(SCALE, request.common.settings, registry())
    if scale.risk is None:
        raise SpecError(f"policy {SCALE} has no risk, which gives the score its weights; reinstall")
    return Looking(request, key, scale.risk, scale.face.region_ratio, sample, depth)


def seeded(seed: int) -> Key:
    """Return a key that is no secret: it only says which images are sampled, the same ones each time."""
    return Key(hashlib.sha256(f"faceveil assess {seed}".encode()).digest())


def run(told: Looking) -> Assessment:
    """List, look, and return what is to be said; an empty source needs no Spark.

    Raises:
        JobError: if it cannot go on; nothing was written.
    """
    request = told.request
    found = Baseline()
    if early.has_images(request.source):
        with progress.waiting("starting Spark"):
            spark = session.create(request.common.settings, request.common.storage)
        with sparkerrors.translated():
            found = baseline(told, spark)
    return assessed(found, request.treatment.policy.name, told.risk.raise_at)


def write(text: str, to: Path) -> None:
    """Write a page whole or not at all, readable by its owner alone, since it names folders.

    Raises:
        UsageError: it cannot be written there.
    """
    draft = to.with_name(f"{to.name}.draft")
    try:
        draft.touch(mode=0o600)
        draft.chmod(0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(to)
    except OSError as error:
        raise UsageError(f"--out cannot be written: {error.strerror}; name a file that you may write") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    found = run(looking(args, common))
    if args.out is not None:
        write(markdown(found, args.source), args.out.expanduser())
    if common.as_json:
        options.answer(found.as_dict(), (), as_json=True)
    else:
        screen.show(sections(found, args.source))
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
