"""The Arrow types of what goes into a partition function and what comes out, and the values that become one row.

``schemas`` declares the same columns for the tables, on its own; a test holds the two equal.
"""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa

from anonymizer_udfs.decided import NOTHING, Decided
from anonymizer_udfs.outcome import Reason, Status
from anonymizer_udfs.sources.base import Entry

Landmark = tuple[float, float]

LISTED = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("content_version", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("container", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_us", pa.int64(), nullable=False),
        pa.field("etag", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("index", pa.int64(), nullable=False),
    ]
)
"""One image, from a listing alone; it holds the name and never leaves the vault's side."""
PLAN = pa.schema([*LISTED, pa.field("policy", pa.string())])
"""One image to process; ``policy`` is that of its data set, null where it has the run's."""

_FLOAT_BOX = pa.struct([(n, pa.float32()) for n in ("x0", "y0", "x1", "y1")])
_INT_BOX = pa.struct([(n, pa.int32()) for n in ("x0", "y0", "x1", "y1")])
_POINT = pa.struct([("x", pa.float32()), ("y", pa.float32())])
_ATTACK = pa.struct(
    [
        ("recognizer", pa.string()),
        ("before", pa.float32()),
        ("after", pa.float32()),
        ("threshold", pa.float32()),
        ("matched", pa.bool_()),
        ("step", pa.int32()),
    ]
)
_SIGHTING = pa.struct([("detector", pa.string()), ("seen_in", pa.string()), ("confidence", pa.float32())])
FACE = pa.struct(
    [
        ("kind", pa.string()),
        ("frame", pa.int32()),
        ("box", _FLOAT_BOX),
        ("region", _INT_BOX),
        ("roll_degrees", pa.float32()),
        ("landmarks", pa.list_(_POINT)),
        ("confidence", pa.float32()),
        ("detectors", pa.list_(pa.string())),
        ("sightings", pa.list_(_SIGHTING)),
        ("look", pa.string()),
        ("method", pa.string()),
        ("parameters", pa.string()),
        ("steps", pa.int32()),
        ("region_hash", pa.int64()),
        ("attacks", pa.list_(_ATTACK)),
        ("utility", pa.map_(pa.string(), pa.float32())),
    ]
)
TIMINGS = ("read", "decode", "detect", "anonymize", "encode", "verify", "panel", "second_look", "measure")
_STRINGS = pa.map_(pa.string(), pa.string())

IMAGES = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("content_version", pa.string(), nullable=False),
        pa.field("source_digest", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("format", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("frames", pa.int32()),
        pa.field("content", pa.binary()),
        pa.field("output_sha256", pa.string()),
        pa.field("reencoded", pa.bool_()),
        pa.field("steps", pa.list_(pa.string())),
        pa.field("faces", pa.list_(FACE), nullable=False),
        pa.field("plans", pa.list_(pa.string())),
        pa.field("residual", pa.int32()),
        pa.field("utility", pa.map_(pa.string(), pa.float32())),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("pipeline_version", pa.string(), nullable=False),
        pa.field("policy", pa.string()),
        pa.field("raised_from", pa.string()),
        pa.field("risk", pa.float64()),
        pa.field("policy_digest", pa.string(), nullable=False),
        pa.field("model_digests", _STRINGS, nullable=False),
        pa.field("key_id", pa.string(), nullable=False),
        pa.field("noise_key_id", pa.string()),
        pa.field("decided", pa.int64()),
        pa.field("processed_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("duration_ms", pa.float32(), nullable=False),
    ]
)
"""One row of ``images``."""

OUT = pa.schema([*IMAGES, pa.field("timings_ms", pa.struct([(n, pa.float32()) for n in TIMINGS]), nullable=False)])
"""What a partition function gives: the row, and where its time went (summed for the run, never stored)."""


class Look(StrEnum):
    """Which look at an image found a region."""

    PLAN = "plan"
    """The policy's plan."""
    THOROUGH = "thorough"
    """The thorough plan, since the policy's had found nothing: a miss of the policy's plan."""
    SECOND = "second"
    """The look at the anonymized picture: a miss of the plans before."""
    NEIGHBOUR = "neighbour"
    """None at this frame of an animation: it was seen in one nearby, and is treated here, too."""
    PERSON = "person"
    """A person's, on the review page: the region is the one that was drawn."""


@dataclass(frozen=True)
class Sighting:
    """That one detector saw a region in one pass, and its best score there, in [0, 1]."""

    detector: str
    seen_in: str
    confidence: float


@dataclass(frozen=True)
class Attack:
    """What one recognizer said of one face: similarity to its original before (itself, 1) and after.

    Attributes:
        threshold: from which on two faces match.
        matched: whether they do.
        step: after which method of the policy's chain, from 1.
    """

    recognizer: str
    before: float
    after: float
    threshold: float
    matched: bool
    step: int = 1


@dataclass(frozen=True)
class Face:
    """One region of an image as it is recorded; coordinates are those of the stored pixels.

    Attributes:
        box: what was detected, ``x0 y0 x1 y1`` in pixels, half-open.
        region: the box that holds every pixel its treatment may have changed.
        confidence: of the fused sightings, in [0, 1].
        sightings: which detector saw it in which pass, and how sure it was there.
        roll_degrees: how far the face is turned in the stored picture's plane, clockwise; none if unknown.
        look: which look found it: the policy's plan, the thorough plan, the second look, or one at a frame nearby.
        frame: in which frame of an animation it was treated, from 0.
        steps: how many methods of the policy's chain were tried, at least 1.
        region_hash: keyed perceptual hash of the region as it is stored; none for one of one colour.
    """

    kind: str
    box: tuple[float, float, float, float]
    region: tuple[int, int, int, int]
    landmarks: tuple[Landmark, ...]
    confidence: float
    sightings: tuple[Sighting, ...]
    method: str
    parameters: str
    roll_degrees: float | None = None
    look: Look = Look.PLAN
    frame: int = 0
    steps: int = 1
    region_hash: int | None = None
    attacks: tuple[Attack, ...] = ()
    utility: tuple[tuple[str, float], ...] = ()

    def row(self) -> dict[str, Any]:
        """Return the struct of the ``faces`` column."""
        corners = ("x0", "y0", "x1", "y1")
        return {
            "kind": self.kind,
            "frame": self.frame,
            "box": dict(zip(corners, self.box, strict=True)),
            "region": dict(zip(corners, self.region, strict=True)),
            "roll_degrees": self.roll_degrees,
            "landmarks": [{"x": x, "y": y} for x, y in self.landmarks],
            "confidence": self.confidence,
            "detectors": list(dict.fromkeys(s.detector for s in self.sightings)),
            "sightings": [{f.name: getattr(s, f.name) for f in fields(s)} for s in self.sightings],
            "look": self.look.value,
            "method": self.method,
            "parameters": self.parameters,
            "steps": self.steps,
            "region_hash": self.region_hash,
            "attacks": [{f.name: getattr(a, f.name) for f in fields(a)} for a in self.attacks],
            "utility": list(self.utility),
        }


@dataclass(frozen=True)
class Released:
    """An image whose bytes may be stored, and why that is safe: it was treated, or nothing was found in it."""

    status: Status
    content: bytes = field(repr=False)
    output_sha256: str
    reencoded: bool
    reason: Reason | None = None

    def __post_init__(self) -> None:
        """Refuse bytes under a status that does not allow them, an empty picture, and a review without a reason."""
        if self.status is Status.QUARANTINED or not self.content:
            raise ValueError(f"bytes cannot be stored with status {self.status.value}, {len(self.content)} bytes")
        if (self.status is Status.REVIEW) != (self.reason is not None):
            raise ValueError(f"a review, and nothing else, has a reason; got {self.status.value}, {self.reason}")


@dataclass(frozen=True)
class Quarantined:
    """An image that is held back; it has no bytes to leak."""

    reason: Reason


@dataclass(frozen=True)
class Result:
    """What became of one image.

    ``plans`` are the detection plans that were run on it, in order; ``policy`` is the name of the one by which it was
    treated, none for that of its data set; ``steps`` are those that changed every pixel; ``risk`` is the score by which
    its policy was decided, where one asks for it.
    """

    entry: "Planned"
    outcome: Released | Quarantined
    source_digest: str | None = None
    format: str | None = None
    size_wh: tuple[int, int] | None = None
    frames: int | None = None
    faces: tuple[Face, ...] = ()
    utility: tuple[tuple[str, float], ...] = ()
    plans: tuple[str, ...] = ()
    duration_ms: float = 0.0
    timings_ms: dict[str, float] = field(default_factory=dict)
    policy: str | None = None
    risk: float | None = None
    steps: tuple[str, ...] = ()

    def row(self, provenance: dict[str, Any]) -> dict[str, Any]:
        """Return the row of :data:`OUT`; ``provenance`` has the columns that say by what it was made."""
        kept = self.outcome if isinstance(self.outcome, Released) else None
        return {
            "image_id": self.entry.image_id,
            "content_version": self.entry.content_version,
            "source_digest": self.source_digest,
            "status": (kept.status if kept else Status.QUARANTINED).value,
            "reason": self.outcome.reason.value if self.outcome.reason else None,
            "format": self.format,
            "width": self.size_wh[0] if self.size_wh else None,
            "height": self.size_wh[1] if self.size_wh else None,
            "frames": self.frames,
            "content": kept.content if kept else None,
            "output_sha256": kept.output_sha256 if kept else None,
            "reencoded": kept.reencoded if kept else None,
            "steps": list(self.steps) if kept else [],
            "faces": [face.row() for face in self.faces],
            "plans": list(self.plans),
            "residual": sum(face.look is Look.SECOND for face in self.faces),
            "utility": list(self.utility),
            "risk": self.risk,
            "decided": self.entry.decided.upto or None,
            "processed_at": datetime.now(UTC),
            "duration_ms": self.duration_ms,
            "timings_ms": {name: self.timings_ms.get(name, 0.0) for name in TIMINGS},
            **provenance,
        }


@dataclass(frozen=True)
class Planned:
    """One row of :data:`PLAN`: an image to process and the two ids under which it is known outside the vault."""

    image_id: str
    content_version: str
    entry: Entry
    shares: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    """What its faces share with others: rows of :data:`anonymizer_udfs.shares.SHARE`, where anybody grouped them."""
    policy: str | None = None
    """The name of its data set's policy; none: the run's."""
    decided: Decided = NOTHING
    """What people decided about it on the review page."""

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Planned":
        """Return the value of one row."""
        entry = Entry(**{f.name: row[f.name] for f in fields(Entry)})
        shares = tuple(row.get("shares") or ())
        decided = Decided.from_row(row.get("decided"))
        return cls(row["image_id"], row["content_version"], entry, shares, row.get("policy"), decided)
