"""What a drawn person looks like: measures that are drawn from the key, and the colours that go with a skin."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float64]
"""Light in [0, 1], ``(c,)``: grey, or red, green and blue."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue (ITU-R BT.601)."""
_DARK, _DARKER, _LIGHTER = 0.35, 0.5, 0.35


@dataclass(frozen=True)
class Looks:
    """Measures of a face that is nobody's, each drawn evenly from [0, 1].

    Attributes:
        style: which way of wearing hair.
        hair: how light it is.
        warmth: how brown.
        jaw: how wide.
        brows: how thick.
        brow_height: how high.
        eyes: how large.
        apart: how far apart they are.
        iris: how light.
        nose: how broad.
        mouth: how wide.
        lips: how full.
        smile: how far up the corners of the mouth go.
        collar: how low.
    """

    style: float
    hair: float
    warmth: float
    jaw: float
    brows: float
    brow_height: float
    eyes: float
    apart: float
    iris: float
    nose: float
    mouth: float
    lips: float
    smile: float
    collar: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Looks":
        """Return looks drawn from a generator; they depend on nothing else."""
        return cls(*rng.random(len(fields(cls))).tolist())


def between(low: float, high: float, share: float) -> float:
    """Return what lies at a share of the way from one number to another.

    Examples:
        >>> between(2.0, 4.0, 0.25)
        2.5
    """
    return low + (high - low) * share


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours of a drawn person: of the skin and what lies in its shade or shine, and so on."""

    skin: Colour
    shade: Colour
    deep: Colour
    shine: Colour
    nostril: Colour
    lips: Colour
    lip_low: Colour
    lip_line: Colour
    white: Colour
    iris: Colour
    dark: Colour
    brow: Colour
    hair: Colour
    hair_back: Colour
    hair_shine: Colour
    clothes: Colour
    collar: Colour

    @classmethod
    def of(cls, skin: Colour, clothes: Colour, looks: Looks) -> "Palette":
        """Return the colours that go with a skin in the light in which it was seen."""
        bright = max(luma(skin), 0.15)
        tone = between(0.14, 0.6, looks.hair**2)
        hair = bright * tone * _tint((1.0, 1 - 0.3 * looks.warmth, 1 - 0.55 * looks.warmth), skin)
        shade = skin * _tint((0.83, 0.77, 0.75), skin)
        lips = skin * _tint((0.86, 0.62, 0.62), skin)
        return cls(
            skin=skin,
            shade=shade,
            deep=shade * 0.82,
            shine=skin + (1 - skin) * 0.14,
            nostril=shade * 0.5,
            lips=lips,
            lip_low=(lips + skin) / 2,
            lip_line=lips * 0.45,
            white=np.clip(bright * 1.25 * _tint((1.0, 0.99, 0.97), skin), 0, 0.95),
            iris=bright * between(0.2, 0.5, looks.iris) * _tint((1.0, 0.8, 0.62), skin),
            dark=bright * _tint((0.16, 0.13, 0.12), skin),
            brow=hair * 0.6 + shade * 0.4,
            hair=hair,
            hair_back=hair * 0.8,
            hair_shine=hair + (bright - hair) * 0.12,
            clothes=clothes,
            collar=clothes * 0.82,
        )

    @classmethod
    def against(cls, around: Colour) -> "Palette":
        """Return a palette of one colour, which stands out from what is around."""
        other = around * _DARKER if luma(around) > _DARK else around + (1 - around) * _LIGHTER
        return cls(*[other] * len(fields(cls)))


def luma(colour: Colour) -> float:
    """Return how light a colour is.

    Examples:
        >>> luma(np.array([0.5])), round(luma(np.array([1.0, 0.0, 0.0])), 3)
        (0.5, 0.299)
    """
    return float(colour @ LUMA) if len(colour) == len(LUMA) else float(colour[0])


def _tint(rgb: tuple[float, float, float], like: Colour) -> Colour:
    """Return a colour in as many channels as another has."""
    colour = np.array(rgb)
    return colour if len(like) == len(LUMA) else np.array([luma(colour)])
