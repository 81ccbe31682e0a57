"""What is said of a release: one frozen value, from which the manifest, the datasheet and Croissant are made.

No clock is read: the same images under the same verdict give the same papers.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anonymizer_udfs import __version__
from jobs.releasing.base import Writer
from jobs.releasing.judging import Override, Ruling
from jobs.releasing.place import Stored
from jobs.releasing.snapshot import Facts
from jobs.verdict import MEANINGS, Word

MEMBERS = "members.jsonl"
DATASHEET, CROISSANT = "DATASHEET.md", "croissant.json"
RULE = (
    "RFC 6962 over the lines of members.jsonl in their order, each without its end of line: a leaf is "
    "SHA-256(0x00 || line), a node is SHA-256(0x01 || left || right)"
)


@dataclass(frozen=True)
class Tree:
    """The Merkle tree over a release's members: how many, how many bytes, and the root in hexadecimal."""

    images: int
    size_bytes: int
    root: str


@dataclass(frozen=True)
class Papers:
    """All that is said of a release.

    Attributes:
        name: of the release.
        writer: how its images lie.
        images_version: the Delta version that it is a copy of.
        at: of the verdict; without one, of the newest event of the ledger before the release.
        ruling: the verdict, and whether it holds.
        override: who let it out all the same; none where the gate did.
        facts: what was counted.
        tree: over its members.
        shards: the files that hold many images.
        members: the list of all images.
        licence: under which it is given; none: none was named.
        about: what the images are, in the words of who releases them; none: nobody said.
    """

    name: str
    writer: type[Writer]
    images_version: int
    at: datetime
    ruling: Ruling
    override: Override | None
    facts: Facts
    tree: Tree
    shards: tuple[Stored, ...]
    members: Stored
    licence: str | None = None
    about: str | None = None

    @property
    def word(self) -> Word:
        """What it may be called."""
        return self.ruling.word

    @property
    def day(self) -> str:
        """The day of :attr:`at`, ISO 8601, in UTC."""
        return self.at.astimezone(UTC).date().isoformat()

    def verdict(self) -> dict[str, Any] | None:
        """Return the verdict as plain values; none where nobody evaluated."""
        found, event = self.ruling.found, self.ruling.event
        if found is None:
            return None
        told = found.verdict.as_dict()
        return {
            "run_id": found.run_id,
            "event_hash": event["hash"] if event else None,
            "at": self.at.astimezone(UTC).isoformat(timespec="seconds") if event else None,
            "word_of_the_figures": told["word"],
            "void": told["void"],
            "gate": found.verdict.thresholds,
            "checks": told["checks"],
            "not_asked": told["left_out"],
            "lacking": told["lacking"],
            "does_not_hold_because": list(self.ruling.against),
        }

    def manifest(self, others: tuple[Stored, ...]) -> bytes:
        """Return ``manifest.json``.

        Args:
            others: the files beside images, shards and list.
        """
        files = sorted((*self.shards, self.members, *others), key=lambda one: one.name)
        said = {
            "faceveil_release": 1,
            "name": self.name,
            "faceveil": __version__,
            "word": self.word.value,
            "meaning": MEANINGS[self.word],
            "override": None if self.override is None else vars(self.override),
            "verdict": self.verdict(),
            "licence": self.licence,
            "images": self.tree.images,
            "size_bytes": self.tree.size_bytes,
            "images_version": self.images_version,
            "left_out": self.facts.left_out,
            "policies": [{"name": n, "digest": d, "images": k} for n, d, k in self.facts.policies],
            "methods": [{"kind": k, "method": m, "regions": n} for k, m, n in self.facts.methods],
            "models": self.facts.models,
            "formats": dict(self.facts.formats),
            "layout": self.writer.name,
            "merkle": {"root": self.tree.root, "leaves": self.tree.images, "rule": RULE, "list": MEMBERS},
            "files": [{"file": one.name, "sha256": one.sha256, "size_bytes": one.size_bytes} for one in files],
        }
        return (json.dumps(said, indent=1, sort_keys=True, allow_nan=False) + "\n").encode("ascii")
