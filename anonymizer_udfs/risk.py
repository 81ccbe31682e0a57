"""How much is at stake in an image, in [0, 1]: a score that may raise it to a stronger policy, and never lowers it.

Five parts, each in [0, 1], are weighed and added:

- ``size``: how large a face is: 0 at :data:`LEAST_PX`, 1 from :data:`MOST_PX` on, and even steps with each doubling;
- ``frontality``: 1 for a face that looks at the camera, 0 for one turned by :data:`YAW_MOST` degrees or more;
- ``context``: the share of the picture outside the region of that face, where clothes, places and company show;
- ``count``: ``1 - 1/n`` for n faces (of the frame that shows most);
- ``metadata``: how many of place, names and dates the source carried (:mod:`anonymizer_udfs.imaging.carried`).

The first three are those of one face, of whichever they come highest for. A larger face leaves less of the picture
around it, so size and context would pull against each other, and a face that is enlarged could score lower. Therefore a
face counts as each size from :data:`LEAST_PX` up to its own, and the highest of these is taken: a picture is worth at
least what the same one with a smaller face would be. So nothing that adds to what is seen or said ever lowers a score.

The weights are judgement, not measurement. Runs on an executor, once an image; plain numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging.carried import Carried
from anonymizer_udfs.methods.facing import NOSE_DEPTH, POINTS
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.rules import checked

LEAST_PX, MOST_PX = 16.0, 128.0
"""Sides of a face's box (the square of its area): below the first hardly anything is left to recognise, from the second
on a face has more pixels than the 112 that recognizers are shown."""
_STEPS = 12
SIZES_PX = tuple(LEAST_PX * (MOST_PX / LEAST_PX) ** (step / _STEPS) for step in range(_STEPS + 1))
"""The sizes that a face counts as: a quarter of a doubling apart."""
YAW_MOST = 60.0
_DIGITS = 4


@dataclass(frozen=True)
class Weights:
    """What each part counts, relative to the others; each at least 0."""

    size: float = 0.3
    frontality: float = 0.2
    context: float = 0.2
    count: float = 0.1
    metadata: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what is no weight, and weights of nothing."""
        for one in fields(self):
            value: object = getattr(self, one.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise SpecError(f"risk.weights.{one.name} must be a number of at least 0, got {value!r}")
            object.__setattr__(self, one.name, float(value))
        if not 0 < self.total < math.inf:
            raise SpecError("risk.weights must have one above 0")

    @property
    def total(self) -> float:
        """All of them together."""
        return float(sum(asdict(self).values()))


@dataclass(frozen=True)
class Risk:
    """When an image is raised to a stronger policy.

    Attributes:
        raise_at: the score, in (0, 1], from which on it is.
        to: the policy: a name, or a ``.yaml`` file.
        weights: what each part of the score counts.
    """

    raise_at: float
    to: str
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        """Refuse a score that none can have, and a policy that is none."""
        value: object = self.raise_at
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise SpecError(f"risk.raise_at must be a number in (0, 1], got {value!r}")
        object.__setattr__(self, "raise_at", float(value))
        if not isinstance(self.to, str) or not self.to:
            raise SpecError(f"risk.to must name a policy, got {self.to!r}")

    @classmethod
    def from_mapping(cls, mapping: object) -> "Risk":
        """Return what a mapping with ``raise_at``, ``to`` and perhaps ``weights`` describes."""
        if not isinstance(mapping, Mapping):
            raise SpecError(f"risk must be a mapping with raise_at and to, got {mapping!r}")
        given = checked("risk", mapping, cls)
        wish = given.get("weights", {})
        if not isinstance(wish, Mapping):
            raise SpecError(f"risk.weights must be a mapping, got {wish!r}")
        return cls(**{**given, "weights": Weights(**checked("risk.weights", wish, Weights))})

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal value."""
        return asdict(self)

    def score(self, found: Sequence[Found], size_wh: tuple[int, int], region_ratio: float, carried: Carried) -> float:
        """Return the score of an image, in [0, 1]; licence plates do not count.

        Args:
            found: what was found in all of its frames, in upright pictures.
            size_wh: width and height of a frame, either way round.
            region_ratio: how much larger than its box a face's region is.
            carried: what the source carried.

        Examples:
            >>> Risk(0.7, "public").score([], (640, 480), 1.3, Carried(place=True))
            0.0667
        """
        faces = [one for one in found if one.finding.kind == FACE]
        counts = [sum(one.frame == frame for one in faces) for frame in {one.frame for one in faces}]
        said = [self._face(one.finding, size_wh, region_ratio) for one in faces]
        total = max(said, default=0.0) + self.weights.metadata * carried.share
        total += self.weights.count * (1 - 1 / max(counts)) if counts else 0.0
        return round(min(1.0, total / self.weights.total), _DIGITS)

    def _face(self, one: Finding, size_wh: tuple[int, int], region_ratio: float) -> float:
        """Return what one face adds: the highest over the sizes that it counts as, and how much it looks this way."""
        pixels = max(1, size_wh[0] * size_wh[1])
        side = math.sqrt(max(0.0, float(one.box[2] - one.box[0])) * max(0.0, float(one.box[3] - one.box[1])))
        steps = [step for step, least in enumerate(SIZES_PX) if step == 0 or side >= least]
        shown = (
            self.weights.size * step / _STEPS
            + self.weights.context * (1 - min(1.0, (region_ratio * SIZES_PX[step]) ** 2 / pixels))
            for step in steps
        )
        return float(max(shown)) + self.weights.frontality * frontality(one.landmarks)


def frontality(landmarks: NDArray[np.float32] | None) -> float:
    """Return how much a face looks at the camera, in [0, 1]; 1 where no points tell.

    The yaw is the one at which the nose stands as far beside the middle of eyes and mouth as it does, as in
    :mod:`anonymizer_udfs.methods.facing`, by the points alone, whatever box they have.

    Args:
        landmarks: eyes, nose and corners of the mouth, ``(5, 2)``.

    Examples:
        >>> looking = np.array([[-2, -2], [2, -2], [0, 1], [-2, 3], [2, 3]], np.float32)
        >>> frontality(looking), frontality(looking + np.array([[0, 0], [0, 0], [9, 0], [0, 0], [0, 0]], np.float32))
        (1.0, 0.0)
    """
    if landmarks is None or not np.isfinite(landmarks).all():
        return 1.0
    points = np.asarray(landmarks, np.float64)
    eyes, mouth, nose = points[:2].mean(0), points[3:].mean(0), points[2]
    (right, down), apart = (mouth - eyes).tolist(), float(np.hypot(*(points[1] - points[0])))
    length = math.hypot(right, down)
    if not apart or not length:
        return 1.0
    beside = abs(down * float((nose - eyes)[0]) - right * float((nose - eyes)[1])) / length
    tangent = beside / apart * (POINTS[1][0] - POINTS[0][0]) / NOSE_DEPTH
    return 1 - min(1.0, math.degrees(math.atan(tangent)) / YAW_MOST)
