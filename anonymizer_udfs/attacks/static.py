"""T0: a recognizer that nobody taught anything; the attacker holds clear photos."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.attacks.base import Scores, Task


@dataclass(frozen=True)
class Static:
    """Compares what was released with clear photos."""

    name: ClassVar[str] = "static"
    tier: ClassVar[str] = "T0"
    learns: ClassVar[bool] = False

    def scores(self, task: Task) -> Scores:
        """Return the recognizer's similarities; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        who = task.recognizer
        return who.similarity(task.probes.released.templates[who.name], task.gallery.clear.templates[who.name])
