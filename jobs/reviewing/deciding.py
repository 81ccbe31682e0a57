"""What people's decisions about one image amount to: the same for the page and for the run that follows it.

A decision is about one version of one image: where the source was replaced, none of the earlier ones counts. Of
decisions that are not taken back:

- whoever accepts, accepts the image with all changes that were made before; a later change needs acceptance anew;
- whoever withholds stops it; where one person decides a later acceptance lifts that, where two do it has to be undone;
- added regions stay under every policy; acceptance and restoration are about what the person saw, so they count under
  its policy alone (:meth:`anonymizer_udfs.decided.Decided.under`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from anonymizer_udfs.decided import NOTHING, Box, Decided
from jobs.decision import Decision

Key = tuple[str, str]
"""Image and version of its source."""
Eyes = Callable[[str | None], int]
"""From a policy's name to how many people have to agree."""

EDITS = frozenset({"add", "redraw", "restore", "harder"})
"""Actions that change what is treated; ``keep`` says that a region is no face, and changes nothing."""
REVIEW, AUDIT = "review", "audit"
"""What puts an image before a person: its place in the queue, or a random draw."""
_NEAR_PX = 1.0


@dataclass(frozen=True)
class Standing:
    """Where the decisions about one image stand.

    Attributes:
        decided: what the next run follows.
        accepted_by: who has accepted it as it now is.
        eyes: how many have to.
        live: the decisions that are not taken back, in their order.
    """

    decided: Decided
    accepted_by: tuple[str, ...]
    eyes: int
    live: tuple[Decision, ...]

    @property
    def settled(self) -> bool:
        """Whether nobody has to look at it any more."""
        return self.decided.accepted or self.decided.withheld


def standing(decisions: Sequence[Decision], eyes: int) -> Standing:
    """Return where the decisions about one version of one image stand.

    Args:
        decisions: in their order.
        eyes: how many people have to agree, 1 or 2.
    """
    live = _live(decisions)
    if not live:
        return Standing(NOTHING, (), eyes, ())
    digest = live[-1].policy_digest
    seen = [one for one in live if one.policy_digest == digest]
    edited = max((one.decision_seq for one in live if one.action in EDITS), default=0)
    # Whoever looked at a random draw and saw nothing changed nothing: no run makes that image again.
    asked = [one for one in seen if edited or one.asked != AUDIT]
    accepts = [one for one in asked if one.action == "accept" and one.decision_seq > edited]
    by = tuple(dict.fromkeys(one.reviewer for one in accepts))
    accepted = len(by) >= eyes
    withheld = _withheld(live, eyes)
    # Of two who have to agree, one alone uncovers nothing.
    restored = _restored(seen) if accepted or eyes == 1 else ()
    decided = Decided(
        upto=decisions[-1].decision_seq,
        policy_digest=digest,
        accepted=accepted and not withheld,
        withheld=withheld,
        least=max((one.least or 0 for one in live if one.action == "harder"), default=0),
        added=_added(live, restored),
        restored=restored,
    )
    return Standing(NOTHING if decided.nothing else decided, by, eyes, tuple(live))


def standings(decisions: Iterable[Decision], eyes: Eyes) -> dict[Key, Standing]:
    """Return where all images stand about which anybody decided."""
    by: dict[Key, list[Decision]] = defaultdict(list)
    for one in decisions:
        by[one.image_id, one.content_version].append(one)
    return {key: standing(some, eyes(some[-1].policy)) for key, some in by.items()}


def _live(decisions: Sequence[Decision]) -> list[Decision]:
    undone = {one.undoes for one in decisions if one.action == "undo"}
    return [one for one in decisions if one.action != "undo" and one.decision_id not in undone]


def _withheld(live: Sequence[Decision], eyes: int) -> bool:
    said = [one.action for one in live if one.action in {"accept", "withhold"}]
    return "withhold" in said if eyes > 1 else said[-1:] == ["withhold"]


def _restored(seen: Sequence[Decision]) -> tuple[Box, ...]:
    found = [one.region for one in seen if one.action in {"restore", "redraw"} and one.region is not None]
    return tuple(dict.fromkeys(found))


def _added(live: Sequence[Decision], restored: Sequence[Box]) -> tuple[Box, ...]:
    """Return the regions that people drew, without those that somebody took for none, or drew anew, later."""
    out: list[Box] = []
    for one in live:
        if one.region is not None and one.region in restored and one.action in {"restore", "redraw"}:
            out = [box for box in out if not _near(box, one.region)]
        if one.box is not None and one.box not in out:
            out.append(one.box)
    return tuple(out)


def _near(one: Box, other: Box) -> bool:
    return all(abs(a - b) <= _NEAR_PX for a, b in zip(one, other, strict=True))
