"""Shrink: no more pixels than are needed, so that nobody is recognised from afar by what nobody asked for."""

from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.imaging.base import Pixels

LEAST_PX, MOST_PX = 64, 16384


@dataclass(frozen=True)
class Shrink:
    """A picture that is longer than a limit is made smaller, each pixel the mean of those that it stands for.

    Attributes:
        long_side_px: the most pixels of its longer side, in [64, 16384].
    """

    long_side_px: int = 1600

    name: ClassVar[str] = "shrink"
    mirrors: ClassVar[bool] = False
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a side that is none."""
        value: object = self.long_side_px
        if isinstance(value, bool) or not isinstance(value, int) or not LEAST_PX <= value <= MOST_PX:
            raise SpecError(f"long_side_px must be a whole number in [{LEAST_PX}, {MOST_PX}], got {value!r}")

    def apply(self, picture: Picture) -> Picture:
        """Return the picture, smaller where it was longer; it is never enlarged."""
        width, height = picture.size_wh
        share = self.long_side_px / max(width, height)
        if share >= 1:
            return picture
        size_wh = max(1, round(width * share)), max(1, round(height * share))
        pixels = _mean(picture.pixels, size_wh, alpha=picture.channels.has_alpha)
        return replace(picture, pixels=pixels, encoding=picture.encoding.resized(size_wh))


def _mean(pixels: Pixels, size_wh: tuple[int, int], *, alpha: bool) -> Pixels:
    """Return means over the pixels' areas; a clear pixel's colour has no say, and what is clear holds none."""
    if not alpha:
        made = cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA)
        return np.asarray(made.reshape(size_wh[1], size_wh[0], -1))
    opacity = pixels[..., -1:].astype(np.float32)
    weighed = np.concatenate([pixels[..., :-1] * opacity, opacity], axis=2)
    made = cv2.resize(weighed, size_wh, interpolation=cv2.INTER_AREA).reshape(size_wh[1], size_wh[0], -1)
    shown = np.rint(made[..., -1:])
    colours = np.divide(made[..., :-1], made[..., -1:], out=np.zeros_like(made[..., :-1]), where=shown > 0)
    top = np.iinfo(pixels.dtype).max
    return np.asarray(np.concatenate([np.clip(np.rint(colours), 0, top), shown], axis=2), pixels.dtype)
