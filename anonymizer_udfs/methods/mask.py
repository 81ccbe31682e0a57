"""The opaque mask: the only method whose result does not depend on the face."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.methods.base import Patch, Target, check_ratio, colours, full_range


@dataclass(frozen=True)
class Mask:
    """Fill the whole patch with one level.

    Nothing of the face is left but where it was and how large: two faces under a mask of one size differ in no pixel.

    Attributes:
        level_ratio: the fill, in [0, 1] of the full range, the same in every colour channel (in CMYK it is ink).
            The default is mid-grey, which disturbs what models learn from the rest of the picture less than black
            and rings less at the border of a JPEG block.
    """

    level_ratio: float = 0.5

    name: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "level_ratio", check_ratio("level_ratio", self.level_ratio, 0, 1))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above everything."""
        return (9.0,)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch filled; see :class:`anonymizer_udfs.methods.base.Method`."""
        del rng  # a constant has no randomness
        out, treated = patch.copy(), colours(patch, target.alpha)
        out[..., treated] = round(self.level_ratio * full_range(patch))
        return out
