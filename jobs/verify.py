"""``faceveil verify``: whether a lake is what its runs made, and a proof of one image. Needs no Spark."""

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import decisions, due, erasures, ledger, metrics, options, screen, sealing, signing, sweep
from jobs.decisions import NOBODY, Checked
from jobs.errors import UsageError
from jobs.lake import APP, Lake
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.screen import Section, counted
from jobs.tables import Tables
from jobs.verifying import chain, commits, decided, proofs, releases, trees
from jobs.verifying.chain import Chain
from jobs.verifying.finding import Finding
from jobs.verifying.rows import Comparison, Seen
from jobs.verifying.trees import Trees
from schemas import DECISIONS, LEAVES, METRIC_TABLES, METRICS

EXAMPLES = """  faceveil verify ./lake                                  all of it, every picture hashed
  faceveil verify ./lake --sample 1000                    all rows, and 1,000 pictures drawn at random
  faceveil verify ./lake --public-key "$KEY" --head HASH  with what you noted earlier, elsewhere
  faceveil verify ./lake --image ID --proof one.proof     prove one image to someone
  faceveil verify --check-proof one.proof --root HEX --file one.jpg

exit codes: 0 all that was looked at holds, 1 failed, 2 bad arguments, 5 something does not hold"""
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_SURE = 0.95


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what does not hold.

    Attributes:
        chain: the ledger's events.
        trees: the runs' trees.
        seen: the rows.
        findings: of all parts.
        sample: how many pictures were to be hashed; none: all.
        seconds: how long it took.
        decided: people's decisions.
    """

    chain: Chain
    trees: Trees
    seen: Seen
    findings: tuple[Finding, ...]
    sample: int | None
    seconds: float
    decided: Checked = NOBODY

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        seen = self.seen
        return {
            "holds": not self.findings,
            "findings": [one.as_dict() for one in self.findings],
            "events": self.chain.events,
            "events_signed": self.chain.signed,
            "public_keys": list(self.chain.signers),
            "head": self.chain.head,
            "roots": [vars(root) for root in self.trees.roots],
            "rows": seen.rows,
            "rows_that_hold": seen.held,
            "rows_without_root": len(seen.open_ids),
            "pictures": seen.releasable,
            "pictures_hashed": seen.contents,
            "decisions": len(self.decided.decisions),
            "decisions_without_event": len(self.decided.unvouched),
            "seconds": round(self.seconds, 3),
        }

    def sections(self, typed: str) -> list[Section]:
        """Return what a person reads."""
        seen = self.seen
        return [
            Section(
                f"lake {typed}",
                (
                    ("events", f"{self.chain.events}, {self._signed()}"),
                    ("head", self.chain.head or "-"),
                    ("roots", f"{counted(len(self.trees.roots), 'run')} committed to {self.trees.run.size} rows"),
                    ("rows", f"{seen.held} of {seen.rows} are what a root vouches for"),
                    ("pictures", self._hashed()),
                    *((("decisions", f"{len(self.decided.decisions)} of people"),) if self.decided.decisions else ()),
                    ("took", screen.seconds_text(self.seconds)),
                ),
            ),
            Section("public keys", tuple((one,) for one in self.chain.signers)),
            Section("not covered", tuple((text,) for text in self.notes())),
            Section("does not hold", tuple(one.cells() for one in self.findings)),
            Section("result", (("all that was looked at holds",),)) if not self.findings else Section("", ()),
        ]

    def _signed(self) -> str:
        if not self.chain.signed:
            return "unsigned"
        rest = self.chain.events - self.chain.signed
        return "all signed" if not rest else f"{self.chain.signed} signed, {rest} unsigned"

    def _hashed(self) -> str:
        seen = self.seen
        said = f"{seen.contents} of {seen.releasable} hashed"
        if self.sample is None or seen.contents >= seen.releasable or not seen.contents:
            return said
        share = 1 - (1 - _SURE) ** (1 / seen.contents)
        return f"{said}: if {share:.2%} or more had been exchanged, one would have been found with {_SURE:.0%}"

    def notes(self) -> list[str]:
        """Return what nothing can be said of."""
        out = []
        if not self.chain.signed:
            out.append("no event is signed: whoever may write the lake can write all of it anew, with roots that fit")
        elif self.chain.signed < self.chain.events:
            out.append("events before the first signed one are vouched for by that one, from then on")
        if self.seen.open_ids:
            said = counted(len(self.seen.open_ids), "row")
            out.append(
                f"{said} of runs that have not finished, or that an older faceveil made: no root vouches for them"
            )
        if self.decided.unvouched:
            said = counted(len(self.decided.unvouched), "decision")
            out.append(f"{said} that no event vouches for: no run follows them")
        if self.trees.erased:
            out.append(f"{counted(self.trees.erased, 'leaf').replace('leafs', 'leaves')} of images that were erased")
        return out


def run(lake: Lake, *, sample: int | None = None, public: str | None = None, head: str | None = None) -> Verified:
    """Compare a lake with its record.

    Args:
        lake: without Spark.
        sample: hash so many pictures, drawn at random; none: all.
        public: a public key that has to have signed.
        head: the hash of an event that has to be there.
    """
    clock = time.monotonic()
    events = lake.ledger.events()
    linked = chain.check(events, public, head)
    grown = trees.load(lake, events)
    later = lake.ledger.events()  # a run may be under way: its rows are its own
    seen = Comparison(lake, grown, {row["run_id"]: row["event_seq"] for row in later}, sample).run()
    people, strange = decided.look(lake)
    found = (*linked.findings, *_tables(lake), *grown.findings, *seen.findings, *strange)
    return Verified(linked, grown, seen, found, sample, time.monotonic() - clock, people)


def _tables(lake: Lake) -> list[Finding]:
    """Return what does not hold of the tables' own records; runs come last, since others hang on their events."""
    events = lake.ledger.events()
    begun = {row["event_seq"] for row in events}
    erased = {sweep.APP: commits.by_number({row["event_seq"] for row in events if row["job"] == erasures.JOB})}
    last = max(begun, default=0)
    leaves, measured = sealing.tables(lake), Tables(lake.uri, METRIC_TABLES, lake.tables.storage)
    people = decisions.tables(lake)
    found = [*commits.check(lake.tables, "images", {APP: commits.by_epoch(begun)} | erased)]
    if leaves.exist():
        found += commits.check(leaves, LEAVES.name, {sealing.APP: commits.by_epoch(begun)} | erased)
    if measured.exist():
        watched = {row["event_seq"] for row in events if row["job"] == due.MONITOR}
        theirs = {metrics.APP: commits.by_number(begun), metrics.MONITOR_APP: commits.by_number(watched)}
        found += commits.check(measured, METRICS.name, theirs | erased)
    found += releases.check(lake, events)
    if people.exist():
        found += commits.check(people, DECISIONS.name, {decisions.APP: lambda number: number > 0} | erased)
    return [*found, *commits.check(lake.tables, "runs", {ledger.CHAIN: lambda number: 1 <= number <= last + 1})]


def parser() -> Parser:
    """Return the command's parser."""
    text = "Say whether a lake is what its runs made, naming what was changed, dropped, added or swapped."
    made = Parser("verify", text, EXAMPLES)
    made.add_argument("lake", metavar="LAKE", nargs="?", help="where the tables lie; not needed for --check-proof")
    made.add_argument("--sample", type=int, metavar="N", help="hash N pictures drawn at random (default: all)")
    made.add_argument("--public-key", metavar="BASE64", help="the key that has to have signed; it is no secret")
    made.add_argument("--head", metavar="HEX", help="hash of an event that you noted: it has to be there still")
    made.add_argument("--image", metavar="ID", help="prove one image, with --proof")
    made.add_argument("--proof", metavar="FILE", type=Path, help="where the proof of --image is written")
    made.add_argument("--check-proof", metavar="FILE", type=Path, help="check a proof, with --root; needs no lake")
    made.add_argument("--root", metavar="HEX", help="the root of the run, from a source that you trust")
    made.add_argument("--file", metavar="FILE", type=Path, help="with --check-proof: the picture that it is about")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, verify, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    if args.check_proof is not None:
        return _check(args)
    if args.lake is None:
        raise UsageError("give LAKE, or --check-proof FILE --root HEX")
    if (args.image is None) != (args.proof is None) or args.root or args.file:
        raise UsageError("--image and --proof go together; --root and --file go with --check-proof")
    if args.sample is not None and args.sample < 1:
        raise UsageError(f"--sample must be at least 1, got {args.sample}; leave it out to hash all")
    lake = open_lake(args.lake, common).lake
    if args.image is not None:
        return _prove(lake, args)
    public = signing.public_key(args.public_key) if args.public_key else None
    made = run(lake, sample=args.sample, public=public, head=args.head)
    if common.as_json:
        options.answer(made.as_dict(), (), as_json=True)
    else:
        screen.show(made.sections(args.lake))
    return options.CHECK_FAILED if made.findings else options.DONE


def _prove(lake: Lake, args: argparse.Namespace) -> int:
    grown = trees.load(lake, lake.ledger.events())
    proof, root = proofs.of(lake, grown, args.image)
    written = proof.written()
    try:
        args.proof.write_bytes(written)
    except OSError as error:
        raise UsageError(f"--proof cannot be written: {error.strerror}; give another place") from error
    said = {"root": root.root, "run_id": root.run_id, "event": root.number, "bytes": len(written), **proof.as_dict()}
    lines = [f"{counted(len(written), 'byte')} that lead to root {root.root} of run {root.run_id}"]
    lines.append(f"to check: faceveil verify --check-proof {args.proof} --root {root.root}")
    options.answer(said, lines, as_json=args.as_json)
    return options.DONE


def _check(args: argparse.Namespace) -> int:
    if args.root is None or not _HASH.fullmatch(args.root):
        raise UsageError("--check-proof needs --root HEX: 64 hexadecimal digits, from a source that you trust")
    try:
        proof = proofs.Proof.parse(args.check_proof.read_bytes())
        content = None if args.file is None else args.file.read_bytes()
    except OSError as error:
        raise UsageError(f"a file cannot be read: {error.strerror}; check --check-proof and --file") from error
    proven = proof.proves(args.root) and args.image in {None, proof.entry.image_id}
    same = None if content is None else proof.is_of(content)
    holds = proven and same is not False
    said = {"holds": holds, "file": same, **proof.as_dict()}
    lines = [json.dumps(proof.as_dict()), "the proof does not lead to this root" if not proven else "proven"]
    lines += ["the file is another one"] if same is False else []
    options.answer(said, lines, as_json=args.as_json)
    return options.DONE if holds else options.CHECK_FAILED


if __name__ == "__main__":
    sys.exit(main())
