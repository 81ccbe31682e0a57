"""T5: the attacker has the code and the policy, not the key, and replays it on photos that may be the original."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.attacks.base import Scores, Task
from anonymizer_udfs.errors import SpecError

CANVAS = "canvas"


@dataclass(frozen=True)
class Replay:
    """Compares what is inside of regions with what the same code makes there of each candidate, under another key.

    The gallery are the very photos, one of them the probe's own. Regions are resampled to one canvas, so that their
    size tells nothing; what lies outside of them is the original by promise, and is not looked at.
    """

    name: ClassVar[str] = "replay"
    tier: ClassVar[str] = "T5"
    learns: ClassVar[bool] = False

    def scores(self, task: Task) -> Scores:
        """Return how near canvases are, 0 for equal ones; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        if task.gallery.parrot is None:
            raise SpecError("a replay needs a gallery that was treated alike")
        probes, made = task.probes.released.views[CANVAS], task.gallery.parrot.views[CANVAS]
        # In whole numbers: equal canvases are at distance 0, and never a rounding away from it.
        a, b = probes.astype(np.float64), made.astype(np.float64)
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
        return np.asarray(-np.sqrt(np.maximum(np.round(squares), 0) / a.shape[1]), np.float32)
