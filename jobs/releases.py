"""``faceveil releases``: what went out of a lake, which images, and whether a newer verdict takes it back. No Spark."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anonymizer_udfs import __version__
from jobs import options, screen
from jobs.context import tiers_of
from jobs.lake import Lake
from jobs.ledger import Event, new_run_id
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.releasing import holding
from jobs.releasing.holding import Held, Known
from jobs.releasing.judging import failed
from jobs.releasing.records import RECALL, RECALLED, Releases, recalled
from jobs.reporting.evaluated import Evaluation, history
from jobs.screen import Section
from jobs.verdict import Word

EXAMPLES = """  faceveil releases ./lake
  faceveil releases ./lake --recheck     after a newer evaluation: recall what it refuses
  faceveil releases ./lake --holds 5f0c...             which of them hold an image, by its id
  faceveil releases ./lake --holds ./found.jpg         the same by a file that was found somewhere

exit codes: 0 done, 1 failed, 2 bad arguments, 4 --recheck recalled a release"""
_EVERY = 1 << 20


@dataclass(frozen=True)
class Listed:
    """The releases of a lake, and those that were recalled just now."""

    rows: tuple[dict[str, Any], ...]
    known: Known
    fresh: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``; ``erased`` is null where no list of a release's images is kept."""
        rows = [
            row | {"model_digests": dict(row["model_digests"] or []), "erased": self.known.erased.get(row["name"])}
            for row in self.rows
        ]
        return {"releases": rows, "newly_recalled": list(self.fresh)}

    def sections(self) -> list[Section]:
        """Return what a person reads."""
        rows = tuple(
            (
                row["name"],
                f"{row['at']:%Y-%m-%d %H:%M}",
                row["word"],
                f"{row['images']:,}",
                _erased(self.known.erased.get(row["name"])),
                "-" if row["override_by"] is None else f"by {row['override_by']}: {row['override_reason']}",
                "-" if row["recalled_at"] is None else f"{row['recalled_at']:%Y-%m-%d}: {row['recalled_why']}",
                row["uri"],
            )
            for row in self.rows
        )
        head = ("release", "at (UTC)", "word", "images", "erased since", "overridden", "RECALLED", "where")
        calls = tuple(
            (name, "RECALLED NOW: do not give it on, and tell those who have it; docs/release.md")
            for name in self.fresh
        )
        none = Section("releases", (("none",),)) if not rows else Section("", ())
        return [Section("recalled", calls), Section("releases", rows, head, right=(3, 4)), none]


def _erased(count: int | None) -> str:
    return "not known" if count is None else f"{count:,}"


def listed(lake: Lake, fresh: Sequence[str] = ()) -> Listed:
    """Return the releases of a lake, and which of them were recalled just now."""
    rows = Releases(lake).rows()
    return Listed(tuple(rows), Known.of(lake, rows), tuple(fresh))


def recheck(lake: Lake) -> Listed:
    """Recall each release that a newer verdict on one of its policies refuses; return all, and those.

    Only what failed counts, not what was not measured, and a void evaluation says nothing: an evaluation without labels
    takes nothing back. A release that was let out under somebody's name has no word to lose. A recall stays, whatever
    a later verdict says.

    Raises:
        LakeError: the ledger is broken.
        LakeBusyError: somebody else wrote to the releases meanwhile.
    """
    lake.ledger.verify()
    kept, events = Releases(lake), lake.ledger.events()
    rows = kept.rows()
    known = recalled(events)
    found = history(lake, _EVERY) if rows else []
    against = {one["name"]: why for one in rows if one["name"] not in known and (why := _against(one, found, events))}
    if against:
        number = lake.ledger.append(_event(against))
        known = recalled(lake.ledger.events())
        kept.recall(sorted(against), known, number)
    # What was said in the ledger and never written into a row, since somebody was cut off in between.
    behind = [
        row["name"] for row in rows if row["name"] in known and row["name"] not in against and not _is_like(row, known)
    ]
    for name in behind:
        kept.recall([name], known, known[name]["number"])
    return listed(lake, sorted(against))


def _is_like(row: dict[str, Any], known: dict[str, dict[str, Any]]) -> bool:
    return all(row[one] == known[row["name"]][one] for one in RECALLED)


def _event(against: dict[str, dict[str, str]]) -> Event:
    return Event(
        run_id=new_run_id(),
        event="finished",
        job=RECALL,
        pipeline_version=__version__,
        settings=json.dumps({"recalled": against}, sort_keys=True),
        counts={"recalled": len(against)},
    )


def _against(
    row: dict[str, Any], found: Sequence[Evaluation], events: Sequence[dict[str, Any]]
) -> dict[str, str] | None:
    """Return which evaluation after a release refuses what made it, and why; none where none does."""
    if row["word"] == Word.OBFUSCATED.value:
        return None
    out = max((e["event_seq"] for e in events if e["run_id"] == row["run_id"]), default=0)
    for one in found:
        later = max(e["event_seq"] for e in one.events) > out
        checks = failed(one, row["word"]) if later and _concerns(one, row) else []
        if checks:
            return {"by": one.run_id, "why": "; ".join(check.sentence for check in checks)}
    return None


def _concerns(one: Evaluation, row: dict[str, Any]) -> bool:
    """Return whether an evaluation was of a policy of a release; one that does not say of which was of all."""
    digests = {digest for event in one.events for digest in tiers_of(_settings(event)).values()}
    return not digests or bool(digests & set(row["policy_digests"]))


def _settings(event: dict[str, Any]) -> str | None:
    return None if event["event"] == "verdict" else event["settings"]


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser(
        "releases",
        "List what went out of a lake and which images it holds, and recall what a newer verdict refuses.",
        EXAMPLES,
    )
    options.add_lake(made)
    asked = made.add_mutually_exclusive_group()
    asked.add_argument("--recheck", action="store_true", help="mark what newer verdicts refuse as recalled")
    asked.add_argument(
        "--holds", metavar="ID|FILE", help="list those that hold an image: its id, SHA-256, source or released file"
    )
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, list, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    placed = open_lake(args.lake, common)
    found: Listed | Held
    if args.holds is not None:
        found = holding.held(placed, args.holds)
    else:
        found = recheck(placed.lake) if args.recheck else listed(placed.lake)
    if common.as_json:
        options.answer(found.as_dict(), (), as_json=True)
    else:
        screen.show(found.sections())
    return options.REFUSED if isinstance(found, Listed) and found.fresh else options.DONE


if __name__ == "__main__":
    sys.exit(main())
