"""Drawn pictures with a planted truth: one cue lies within the face, one beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Pictures before and after their faces were masked, with both answers.

    Attributes:
        clear, released: ``(n, 64, 64, 3)``.
        mouth: ``open`` or ``shut``: what only the face shows.
        sky: ``blue`` and striped upright, or ``red`` and striped across: what only the background shows, above it.
        faces: how many there are, 0 or 1; half have none where that was asked for.
    """

    clear: Images
    released: Images
    mouth: list[str]
    sky: list[str]
    faces: NDArray[np.int64]


def drawn(n: int, seed: int = 0, *, empty: bool = False) -> Drawn:
    """Return ``n`` pictures; in every second one there is nobody, if ``empty``."""
    draw = np.random.default_rng(seed)
    clear = draw.integers(60, 120, (n, 64, 64, 3)).astype(np.uint8)
    released, mouths, skies = clear.copy(), draw.integers(0, 2, n), draw.integers(0, 2, n)
    faces = np.ones(n, np.int64)
    for i in range(n):
        stripes = clear[i, :20, ::4] if skies[i] else clear[i, 0:20:4]
        stripes[..., :] = (0, 0, 255) if skies[i] else (255, 0, 0)
        released[i] = clear[i]
        if empty and i % 2:
            faces[i] = 0
            continue
        x, y = draw.integers(18, 24), draw.integers(24, 28)
        clear[i, y : y + 32, x : x + 24] = draw.integers(150, 180, (32, 24, 3))
        clear[i, y + 8 : y + 11, x + 5 : x + 9] = clear[i, y + 8 : y + 11, x + 15 : x + 19] = 20
        tall = 10 if mouths[i] else 2
        clear[i, y + 20 : y + 20 + tall, x + 6 : x + 18] = 30
        released[i, y - 4 : y + 36, x - 4 : x + 28] = 0
    mouth = ["open" if one else "shut" for one in mouths]
    return Drawn(clear, released, mouth, ["blue" if one else "red" for one in skies], faces)
