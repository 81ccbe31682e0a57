"""T1: the attacker knows method and parameters, and treats his own photos alike (Newton, Sweeney and Malin 2005)."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.attacks.base import Scores, Task
from anonymizer_udfs.errors import SpecError


@dataclass(frozen=True)
class Parrot:
    """Compares what was released with clear photos that were treated by the same method, under a key of his own."""

    name: ClassVar[str] = "parrot"
    tier: ClassVar[str] = "T1"
    learns: ClassVar[bool] = False

    def scores(self, task: Task) -> Scores:
        """Return the recognizer's similarities; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        who, gallery = task.recognizer, task.gallery
        if gallery.parrot is None:
            raise SpecError("the parrot needs a gallery that was treated alike")
        return who.similarity(task.probes.released.templates[who.name], gallery.parrot.templates[who.name])
