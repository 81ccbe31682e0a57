"""What people decided about one image, as a worker is told it; what that amounts to is worked out on the driver.

Plain values: they travel beside the work list. Places are in the pixels of the file that the people saw, which is the
one that was stored; ``heeding`` takes them back to the source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

Box = tuple[float, float, float, float]

_BOX = pa.struct([(n, pa.float32()) for n in ("x0", "y0", "x1", "y1")])
DECIDED = pa.struct(
    [
        ("upto", pa.int64()),
        ("policy_digest", pa.string()),
        ("accepted", pa.bool_()),
        ("withheld", pa.bool_()),
        ("least", pa.int32()),
        ("added", pa.list_(_BOX)),
        ("restored", pa.list_(_BOX)),
    ]
)
"""The column ``decided`` of a work list: null where nobody decided anything about the image."""


@dataclass(frozen=True)
class Decided:
    """What people decided about one version of one image.

    Attributes:
        upto: number of the last decision that is in it; 0: nobody decided anything.
        policy_digest: of the policy by which the file was made that they saw.
        accepted: whether it may be released as it is, with the changes below.
        withheld: whether nothing of it may be.
        least: the method of its chain, from 0, that faces get at least.
        added: regions that are anonymized, exactly as drawn: ``x0 y0 x1 y1`` in stored pixels, half-open.
        restored: boxes of finds that are none, in stored pixels; they are left as they are.
    """

    upto: int = 0
    policy_digest: str | None = None
    accepted: bool = False
    withheld: bool = False
    least: int = 0
    added: tuple[Box, ...] = ()
    restored: tuple[Box, ...] = ()

    @property
    def edited(self) -> bool:
        """Whether it changes what is treated."""
        return bool(self.added or self.restored or self.least)

    @property
    def nothing(self) -> bool:
        """Whether the image is made as it would be without it."""
        return not (self.accepted or self.withheld or self.edited)

    def under(self, policy_digest: str) -> "Decided":
        """Return what of it counts for an image that is made by a policy.

        Under another policy than the one whose result people saw, nobody has seen what is made: then neither an
        acceptance nor a restoration counts. What asks for more protection always does.
        """
        if policy_digest == self.policy_digest:
            return self
        return replace(self, accepted=False, restored=())

    def row(self) -> dict[str, Any]:
        """Return the struct of :data:`DECIDED`."""
        return vars(self) | {name: [_row(box) for box in getattr(self, name)] for name in ("added", "restored")}

    @classmethod
    def from_row(cls, row: Mapping[str, Any] | None) -> "Decided":
        """Return the value of a struct of :data:`DECIDED`; of none, that nobody decided anything."""
        if row is None:
            return NOTHING
        places = {name: tuple(_box(one) for one in row[name] or ()) for name in ("added", "restored")}
        return cls(**{**row, **places})


NOTHING = Decided()


def _row(box: Box) -> dict[str, float]:
    return dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))


def _box(row: Mapping[str, float]) -> Box:
    return row["x0"], row["y0"], row["x1"], row["y1"]
