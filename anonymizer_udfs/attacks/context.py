"""T4: the attacker ignores the face: hair, clothing, the place, and what a file tells without its picture."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import Scores, Task
from anonymizer_udfs.attacks.static import Static
from anonymizer_udfs.errors import SpecError

PARTS = ("hair", "clothing", "background", "file")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Context:
    """Compares what is around a face with what is around faces in clear photos.

    Attributes:
        parts: which of ``hair``, ``clothing``, ``background`` and ``file``; each counts as much as any other.
    """

    parts: tuple[str, ...] = PARTS

    name: ClassVar[str] = "context"
    tier: ClassVar[str] = "T4"
    learns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse parts that nobody looks at."""
        strangers = set(self.parts) - set(PARTS)
        if strangers or not self.parts:
            raise SpecError(f"parts must be some of {', '.join(PARTS)}; got {', '.join(self.parts) or 'none'}")

    def scores(self, task: Task) -> Scores:
        """Return the mean of the parts' standard scores; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        probes, gallery = task.probes.released.views, task.gallery.clear.views
        return np.asarray(sum(standard(alike(probes[one], gallery[one])) for one in self.parts), np.float32)


@dataclass(frozen=True)
class FaceAndContext:
    """Takes what is left of the face and what is around it together."""

    name: ClassVar[str] = "face_and_context"
    tier: ClassVar[str] = "T4"
    learns: ClassVar[bool] = False

    def scores(self, task: Task) -> Scores:
        """Return the sum of standard scores; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        return standard(Static().scores(task)) + standard(Context().scores(task))


def alike(probes: Floats, gallery: Floats) -> Scores:
    """Return cosines of descriptions, each number less its mean and over its spread in the gallery."""
    mean, spread = gallery.mean(0), gallery.std(0)
    used = spread > 1e-6  # noqa: PLR2004 - what is the same for all tells nothing
    a, b = ((one[:, used] - mean[used]) / spread[used] for one in (probes, gallery))
    a, b = (one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-9) for one in (a, b))
    return np.asarray(a @ b.T, np.float32)


def standard(scores: Scores) -> Scores:
    """Return scores less each probe's mean and over its spread, so that scores of two kinds can be added."""
    spread = np.maximum(scores.std(1, keepdims=True), 1e-9)
    return np.asarray((scores - scores.mean(1, keepdims=True)) / spread, np.float32)
