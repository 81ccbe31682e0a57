"""Attackers: how people are found again in what was released, by those who know more and more.

To add one: a file with a frozen dataclass that follows :class:`.base.Attacker`, a line in :data:`ATTACKERS`, and its
figure for a planted truth in ``tests/unit/attacks``. What they reach is counted by :mod:`anonymizer_udfs.evidence`.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.attacks.base import CHIP_PX, Attacker, Faces, Side, Task
from anonymizer_udfs.attacks.context import Context, FaceAndContext
from anonymizer_udfs.attacks.learned import LearnedLinear, LearnedNetwork
from anonymizer_udfs.attacks.parrot import Parrot
from anonymizer_udfs.attacks.replay import Replay
from anonymizer_udfs.attacks.restored import Deconvolved, RestoredLinear
from anonymizer_udfs.attacks.static import Static

ATTACKERS: dict[str, type[Attacker]] = {
    "static": Static,
    "parrot": Parrot,
    "learned_linear": LearnedLinear,
    "learned_network": LearnedNetwork,
    "restored_linear": RestoredLinear,
    "deconvolved": Deconvolved,
    "context": Context,
    "face_and_context": FaceAndContext,
    "replay": Replay,
}


def build(wish: str | Mapping[str, Any]) -> Attacker:
    """Return the attacker that a name, or a mapping with ``name`` and parameters, asks for."""
    return family.build("attacker", ATTACKERS, wish)


__all__ = ["ATTACKERS", "CHIP_PX", "Attacker", "Faces", "Side", "Task", "build"]
