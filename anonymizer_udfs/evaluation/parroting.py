"""What an attacker makes of his own photo who knows policy and parameters: the same treatment, under his own key."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import making, subject
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evaluation import places
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.records import Look
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.stepping import Stepped
from anonymizer_udfs.subject import Subject
from anonymizer_udfs.treatment import Treated


class Least:
    """Has all faces treated by the method that the lake's were, and accepts what comes."""

    def __init__(self, least: int) -> None:
        self.least = least

    def accepts(self, sources: Sequence[Picture], stored: Sequence[Picture], treated: Sequence[Treated]) -> bool:
        """Return that it is well."""
        del sources, stored, treated
        return True


@dataclass(frozen=True, eq=False)
class Alike:
    """What an attacker made of his own photo.

    Attributes:
        rgb: the upright picture, uint8 ``(h, w, 3)``.
        inside: which of its pixels were treated, ``(h, w)``; the same as in the release, since places need no key.
    """

    rgb: NDArray[np.uint8]
    inside: NDArray[np.bool_]


def treated(row: dict[str, Any], source: Subject, shown: Picture, spec: WorkerSpec) -> tuple[Alike, ...]:
    """Return what a stranger's run of the same policy makes of the original, through its file: all of its frames.

    Args:
        row: of the image; its faces say by which method of the chain they were treated.
        source: the original.
        shown: a frame of the release, in whose pixels the row's places are.
        spec: the lake's policies under another key.

    Returns:
        Nothing where it cannot be made: the policy is not known any more, or nothing was found.
    """
    # What was seen in a frame nearby alone is treated again for the same reason as before.
    faces = [face for face in row["faces"] if face["look"] != Look.NEIGHBOUR.value]
    try:
        mine = spec.under(row["policy"])
    except SpecError:
        return ()
    steps = [face["steps"] for face in row["faces"] if face["kind"] == "face"]
    found = zip(faces, places.findings(faces, shown), strict=True)
    given = [Found(one, Look.PLAN, face["frame"]) for face, one in found]
    least = Least(max(steps, default=1) - 1)
    try:
        # Places are those after steps on whole images, which need no key.
        base = Stepped(source, mine.policy.steps, mine.limits.max_pixels) if row["steps"] else None
        basis = source if base is None else base.subject
        made = making.make(basis, given, row["image_id"], mine, lambda _: nullcontext(), judge=least)
    except BadImageError:
        return ()
    return tuple(_alike(one, treated) for one, treated in zip(made.stored, made.treated, strict=True))


def _alike(stored: Picture, treated: Treated) -> Alike:
    inside = treated.covered().astype(np.uint8)[..., None]
    turned = orientation.upright(inside, stored.orientation)[..., 0]
    return Alike(subject.upright(stored), turned.astype(bool))
