"""Which pixels of a picture a stand-in's face covers, and where its features are."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.sampling import eased
from anonymizer_udfs.methods.seen import Seen

Points = NDArray[np.float64]
Plane = NDArray[np.float32]

EDGE = 0.05
"""Within the outline of cheeks and jaw by so many distances of the eyes the cover is half, and nothing but the
stand-in's is seen from twice that on."""
_ABOVE, _FADE = 0.12, 0.36
"""So far above the brows, the original's and the stand-in's, the cover is whole; beyond it fades."""
_BROWS_MOST = 0.22
"""How far above the stand-in's the original's brows may lie where nobody tells where they are."""
_TEMPLES = 0.5
_HALF = 0.5
_FAR_PX = 1e6
_LINES = ((slice(17, 22), 0.17), (slice(22, 27), 0.17), (slice(31, 36), 0.11))
_AREAS = ((slice(36, 42), 0.13), (slice(42, 48), 0.13), (slice(48, 60), 0.1))
"""Brows and nostrils as lines, eyes and lips as areas, so thick, in distances of the eyes."""
_WIDE = (0.72, 0.45)
_BROWS_HIGHEST = 0.6


@dataclass(frozen=True, eq=False)
class Cover:
    """A face's cover.

    Attributes:
        share: how much of each pixel is the stand-in's, float32 ``(h, w)`` in [0, 1].
        depth: how far each pixel lies within, in distances of the eyes, ``(h, w)``; 0 outside.
        skin: how much of it is skin, from the hairline to the jaw, without features: ``(h, w)`` in [0, 1].
        plain: how much of it shows no feature, ``(h, w)`` in [0, 1].
    """

    share: Plane
    depth: Plane
    skin: Plane
    plain: Plane

    @classmethod
    def of(cls, size_hw: tuple[int, int], seen: Seen, points: Points) -> "Cover":
        """Return the cover of a stand-in's face.

        Args:
            size_hw: of the picture.
            seen: the original, in that picture.
            points: the stand-in's 68 points there.
        """
        eye_px = seen.scale
        low, high = _forehead(seen, points)
        inside = _within(_filled([_outline(seen, points, high, _TEMPLES * high)], size_hw))
        share = (
            eased(inside.astype(np.float64) / (2 * EDGE * eye_px)) if eye_px > 1 else (inside > 0).astype(np.float64)
        )
        h, w = size_hw
        up = seen.up / eye_px**2
        brows = points[17:27].mean(0)
        x, y = np.arange(w) + 0.5 - brows[0], np.arange(h)[:, None] + 0.5 - brows[1]
        above = x * up[0] + y * up[1]
        ended: Plane = np.asarray(share * eased((high - above) / (high - low)), np.float32)
        depth = _within((ended > _HALF).astype(np.uint8)) / np.float32(max(eye_px, 1e-6))
        features = _features(size_hw, seen, points)
        wide = _within(_filled([_outline(seen, points, *_WIDE)], size_hw))
        plain = 1 - np.float32(0.98) * features
        return cls(ended, depth, np.asarray(plain * (wide > EDGE * eye_px), np.float32), plain)


def _within(mask: NDArray[np.uint8]) -> Plane:
    """Return how far each pixel of a mask is from those that are not in it, in pixels."""
    return np.minimum(np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32), np.float32(_FAR_PX))


def _forehead(seen: Seen, points: Points) -> tuple[float, float]:
    """Return how far above the middle of the stand-in's brows the cover is whole, and where it ends."""
    brows, up = points[17:27], seen.up / seen.scale**2
    highest = _BROWS_MOST
    if seen.points is not None:
        highest = float(((np.concatenate([brows, seen.points[17:27]]) - brows.mean(0)) @ up).max())
    low = min(highest, _BROWS_HIGHEST) + _ABOVE
    return low, low + _FADE


def _outline(seen: Seen, points: Points, forehead: float, temples: float) -> Points:
    """Return the outline of a face: the jaw's points, and the brows' moved upwards."""
    brows = points[17:27]
    height = np.array([temples, *[forehead] * 8, temples])
    return np.concatenate([points[:17], (brows + height[:, None] * seen.up)[::-1]])


def _filled(shapes: Sequence[Points], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    out = np.zeros(size_hw, np.uint8)
    # OpenCV has the centre of a pixel at a whole number.
    cv2.fillPoly(out, [_fixed(one) for one in shapes], 1, shift=4)
    return out


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.rint(np.clip((points - 0.5) * 16, -(2.0**28), 2.0**28)).astype(np.int32)


def _features(size_hw: tuple[int, int], seen: Seen, points: Points) -> Plane:
    """Return where brows, eyes, nostrils and lips are, of the original and of the stand-in."""
    out = np.zeros(size_hw, np.uint8)
    for one in (points,) if seen.points is None else (points, seen.points):
        for where, thick in _LINES:
            cv2.polylines(out, [_fixed(one[where])], isClosed=False, color=1, thickness=_px(thick, seen), shift=4)
        for where, thick in _AREAS:
            cv2.fillPoly(out, [_fixed(one[where])], 1, shift=4)
            cv2.polylines(out, [_fixed(one[where])], isClosed=True, color=1, thickness=_px(thick, seen), shift=4)
    return out.astype(np.float32)


def _px(thick: float, seen: Seen) -> int:
    return max(1, min(round(thick * seen.scale), 255))
