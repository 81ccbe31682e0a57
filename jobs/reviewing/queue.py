"""What people are asked to look at, and in which order: the images that leak most if they are let go as they are.

The order is an order and no probability. Each region counts by how sure it is to be a face, times how near what is
left of it is to its original (1: as near as two pictures of one person; 0: an opaque mask). To that comes a little for
faces that the policy's plan had missed, and for regions of which nobody was sure: where some were nearly missed, more
may have been.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer_udfs.methods import Mask
from jobs.reviewing.deciding import Standing

MISSED, NEARLY = 0.2, 0.05
MOST = 10_000
"""So many are listed at a time, the first of the order; what is listed is all that a page holds."""
OPEN, SECOND, CHANGED, ACCEPTED, WITHHELD = "open", "second", "changed", "accepted", "withheld"
STATES = {
    OPEN: "nobody decided",
    CHANGED: "changed, not accepted",
    SECOND: "accepted once, a second person is needed",
    ACCEPTED: "accepted",
    WITHHELD: "withheld",
}
WAITING = frozenset({OPEN, SECOND, CHANGED})


@dataclass(frozen=True)
class Item:
    """One image of the queue.

    Attributes:
        image_id: which.
        leak: the higher, the earlier it is looked at.
        reason: why it waits.
        policy: by which it was made.
        run: that made it.
        confidence: of the region of which detectors were least sure; none where it has no region.
        regions: how many.
        state: one of :data:`STATES`.
    """

    image_id: str
    leak: float
    reason: str
    policy: str
    run: str
    confidence: float | None
    regions: int
    state: str = OPEN

    def as_list(self) -> list[Any]:
        """Return what a page needs of it, in little space: thousands are sent at once."""
        return [self.image_id, self.leak, self.reason, self.policy, self.run, self.confidence, self.regions, self.state]


@dataclass(frozen=True)
class Filter:
    """Which images are asked for; none of these: every one that waits for a person.

    Attributes:
        reason, policy, run: exactly these.
        below: with a region of which detectors were less sure than this, in [0, 1].
        state: one of :data:`STATES`, or ``all``; none: those that wait.
    """

    reason: str | None = None
    policy: str | None = None
    run: str | None = None
    below: float | None = None
    state: str | None = None

    def takes(self, item: Item) -> bool:
        """Return whether an image is asked for."""
        wanted = ((self.reason, item.reason), (self.policy, item.policy), (self.run, item.run))
        if any(want is not None and want != has for want, has in wanted):
            return False
        if self.below is not None and (item.confidence is None or item.confidence >= self.below):
            return False
        return self.state == "all" or (item.state in WAITING if self.state is None else item.state == self.state)


@dataclass(frozen=True)
class Listing:
    """What is listed.

    Attributes:
        items: the first :data:`MOST`, in their order.
        total: how many there are.
        known: for each filter, the words that occur in the whole queue, with how many images have them.
    """

    items: tuple[Item, ...]
    total: int
    known: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def leak(faces: Iterable[Mapping[str, Any]]) -> float:
    """Return where an image with these regions stands in the order, 0 or more, rounded to 4 digits."""
    total = 0.0
    for face in faces:
        sure = float(face["confidence"])
        total += sure * _left(face) + NEARLY * (1 - sure)
        total += MISSED * (face["look"] in {"thorough", "second"})
    return round(total, 4)


def _left(face: Mapping[str, Any]) -> float:
    """Return how near what is left of a region is to its original, in [0, 1]; 1 where nobody could judge it."""
    if face["method"] == Mask.name:
        return 0.0
    last = [one for one in face["attacks"] if one.get("step") in {None, face["steps"]}]
    if not last:
        return 1.0
    return max(min(1.0, max(0.0, float(one["after"]) / float(one["threshold"]))) for one in last)


def item(row: Mapping[str, Any], standing: Standing | None) -> Item:
    """Return the item of a row of ``images``, with where the decisions about it stand."""
    faces = row["faces"]
    sure = min((round(float(face["confidence"]), 4) for face in faces), default=None)
    words = row["reason"] or "audit", row.get("policy") or "", row["run_id"]
    return Item(row["image_id"], leak(faces), *words, sure, len(faces), state(standing))


def state(standing: Standing | None) -> str:
    """Return where the decisions about an image stand, in one word."""
    if standing is None:
        return OPEN
    if standing.settled:
        return WITHHELD if standing.decided.withheld else ACCEPTED
    if standing.accepted_by:
        return SECOND
    return CHANGED if standing.live else OPEN


def listing(items: Sequence[Item], wanted: Filter) -> Listing:
    """Return the images that are asked for, those that leak most first; equals in the order of their ids."""
    found = sorted((one for one in items if wanted.takes(one)), key=lambda one: (-one.leak, one.image_id))
    words = ("reason", "policy", "run", "state")
    known = {name: dict(sorted(Counter(getattr(one, name) for one in items).items())) for name in words}
    return Listing(tuple(found[:MOST]), len(found), known)
