"""One opaque surrogate for every face of a group of people (k-Same: Newton, Sweeney and Malin 2005)."""

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.findings import roll_degrees
from anonymizer_udfs.methods.base import Patch, Target, check_count, colours, full_range
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.methods.surrogate import SIDE_PX, Surrogate, placed
from anonymizer_udfs.regions import face_wh

K_MAX = 10_000
TILE_PX = 8192
"""OpenCV warps no picture of 32,768 pixels and more along a side; a patch is made in squares of this."""


@dataclass(frozen=True)
class KSame:
    """Replace the whole patch by the surrogate that the face's person shares with at least ``k`` - 1 others.

    No pixel depends on the face: the surrogate is one and the same picture for all faces of a group, put where the
    detector's box is, as large, and turned as far. So whoever names the person behind a face is right in one of ``k``
    cases, as long as nothing beside the surrogate tells more; ``docs/methods.md`` lists what it rests on.

    A face without a surrogate, or with one that fewer people share, is filled as :class:`Mask` does it.

    Attributes:
        k: the least people who share a surrogate, 2 to 10,000.
    """

    k: int = 20

    name: ClassVar[str] = "k_same"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        check_count("k", self.k, 2, K_MAX)

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: just below the mask; more people are stronger."""
        return (8.0, float(self.k))

    def surrogate(self, target: Target) -> Surrogate | None:
        """Return the surrogate that a face becomes; none where it is filled."""
        return target.surrogate if self.serves(target) and _width_px(target) > 0 else None

    def serves(self, target: Target) -> bool:
        """Return whether a face has a surrogate that at least ``k`` people share."""
        return target.surrogate is not None and target.surrogate.people >= self.k

    def noted(self, target: Target) -> dict[str, str | None]:
        """Return what the record of the face says beside the parameters: the surrogate's digest, none for a fill."""
        given = self.surrogate(target)
        return {"surrogate_sha256": None if given is None else given.sha256}

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with the surrogate over all of it; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = Mask().apply(patch, target, rng), colours(patch, target.alpha)
        given = self.surrogate(target)
        if given is None or not patch.size:
            return out
        canvas = _in_colours(given.canvas, len(treated))
        matrix = placed(_centre(target), _width_px(target), _roll(target))
        step = full_range(patch) // 255
        for y in range(0, patch.shape[0], TILE_PX):
            for x in range(0, patch.shape[1], TILE_PX):
                tile = out[y : y + TILE_PX, x : x + TILE_PX]
                shift = matrix - [[0, 0, x], [0, 0, y]]
                tile[..., treated] = _warped(canvas, shift, tile.shape[:2]).astype(patch.dtype) * step
        return out


def _roll(target: Target) -> float:
    """Return how far the face is turned, as its record says it; 0 where no points tell."""
    if target.landmarks is None:
        return 0.0
    return roll_degrees(np.array(target.landmarks[:5], np.float32)) or 0.0


def _centre(target: Target) -> tuple[float, float]:
    x0, y0, x1, y1 = target.box_xyxy
    return (x0 + x1) / 2, (y0 + y1) / 2


def _width_px(target: Target) -> float:
    """Return the width of the upright face, 0 where the box is empty.

    It follows from box and roll alone: a fit to the points would tell how they lie in the box, which is the face's own.
    """
    wide, high = target.face_wh
    return face_wh((wide, high), _roll(target))[0] if wide > 0 and high > 0 else 0.0


def _in_colours(canvas: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Return the canvas in as many channels as a patch has colours: grey, RGB, or ink without black."""
    if count == len("rgb"):
        return canvas
    if count == len("cmyk"):
        return np.concatenate([255 - canvas, np.zeros_like(canvas[..., :1])], 2)
    grey = np.asarray(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY), np.uint8)
    return np.repeat(grey[..., None], count, 2)


def _warped(canvas: NDArray[np.uint8], matrix: NDArray[np.float64], shape_hw: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a patch of a shape on which the canvas lies by a matrix; beyond it, what its edge has.

    A canvas that gets smaller is averaged down first: sampling it bilinearly would alias.
    """
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < 1:
        side = max(2, round(SIDE_PX * scale))
        canvas = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        back = SIDE_PX / side
        matrix = matrix @ np.array([[back, 0, (back - 1) / 2], [0, back, (back - 1) / 2], [0, 0, 1]])
    h, w = shape_hw[:2]
    out = cv2.warpAffine(canvas, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8).reshape(h, w, -1)
