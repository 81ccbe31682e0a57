"""One thing that does not hold, and about which images."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.screen import counted

SHOWN = 5
TOLD = 1000
"""Ids that ``--json`` names of one finding."""


class Kind(StrEnum):
    """What part of the record does not hold."""

    LEDGER = "ledger"
    SIGNATURE = "signature"
    ROOT = "root"
    COMMIT = "commit"
    TABLE = "table"
    FILE = "file"
    CHANGED = "changed"
    DROPPED = "dropped"
    ADDED = "added"
    DOUBLED = "doubled"
    CONTENT = "content"
    CONSTRAINT = "constraint"
    RELEASE = "release"
    DECISION = "decision"


@dataclass(frozen=True)
class Finding:
    """What does not hold.

    Attributes:
        kind: in which part.
        text: in words; no name of a source.
        image_ids: of which images, where it is about images.
    """

    kind: Kind
    text: str
    image_ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``; of very many ids the first."""
        return {
            "kind": self.kind.value,
            "text": self.text,
            "images": len(self.image_ids),
            "image_ids": list(self.image_ids[:TOLD]),
        }

    def cells(self) -> tuple[str, str]:
        """Return what a person reads: the kind, and the words with the first ids."""
        if not self.image_ids:
            return self.kind.value, self.text
        some = ", ".join(self.image_ids[:SHOWN])
        more = ", ..." if len(self.image_ids) > SHOWN else ""
        return self.kind.value, f"{self.text}: {counted(len(self.image_ids), 'image')}, {some}{more}"
