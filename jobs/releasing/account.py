"""What a lake is told of a release while it is made: events of its ledger, and rows of ``released`` and ``releases``.

The rows of members come first, then the row that makes them count, then the event that vouches for that row. In
between it is asked whether an erasure began meanwhile: one that comes earlier ends the release, and one that comes
later finds its rows.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.errors import FaceveilError
from jobs import context, erasures
from jobs.lake import Lake
from jobs.ledger import Event, new_run_id
from jobs.releasing.members import Members
from jobs.releasing.order import Order
from jobs.releasing.papers import Papers
from jobs.releasing.place import Stored
from jobs.releasing.records import JOB, Releases, digest
from jobs.releasing.snapshot import Snapshot


@dataclass(frozen=True)
class Account:
    """A release under way.

    Attributes:
        order: what was asked for.
        began: its first event.
        seen: number of the ledger's newest event before the images were looked at.
    """

    order: Order
    began: Event
    seen: int

    @classmethod
    def open(cls, order: Order, shot: Snapshot, models: dict[str, str], seen: int) -> "Account":
        """Write into the ledger that a release begins."""
        lake = order.placed.lake
        Members(lake).tables.create()  # before the event, so that an erasure that reads it finds a table to fence
        began = Event(
            run_id=new_run_id(),
            event="started",
            job=JOB,
            pipeline_version=__version__,
            settings=json.dumps({"name": order.name, "uri": order.uri, "format": order.format}, sort_keys=True),
            model_digests=models,
            library_versions=context.library_versions(),
            table_versions={"images": shot.version},
        )
        lake.ledger.append(began)
        return cls(order, began, seen)

    def close(self, papers: Papers, manifest: Stored, lines: Iterable[bytes]) -> None:
        """Write down what goes out.

        Args:
            papers: what is said of it.
            manifest: its last file, which is not there yet.
            lines: of ``members.jsonl``.

        Raises:
            LakeBusyError: an erasure began meanwhile, or somebody else has given the name.
        """
        lake = self._lake
        erasures.refuse_later(lake, self.seen)
        Members(lake).add(self.order.name, self.began.run_id, lines)
        erasures.refuse_later(lake, self.seen)
        row = self._row(papers, manifest)
        Releases(lake).add(row)
        lake.ledger.append(self._ended(papers, manifest, row))

    def fail(self) -> None:
        """Say in the ledger that no release came of it, unless the ledger has said that one did."""
        ledger, run_id = self._lake.ledger, self.began.run_id
        try:
            if not any((e["run_id"], e["event"]) == (run_id, "finished") for e in ledger.events()):
                ledger.append(self.began.then("failed"))
        except FaceveilError:
            return  # what stopped the release is what has to be told

    @property
    def _lake(self) -> Lake:
        return self.order.placed.lake

    def _ended(self, papers: Papers, manifest: Stored, row: dict[str, Any]) -> Event:
        order, left_out = self.order, papers.facts.left_out
        said = {
            "name": order.name,
            "uri": order.uri,
            "format": order.format,
            "word": papers.word.value,
            "override": None if order.override is None else vars(order.override),
            "merkle_root": papers.tree.root,
            "manifest_sha256": manifest.sha256,
            "row_sha256": digest(row),
            "members": papers.tree.images,
        }
        counts = {"released": papers.tree.images, **{f"left_out_{k}": n for k, n in left_out.items()}}
        return self.began.then("finished", settings=json.dumps(said, sort_keys=True), counts=counts)

    def _row(self, papers: Papers, manifest: Stored) -> dict[str, Any]:
        order, ruled = self.order, papers.ruling
        found, event, override = ruled.found, ruled.event, order.override
        return {
            "name": order.name,
            "run_id": self.began.run_id,
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
