"""A donor's face, made for one place in a picture."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors.faces import Donor
from anonymizer_udfs.methods import mouth
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.carried import laid
from anonymizer_udfs.methods.cover import Cover
from anonymizer_udfs.methods.inks import LUMA
from anonymizer_udfs.methods.relit import COARSE_EYE_PX, as_sharp, gains
from anonymizer_udfs.methods.sampling import LEVELS
from anonymizer_udfs.methods.seen import Seen

Points = NDArray[np.float64]
Picture = NDArray[np.float32]

WORKING_EYE_PX = 192.0
"""A face whose eyes are further apart is made at this size and enlarged: donors are half as fine."""
_REACH = 0.6
"""Above the brows and below the chin, in distances of the eyes."""
_SKIN_SATURATION = 0.3
_GRAIN_SHARE, _GRAIN_MOST = 0.9, 0.03
_SMALL_PX = 30.0
"""Where eyes are closer together what is fine is features, and tells no grain."""
_WHITE_FINE = 0.79
"""Standard deviation of white noise of 1 less a blur of itself by 0.8 pixels."""


@dataclass(frozen=True, eq=False)
class Work:
    """Where a face is made.

    Attributes:
        window: ``x0 y0 x1 y1`` in the patch.
        size_hw: of the picture in which it is made: the window's, or smaller.
        seen: the original in that picture.
        points: the stand-in's 68 points there.
        irises: its irises there, ``(2, 2)``.
        target: where the original's box is there.
    """

    window: tuple[int, int, int, int]
    size_hw: tuple[int, int]
    seen: Seen
    points: Points
    irises: Points
    target: Target

    @classmethod
    def over(
        cls, patch_hw: tuple[int, int], seen: Seen, points: Points, irises: Points, target: Target
    ) -> "Work | None":
        """Return where the face is made of which the patch shows something; None where it shows nothing.

        Args:
            patch_hw: the patch's size.
            seen: the original in the patch.
            points: the stand-in's 68 points in the patch.
            irises: its irises in the patch.
            target: where the original's box is in the patch.
        """
        reach, size = _REACH * seen.scale, np.array(patch_hw[::-1])
        low = np.clip(np.floor(points.min(0) - reach), 0, size).astype(int)
        high = np.clip(np.ceil(points.max(0) + reach), 0, size).astype(int)
        if (low >= high).any():
            return None
        by = min(1.0, WORKING_EYE_PX / seen.scale)
        w, h = (max(1, round(float(side) * by)) for side in high - low)
        x0, y0 = low.tolist()
        return cls(
            (x0, y0, *high.tolist()),
            (h, w),
            seen.scaled(by, (x0, y0)),
            (points - low) * by,
            (irises - low) * by,
            _scaled(target, by, (x0, y0)),
        )

    def face(
        self, donor: Donor, gap: float, around: NDArray[np.uint8], cells: int, rng: np.random.Generator
    ) -> tuple[Picture, NDArray[np.float32]]:
        """Return the face in the window, and how much of each pixel it covers.

        Args:
            donor: the face, looking straight ahead.
            gap: how far its lips are apart, in distances of the eyes.
            around: what is in the window, uint8 ``(h, w, 3)``.
            cells: of light along a side of the box.
            rng: what the grain is drawn from.
        """
        scene = _resized(around.astype(np.float32), self.size_hw) / np.float32(LEVELS)
        cover = Cover.of(self.size_hw, self.seen, self.points)
        face = laid(donor.canvas, self.size_hw, self.seen, self.points, self.irises)
        mouth.opened(face, self.seen, self.points[60:68], gap, donor.tone)
        face *= np.exp(_tinted(self._light(face, scene, cells), face))
        face, lacks = as_sharp(face, scene, cover.share)
        x0, y0, x1, y1 = self.window
        whole = _resized(face, (y1 - y0, x1 - x0), cv2.INTER_CUBIC)
        lacks *= float(np.clip((self.seen.scale - _SMALL_PX) / _SMALL_PX, 0, 1))
        if lacks:
            grain = rng.standard_normal(whole.shape[:2], np.float32)
            grain *= np.float32(min(_GRAIN_SHARE * lacks / _WHITE_FINE, _GRAIN_MOST))
            whole = whole + grain[..., None]
        return whole, _resized(cover.share, (y1 - y0, x1 - x0))

    def _light(self, face: Picture, scene: Picture, cells: int) -> Picture:
        """Return by how much each pixel is lighter in the scene, as a logarithm."""
        by = min(1.0, COARSE_EYE_PX / self.seen.scale)
        h, w = (max(1, round(side * by)) for side in self.size_hw)
        seen = self.seen.scaled(by, (0, 0))
        cover = Cover.of((h, w), seen, self.points * by)
        small = _resized(face, (h, w)), _resized(scene, (h, w))
        found = gains(small, cover, seen.scale, _scaled(self.target, by, (0, 0)), cells)
        return _resized(found, self.size_hw)


def _tinted(gain: Picture, face: Picture) -> Picture:
    """Return a gain whose colour is for skin: what is grey, as teeth and the whites of eyes, gets less of it.

    The donor's skin has another colour than the original's. What would make it that would make white green.
    """
    red, green, blue = np.moveaxis(face, 2, 0)  # a reduction over so short an axis takes five times as long
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    saturation = (most - least) / np.maximum(most, np.float32(1e-3))
    share = np.clip(saturation / np.float32(_SKIN_SATURATION), 0, 1)[..., None]
    light = (gain @ LUMA)[..., None]
    return np.asarray(light + (gain - light) * share, np.float32)


def _scaled(target: Target, by: float, corner: tuple[int, int]) -> Target:
    x0, y0, x1, y1 = ((v - c) * by for v, c in zip(target.box_xyxy, (*corner, *corner), strict=True))
    return replace(target, box_xyxy=(x0, y0, x1, y1), landmarks=None)


def _resized(
    picture: NDArray[np.float32], size_hw: tuple[int, int], larger: int = cv2.INTER_LINEAR
) -> NDArray[np.float32]:
    """Return a picture ``(h, w)`` or ``(h, w, c)`` at another size: averaged down, or interpolated."""
    if picture.shape[:2] == size_hw:
        return picture
    how = cv2.INTER_AREA if size_hw[0] < picture.shape[0] else larger
    made = cv2.resize(picture, size_hw[::-1], interpolation=how)
    return np.asarray(made, np.float32).reshape(*size_hw, *picture.shape[2:])
