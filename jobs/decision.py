"""One decision of a person: its value, the row that keeps it, and the hash by which an event vouches for the row."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np

from anonymizer_udfs.decided import Box
from jobs.errors import UsageError
from jobs.rowhash import row_hash
from schemas import ACTIONS, DECISIONS

_CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Decision:
    """One decision; what a field means is in ``schemas.decisions``."""

    decision_id: str
    image_id: str
    content_version: str
    output_sha256: str | None
    policy: str | None
    policy_digest: str
    action: str
    reviewer: str
    session_id: str
    decided_at: datetime
    asked: str = "review"
    box: Box | None = None
    region: Box | None = None
    least: int | None = None
    undoes: str | None = None
    why: str | None = None
    decision_seq: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        """Refuse an action that is none."""
        if self.action not in ACTIONS:
            raise UsageError(f"a decision is one of {', '.join(ACTIONS)}; got {self.action!r}")

    def row(self, number: int) -> dict[str, Any]:
        """Return the row of the table, under its number."""
        plain = vars(self) | {"decision_seq": number}
        plain |= {name: _row(getattr(self, name)) for name in ("box", "region")}
        return plain | {"leaf": leaf(plain)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Decision":
        """Return the value of a row."""
        said = {f.name: row[f.name] for f in fields(cls)}
        return cls(**said | {name: _box(row[name]) for name in ("box", "region")})


def leaf(row: dict[str, Any]) -> str:
    """Return the hash of a row: SHA-256 of its other columns as JSON with sorted keys, without what is null."""
    said = {one.name: row.get(one.name) for one in DECISIONS.columns if one.name != "leaf"}
    return row_hash({name: value for name, value in said.items() if value is not None})


def _row(box: Box | None) -> dict[str, float] | None:
    """Return a box as the table keeps it, in the precision in which it comes back: it is hashed."""
    return None if box is None else {name: float(np.float32(v)) for name, v in zip(_CORNERS, box, strict=True)}


def _box(row: dict[str, float] | None) -> Box | None:
    return None if row is None else (row["x0"], row["y0"], row["x1"], row["y1"])
