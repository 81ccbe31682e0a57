"""Making a head look like the picture that it goes into: its light, its colour cast, its noise.

Half of the way only: a head that had the light of the picture altogether would lose what its own skin looks like, and
with that what a recognizer knows it by.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]

PULL = 0.5
"""How much of the way to the picture's light a head is taken, on a scale of factors."""
GAIN = (0.5, 1.7)
"""No channel is multiplied by less or more than this."""
CONTRAST = (0.7, 1.3)
BLOCK, SMOOTH = 12, 0.25
"""Noise is measured in blocks of so many pixels a side; this quantile of them counts."""
NOISE_MOST = 12.0
"""Of noise, in levels of 256, no more than this is added."""
GREY_MOST = 3.0
"""A picture whose channels differ by less than this, in levels, on average is grey."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue (ITU-R BT.601)."""
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def is_grey(rgb: Rgb) -> bool:
    """Return whether a picture shows no colour, ``(h, w, 3)``."""
    step = max(1, max(rgb.shape[:2]) // 256)
    some = rgb[::step, ::step].astype(np.int16)
    return float((some.max(2) - some.min(2)).mean()) < GREY_MOST


def noise_sigma(luma: Floats) -> float:
    """Return the standard deviation of a picture's noise in its own levels (Immerkaer 1996), where it is smooth.

    What a mask that is blind to slopes answers to edges and texture is no noise: so it is measured in small blocks, of
    which the smoother quarter counts, and in each by a median.

    Examples:
        >>> flat = np.full((64, 64), 128, np.float32)
        >>> noise_sigma(flat), round(noise_sigma(flat + np.random.default_rng(0).normal(0, 5, flat.shape)))
        (0.0, 5)
    """
    high, wide = ((side - 2) // BLOCK * BLOCK for side in luma.shape)
    if not high or not wide:
        return 0.0
    answer = cv2.filter2D(luma.astype(np.float32), cv2.CV_32F, _LAPLACIAN)[1 : high + 1, 1 : wide + 1]
    blocks = np.abs(answer).reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK).swapaxes(1, 2)
    # The mask's answer to noise of deviation 1 has deviation 6; the median of absolute values is 0.6745 of that.
    return float(np.quantile(np.median(blocks.reshape(-1, BLOCK * BLOCK), 1), SMOOTH)) / (6 * 0.6745)


@dataclass(frozen=True, eq=False)
class Scene:
    """What a head is made like.

    Attributes:
        grey: whether the picture has no colour.
        noise: the standard deviation of its noise, in levels.
        skins: colours of its faces, ``(n, 3)``; none where it has no face.
    """

    grey: bool
    noise: float
    skins: Floats | None = None

    @classmethod
    def of(cls, rgb: Rgb, skins: Floats | None) -> "Scene":
        """Return what is like a picture, ``(h, w, 3)``."""
        return cls(is_grey(rgb), noise_sigma(rgb @ LUMA), skins)


def matched(rgb: Rgb, alpha: Floats, under: Rgb, scene: Scene, rng: Generator) -> Floats:
    """Return the head's light, made like the picture's: ``(h, w, 3)`` float32 in [0, 255].

    Args:
        rgb: the head, ``(h, w, 3)``.
        alpha: how opaque it is, ``(h, w)``.
        under: what it covers, of the same size.
        scene: what it is made like. Where that has no face, what is around counts, and half as much, since a wall says
            less of the light on a face.
        rng: its noise.
    """
    light = rgb.astype(np.float32)
    solid = alpha > 0.5  # noqa: PLR2004 - more of it than not
    if solid.any():
        own = light[solid]
        around = under.reshape(-1, 3).astype(np.float32)
        wanted, pull = (around, PULL / 2) if scene.skins is None else (scene.skins, PULL)
        light = _pulled(light, own, wanted, pull)
    if scene.grey:
        light = np.repeat((light @ LUMA)[..., None], 3, 2)
    return np.asarray(np.clip(light + _noise(light, scene.noise, rng)[..., None], 0, 255), np.float32)


def _pulled(light: Floats, own: Floats, wanted: Floats, pull: float) -> Floats:
    """Return light of which the mean and the contrast are some of the way to those that are wanted."""
    mean, aim = own.mean(0), wanted.mean(0)
    gain = np.clip(((aim + 8) / (mean + 8)) ** pull, *GAIN)
    spread, goal = float((own @ LUMA).std()), float((wanted @ LUMA).std())
    contrast = float(np.clip(((goal + 8) / (spread * float(gain @ LUMA) + 8)) ** pull, *CONTRAST))
    moved = mean * gain
    return np.asarray((light * gain - moved) * contrast + moved, np.float32)


def _noise(light: Floats, sigma: float, rng: Generator) -> Floats:
    """Return the noise that the head lacks of what it goes into, ``(h, w)``."""
    lacks = sigma**2 - noise_sigma(light @ LUMA) ** 2
    drawn = rng.standard_normal(light.shape[:2], np.float32)  # drawn in any case, so that what follows is the same
    return np.asarray(drawn * min(NOISE_MOST, max(0.0, lacks) ** 0.5), np.float32)
