"""``faceveil release``: a lake's images go out, if a gate allows it, with manifest, datasheet and Croissant."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf import gates
from jobs import erasures, options, stores
from jobs.errors import LakeBusyError
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.releasing import FORMATS
from jobs.releasing.account import Account
from jobs.releasing.base import SHARD_BYTES
from jobs.releasing.judging import Override, Ruling, refuse_undone, ruling
from jobs.releasing.order import Order
from jobs.releasing.papers import Papers, Tree
from jobs.releasing.place import Place, Stored
from jobs.releasing.records import Releases
from jobs.releasing.snapshot import Snapshot
from jobs.releasing.writing import write
from jobs.screen import bytes_text, counted
from jobs.verdict import MEANINGS

EXAMPLES = """  faceveil release ./lake ./v1 --name v1      by the newest verdict, which must be of the lake as it is
  faceveil release ./lake s3a://open/v1 --name v1 --format webdataset --licence CC-BY-4.0
  faceveil release ./lake ./v1 --name v1 --labels who.csv --canaries ./consented     evaluates first where it has to
  faceveil release ./lake ./v1 --name v1 --override-by "A. Smith" --override-reason "under contract 17"

What it writes, and how to check it: docs/release.md.

exit codes: 0 done, 1 failed, 2 bad arguments, 4 the gate refuses"""


@dataclass(frozen=True)
class Released:
    """What went out."""

    order: Order
    papers: Papers
    manifest: Stored

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        override, found = self.order.override, self.papers.ruling.found
        return {
            "name": self.order.name,
            "uri": self.order.uri,
            "word": self.papers.word.value,
            "images": self.papers.tree.images,
            "size_bytes": self.papers.tree.size_bytes,
            "left_out": self.papers.facts.left_out,
            "merkle_root": self.papers.tree.root,
            "manifest_sha256": self.manifest.sha256,
            "evaluation": found.run_id if found else None,
            "override": vars(override) if override else None,
        }

    def lines(self) -> list[str]:
        """Return what a person reads."""
        papers, tree, order = self.papers, self.papers.tree, self.order
        out = [
            f"{order.name}: {counted(tree.images, 'image')}, {bytes_text(tree.size_bytes)}, in {order.uri}",
            f"{papers.word.value}: {MEANINGS[papers.word]}",
        ]
        if order.override is not None:
            out.append(f"the gate did not let it out: {order.override.by} did ({order.override.reason})")
        if papers.facts.left_out:
            out.append("left out: " + ", ".join(f"{n} {status}" for status, n in papers.facts.left_out.items()))
        return [*out, f"root: {papers.tree.root}", f"manifest.json sha256: {self.manifest.sha256}"]


def run(order: Order) -> Released:
    """Write a release and return what went out.

    Raises:
        RefusedError: the gate refuses, and nobody overrides it.
        UsageError: the name is taken, or the URI is not empty.
        LakeBusyError: the images changed meanwhile.
    """
    lake = order.placed.lake
    Releases(lake).refuse_known(order.name)
    lake.create()  # a lake of an older faceveil gets the columns of today
    events = lake.ledger.events()
    erasures.refuse_half(lake, lake.uri)
    shot = Snapshot.now(lake)
    refuse_undone(lake)
    ruled = ruling(lake, order.gate)
    if lake.tables.versions()["images"] != shot.version:
        raise LakeBusyError("images were written while the verdict was read; run again when that run is done")
    ruled.check(order.override)
    place = Place(order.uri, order.placed.common.storage)
    at = ruled.event["at"] if ruled.event else max(event["at"] for event in events)
    facts = shot.facts()
    account = Account.open(order, shot, facts.models, events[-1]["event_seq"])

    def described(tree: Tree, shards: tuple[Stored, ...], members: Stored) -> Papers:
        return Papers(
            order.name, FORMATS[order.format], shot.version, at, ruled, order.override, facts, tree, shards, members,
            order.licence, order.about,
        )  # fmt: skip

    try:
        total = sum(n for *_, n in facts.policies)
        papers, manifest = write(
            place,
            FORMATS[order.format],
            shot.members(),
            described,
            account.close,
            total=total,
            shard_bytes=order.shard_bytes,
        )
    except BaseException:
        account.fail()
        raise
    return Released(order, papers, manifest)


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("release", "Let the images of a lake go out, if the gate allows it.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("uri", metavar="URI", help="a new or empty folder, or an s3a:// URI")
    made.add_argument("--name", required=True, metavar="NAME", help="what the release is called, such as v1; for ever")
    made.add_argument("--format", default="files", choices=sorted(FORMATS), help="(default: %(default)s)")
    made.add_argument("--licence", metavar="TEXT", help="under which it is given, best as an SPDX name or a URL")
    made.add_argument(
        "--about", metavar="TEXT", help="what the images are and why they were gathered: for the datasheet"
    )
    made.add_argument("--by", metavar="NAME", help="who releases, for the lake's record (default: the system's user)")
    made.add_argument(
        "--shard-bytes", type=int, default=SHARD_BYTES, metavar="N", help="of shards (default: %(default)s)"
    )
    made.add_argument(
        "--override-by", metavar="NAME", help="who lets it out though the gate refuses; it is written in it"
    )
    made.add_argument("--override-reason", metavar="TEXT", help="why; both are needed")
    known = ", ".join(gates.names())
    made.add_argument("--gate", metavar="NAME|FILE", help=f"the gate that has to judge: {known}, or a file")
    group = made.add_argument_group("where there is no fresh verdict: evaluate first (see faceveil evaluate --help)")
    group.add_argument("--labels", type=Path, metavar="FILE", help="who is on which photo")
    group.add_argument("--canaries", metavar="FOLDER", help="photos of known people")
    group.add_argument(
        "--policy", action="append", default=[], metavar="FILE", help="a policy of the lake, from a file"
    )
    group.add_argument("--content-column", metavar="NAME", help="the binary column of a table source")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, release, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    override = Override.of(args.override_by, args.override_reason)
    placed = open_lake(args.lake, common)
    erasures.refuse_half(placed.lake, args.lake)
    order = Order(
        placed,
        stores.normalise(args.uri),
        args.name,
        options.who(args.by),
        args.format,
        override,
        None if args.gate is None else options.gate(args.gate),
        args.licence,
        args.about,
        args.shard_bytes,
    )
    if override is None and (args.labels or args.canaries):
        _evaluated(order, args)
    done = run(order)
    options.answer(done.as_dict(), done.lines(), as_json=common.as_json)
    return options.DONE


def _evaluated(order: Order, args: argparse.Namespace) -> Ruling:
    """Evaluate where no fresh verdict is there, once all that can be refused without has been looked at."""
    Releases(order.placed.lake).refuse_known(order.name)
    found = ruling(order.placed.lake, order.gate)
    if found.fresh:
        return found
    from jobs import evaluate, evaluation  # noqa: PLC0415 - starts a JVM, which no release by a verdict waits for

    words = [str(order.placed.lake.uri)]
    for name in ("labels", "canaries", "gate", "content_column"):
        value = getattr(args, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    words += [word for one in args.policy for word in ("--policy", one)]
    evaluation.run(order.placed, evaluate.asked(evaluate.parser().parse_args(words)))
    return ruling(order.placed.lake, order.gate)


if __name__ == "__main__":
    sys.exit(main())
