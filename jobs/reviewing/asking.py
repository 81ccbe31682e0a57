"""What a page asks for, checked: nothing of it is trusted, and what it names has to be there as the person saw it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anonymizer_udfs.decided import Box
from jobs.decision import Decision
from jobs.errors import UsageError
from jobs.reviewing.deciding import AUDIT, REVIEW
from jobs.reviewing.pictures import LEAST_PX, in_file
from schemas import ACTIONS

WHY_MOST = 300
AT_ONCE = 100
_SIDES = 4
_ID = re.compile(r"[0-9a-f]{32}")
_DRAWS, _NAMES = frozenset({"add", "redraw"}), frozenset({"keep", "restore", "redraw"})


class StaleError(UsageError):
    """The image is another one than the person saw: its source was replaced, or a run made it anew."""


@dataclass(frozen=True)
class Ask:
    """One decision as a page sends it.

    Attributes:
        decision_id: made by the page, so that one that is sent again counts once.
        image_id: which image.
        sha256: of the file that the person saw; none where it has none.
        action: one of the table's.
        asked: ``review`` or ``audit``.
        box: what was drawn, in the upright picture's pixels.
        region: number of the region, from 0.
        undoes: id of a decision.
        why: in the person's words.
        again: whether it was sent before, and no answer came.
    """

    decision_id: str
    image_id: str
    sha256: str | None
    action: str
    asked: str = REVIEW
    box: Box | None = None
    region: int | None = None
    undoes: str | None = None
    why: str | None = None
    again: bool = False

    @classmethod
    def of(cls, said: Any) -> "Ask":
        """Return one from what JSON says.

        Raises:
            UsageError: it is none.
        """
        if not isinstance(said, dict) or not set(said) <= set(cls.__dataclass_fields__):
            raise UsageError("expected a decision: an object with its fields, and no other")
        for name in ("decision_id", "image_id", "undoes"):
            if said.get(name) is not None or name != "undoes":
                _id(name, said.get(name))
        if said.get("action") not in ACTIONS or said.get("asked", REVIEW) not in {REVIEW, AUDIT}:
            raise UsageError(f"expected an action of {', '.join(ACTIONS)}, asked by {REVIEW} or {AUDIT}")
        box = said.get("box")
        if box is not None and not (isinstance(box, list) and len(box) == _SIDES and all(map(_is_number, box))):
            raise UsageError("expected a box of four numbers")
        region = said.get("region")
        if region is not None and (isinstance(region, bool) or not isinstance(region, int)):
            raise UsageError("expected the number of a region")
        why = said.get("why")
        if why is not None and not isinstance(why, str):
            raise UsageError("expected words")
        if not isinstance(said.get("again", False), bool) or not isinstance(said.get("sha256"), str | None):
            raise UsageError("expected again as true or false, and the digest of the file")
        words = (" ".join(why.split())[:WHY_MOST] or None) if why else None
        return cls(**{**said, "box": tuple(map(float, box)) if box else None, "why": words})

    def decision(self, row: dict[str, Any], turned: int, reviewer: str, session_id: str) -> Decision:
        """Return the decision about an image as it is.

        Args:
            row: of ``images``.
            turned: its orientation.
            reviewer: who decides.
            session_id: in which sitting.

        Raises:
            StaleError: it is not the image that the person saw.
            UsageError: it lacks what the action needs, or names what is not there.
        """
        if row["output_sha256"] != self.sha256:
            raise StaleError("this image was made anew since the page showed it: it is shown again as it is now")
        faces = row["faces"]
        needs = (self.action in _DRAWS) == (self.box is not None) and (self.action in _NAMES) == (
            self.region is not None
        )
        if not needs or (self.action == "undo") != (self.undoes is not None):
            raise UsageError(f"{self.action} comes with other fields than these")
        if self.region is not None and not 0 <= self.region < len(faces):
            raise UsageError(f"the image has {len(faces)} regions; none has number {self.region}")
        box = None
        if self.box is not None:
            found = in_file(self.box, turned, (row["width"], row["height"]))
            if found is None:
                raise UsageError(f"a region has at least {LEAST_PX} pixels a side within the picture; draw it larger")
            box = (float(found[0]), float(found[1]), float(found[2]), float(found[3]))
        place = None if self.region is None else faces[self.region]["box"]
        return Decision(
            decision_id=self.decision_id,
            image_id=self.image_id,
            content_version=row["content_version"],
            output_sha256=row["output_sha256"],
            policy=row.get("policy"),
            policy_digest=row["policy_digest"],
            action=self.action,
            reviewer=reviewer,
            session_id=session_id,
            decided_at=datetime.now(UTC),
            asked=self.asked,
            box=box,
            region=None if place is None else (place["x0"], place["y0"], place["x1"], place["y1"]),
            least=max((face["steps"] for face in faces), default=1) if self.action == "harder" else None,
            undoes=self.undoes,
            why=self.why,
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e7  # noqa: PLR2004 - NaN is not


def _id(name: str, value: object) -> None:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UsageError(f"expected {name} as 32 hexadecimal digits")
