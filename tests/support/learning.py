"""A method that runs a model: it multiplies a region by the factor that its file holds."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.errors import ModelMissingError
from anonymizer_udfs.methods import Mask, Patch, Target
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.sessions import loaded


def number(content: bytes) -> int:
    """Return the number that a file holds."""
    return int(content)


@dataclass(frozen=True)
class Learned:
    """Fill a region with the level in its model's file; faces without landmarks are not for it.

    Attributes:
        model: a file with a number; None: the vault's newest.
    """

    model: ModelRef | None = None

    name: ClassVar[str] = "learned"
    vault_model: ClassVar[str] = "level"
    strength: ClassVar[tuple[float, ...]] = (7.0,)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Return its file."""
        return () if self.model is None else (self.model,)

    def serves(self, target: Target) -> bool:
        """Return whether a face has landmarks."""
        return target.landmarks is not None

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the filled patch."""
        if self.model is None or target.runtime is None:
            raise ModelMissingError("learned has no model")
        level = loaded(self.model, target.runtime, number) / 255
        return Mask(level).apply(patch, target, rng)
