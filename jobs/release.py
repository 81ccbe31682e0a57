"""``faceveil release``: a lake's images go out, if a gate allows it, with manifest, datasheet and Croissant."""

import argparse
import json
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.errors import FaceveilError
from conf import gates
from conf.gates import Gate, GateError
from jobs import context, erasures, options, stores
from jobs.errors import LakeBusyError, UsageError
from jobs.ledger import Event
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.releasing import FORMATS, writer
from jobs.releasing.base import SHARD_BYTES
from jobs.releasing.judging import Override, Ruling, refuse_undone, ruling
from jobs.releasing.papers import Papers, Tree
from jobs.releasing.place import Place, Stored
from jobs.releasing.records import JOB, Releases, digest
from jobs.releasing.snapshot import Snapshot
from jobs.releasing.writing import write
from jobs.screen import bytes_text, counted
from jobs.vault import NONE
from jobs.verdict import MEANINGS

EXAMPLES = """  faceveil release ./lake ./v1 --name v1      by the newest verdict, which must be of the lake as it is
  faceveil release ./lake s3a://open/v1 --name v1 --format webdataset --licence CC-BY-4.0
  faceveil release ./lake ./v1 --name v1 --labels who.csv --canaries ./consented     evaluates first where it has to
  faceveil release ./lake ./v1 --name v1 --override-by "A. Smith" --override-reason "under contract 17"

What it writes, and how to check it: docs/release.md.

exit codes: 0 done, 1 failed, 2 bad arguments, 4 the gate refuses"""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Order:
    """What one command line asks for, checked.

    Attributes:
        placed: the lake.
        uri: where to, normalised.
        name: of the release.
        by: who releases.
        format: how images lie.
        override: who lets it out whatever the gate says; none: the gate decides.
        gate: the gate that has to have judged; none: whichever did.
        licence: under which it is given.
        about: what it is, for the datasheet.
        shard_bytes: a shard is closed when it has so many.
    """

    placed: Placed
    uri: str
    name: str
    by: str
    format: str = "files"
    override: Override | None = None
    gate: Gate | None = None
    licence: str | None = None
    about: str | None = None
    shard_bytes: int = SHARD_BYTES

    def __post_init__(self) -> None:
        """Refuse names that are none, and places inside the lake or its vault, or around them."""
        if not _NAME.fullmatch(self.name):
            raise UsageError("--name: expected lower-case letters, digits, '.', '_' and '-', such as v1")
        if self.shard_bytes < 1:
            raise UsageError(f"--shard-bytes must be at least 1, got {self.shard_bytes}")
        writer(self.format)
        given = self.placed.common.vault
        vault = given if given and given != NONE else f"{self.placed.lake.uri}.vault"
        for place in (self.placed.lake.uri, stores.normalise(vault)):
            if f"{self.uri}/".startswith(f"{place}/") or f"{place}/".startswith(f"{self.uri}/"):
                raise UsageError("a release must not lie inside the lake or its vault, nor hold them")


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
    kept = Releases(lake)
    kept.refuse_known(order.name)
    lake.create()  # a lake of an older faceveil gets the columns of today
    shot = Snapshot.now(lake)
    refuse_undone(lake)
    ruled = ruling(lake, order.gate)
    if lake.tables.versions()["images"] != shot.version:
        raise LakeBusyError("images were written while the verdict was read; run again when that run is done")
    ruled.check(order.override)
    place = Place(order.uri, order.placed.common.storage)
    at = ruled.event["at"] if ruled.event else max(event["at"] for event in lake.ledger.events())
    facts = shot.facts()
    began = _began(order, shot, facts.models)
    lake.ledger.append(began)

    def described(tree: Tree, shards: tuple[Stored, ...], members: Stored) -> Papers:
        return Papers(
            order.name, FORMATS[order.format], shot.version, at, ruled, order.override, facts, tree, shards, members,
            order.licence, order.about,
        )  # fmt: skip

    def recorded(papers: Papers, manifest: Stored) -> None:
        row = _row(order, began, papers, manifest)
        kept.add(row)
        lake.ledger.append(_ended(began, order, papers, manifest, row))

    try:
        total = sum(n for *_, n in facts.policies)
        papers, manifest = write(
            place,
            FORMATS[order.format],
            shot.members(),
            described,
            recorded,
            total=total,
            shard_bytes=order.shard_bytes,
        )
    except BaseException:
        _failed(order, began)
        raise
    return Released(order, papers, manifest)


def _began(order: Order, shot: Snapshot, models: dict[str, str]) -> Event:
    now = datetime.now(UTC)
    return Event(
        run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        event="started",
        job=JOB,
        pipeline_version=__version__,
        settings=json.dumps({"name": order.name, "uri": order.uri, "format": order.format}, sort_keys=True),
        model_digests=models,
        library_versions=context.library_versions(),
        table_versions={"images": shot.version},
    )


def _ended(began: Event, order: Order, papers: Papers, manifest: Stored, row: dict[str, Any]) -> Event:
    override = None if order.override is None else vars(order.override)
    said = {
        "name": order.name,
        "uri": order.uri,
        "format": order.format,
        "word": papers.word.value,
        "override": override,
        "merkle_root": papers.tree.root,
        "manifest_sha256": manifest.sha256,
        "row_sha256": digest(row),
    }
    return began.then(
        "finished",
        settings=json.dumps(said, sort_keys=True),
        counts={"released": papers.tree.images, **{f"left_out_{k}": n for k, n in papers.facts.left_out.items()}},
    )


def _failed(order: Order, began: Event) -> None:
    """Say in the ledger that no release came of it, unless the ledger has said that one did."""
    ledger = order.placed.lake.ledger
    try:
        if not any((e["run_id"], e["event"]) == (began.run_id, "finished") for e in ledger.events()):
            ledger.append(began.then("failed"))
    except FaceveilError:
        return  # what stopped the release is what has to be told


def _row(order: Order, began: Event, papers: Papers, manifest: Stored) -> dict[str, Any]:
    ruled, override = papers.ruling, order.override
    found, event = ruled.found, ruled.event
    return {
        "name": order.name,
        "run_id": began.run_id,
        "uri": order.uri,
        "format": order.format,
        "at": datetime.now(UTC),
        "by": order.by,
        "images_version": papers.images_version,
        "policy_digests": sorted({one for _, one, _ in papers.facts.policies}),
        "model_digests": papers.facts.models,
        "word": papers.word.value,
        "gate": found.verdict.gate if found else None,
        "verdict_run_id": found.run_id if found else None,
        "verdict_hash": event["hash"] if event else None,
        "override_by": override.by if override else None,
        "override_reason": override.reason if override else None,
        "images": papers.tree.images,
        "size_bytes": papers.tree.size_bytes,
        "merkle_root": papers.tree.root,
        "manifest_sha256": manifest.sha256,
        "licence": order.licence,
    }


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
        _gate(args.gate),
        args.licence,
        args.about,
        args.shard_bytes,
    )
    if override is None and (args.labels or args.canaries):
        _evaluated(order, args)
    done = run(order)
    options.answer(done.as_dict(), done.lines(), as_json=common.as_json)
    return options.DONE


def _gate(name: str | None) -> Gate | None:
    try:
        return None if name is None else gates.load(name)
    except GateError as error:
        raise UsageError(f"--gate: {error}") from error


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
