"""Colours and tones changed under the key, edges kept. For looks and for hiding skin tone; no protection of its own."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from anonymizer_udfs.methods.base import Patch, Target, check_count, check_ratio, colours, full_range

TONES = 256
_BYTE = 257
"""65535 of 16 bits is 255 of 8."""
_GAMMA_MOST = 2.5
"""Of the tone curve, drawn from one through this to the other side."""


@dataclass(frozen=True)
class Recolor:
    """Mix the colour channels, bend the tones, and reduce the palette, each drawn from the key.

    Edges stay where they are: whoever can be recognised by shape still can.

    Attributes:
        levels: tones of each channel that are left, 2 to 64.
        mix: how far each channel is mixed with the others, in [0, 1]; grey pictures have none.
    """

    levels: int = 6
    mix: float = 0.7

    name: ClassVar[str] = "recolor"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        check_count("levels", self.levels, 2, 64)
        object.__setattr__(self, "mix", check_ratio("mix", self.mix, 0, 1))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: below everything."""
        return (0.5, -float(self.levels), self.mix)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch recoloured; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        matrix = self._mixing(len(treated), rng)
        gamma = float(_GAMMA_MOST ** rng.uniform(-1, 1))
        # To 256 levels first, as in pixelation: a 16-bit picture gives away no more than an 8-bit one.
        tones = patch[..., treated] if patch.dtype == np.uint8 else np.uint8(np.rint(patch[..., treated] / _BYTE))
        mixed = cv2.transform(np.ascontiguousarray(tones), matrix)
        steps = np.minimum(np.floor((np.arange(TONES) / (TONES - 1)) ** gamma * self.levels), self.levels - 1)
        curve = np.rint((steps + 0.5) / self.levels * full_range(patch)).astype(patch.dtype)
        out[..., treated] = curve[mixed].reshape(tones.shape)
        return out

    def _mixing(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return a matrix ``(count, count)`` of weights that are not negative and sum to one in each row."""
        drawn = rng.dirichlet(np.ones(count), count)
        return (1 - self.mix) * np.eye(count) + self.mix * drawn
