"""People's decisions about one image, in the places of its source: what is treated and what is not, whoever finds it.

Runs on an executor, once an image that anybody decided about.
"""

from dataclasses import dataclass

import numpy as np

from anonymizer_udfs import boxes
from anonymizer_udfs.decided import Box, Decided
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.stepping import Stepped

PERSON = "person"
"""Who saw a region that a person drew, and where: the record names no detector for it."""
SAME_IOU = 0.5
"""A find that overlaps a restored region by this much is that region, whoever finds it again."""


@dataclass(frozen=True, eq=False)
class Heeded:
    """The places of one image's decisions, in its upright source.

    Attributes:
        added: what is treated whoever finds it or not, once for each frame.
        restored: what is not treated whoever finds it.
    """

    added: tuple[Found, ...] = ()
    restored: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, decided: Decided, base: Stepped) -> "Heeded":
        """Return them for a file that was made as ``base`` is; this decodes the file where there are any.

        Raises:
            BadImageError: it cannot be decoded.
        """
        if not (decided.added or decided.restored):
            return cls()
        pictures = base.subject.pictures()
        first = pictures[0]

        def there(box: Box) -> Finding:
            placed = np.array([box], np.float32)
            whole = boxes.clip(orientation.boxes_to_upright(placed, first.orientation, first.size_wh), _upright(base))
            seen = Finding(FACE, whole[0], 1.0, (Sighting(PERSON, PERSON, 1.0),))
            return base.back(Found(seen, Look.PERSON)).finding

        added = [one for one in map(there, decided.added) if float(boxes.area(one.box[None])[0]) > 0]
        found = tuple(Found(one, Look.PERSON, frame) for frame in range(len(pictures)) for one in added)
        return cls(found, tuple(there(box) for box in decided.restored))

    def restores(self, one: Found) -> bool:
        """Return whether a find is one that a person said is none."""
        return one.look is not Look.PERSON and any(_same(one.finding, other) for other in self.restored)


def _same(one: Finding, other: Finding) -> bool:
    return float(boxes.iou(one.box[None], other.box[None])[0, 0]) >= SAME_IOU


def _upright(base: Stepped) -> tuple[int, int]:
    first = base.subject.pictures()[0]
    w, h = first.size_wh
    return (h, w) if orientation.swapped(first.orientation) else (w, h)
