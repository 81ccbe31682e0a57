"""What one part of a face tells: a method for the benchmark alone, which masks it and leaves all else clear."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.methods import Mask, Patch, Target
from anonymizer_udfs.methods import parts as of_face


@dataclass(frozen=True)
class Without:
    """Mask one part.

    Attributes:
        part: its name, one of :data:`anonymizer_udfs.methods.parts.DROPS`.
    """

    part: str
    name: ClassVar[str] = "without"

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: below every method, since it is no protection."""
        return (0.0,)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch without the part; its edge is sharp."""
        inside = of_face.share([self.part], patch.shape, target, 0.0)[..., None] > 0
        return np.where(inside, Mask().apply(patch, target, rng), patch)
