"""How a face lies in a patch: from the coordinates of an upright face to the patch's pixels, and which way it looks."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.recognition.alignment import similarity_transform
from anonymizer_udfs.regions import face_wh, snapped

HALF_HEIGHT = 0.66
"""Of an upright face's box, in widths of it."""
POINTS = ((-0.237, -0.158), (0.237, -0.158), (0.0, 0.104), (-0.203, 0.312), (0.203, 0.312))
"""Eyes, nose and corners of the mouth of an upright face, in widths of its box, from the box's centre: medians over 250
photos of LFW, of CenterFace's and YuNet's, which differ by 0.02, made symmetric; so is :data:`HALF_HEIGHT`."""
NOSE_DEPTH = 0.2
"""How far the tip of a nose stands out before the plane of eyes and mouth, in widths of the box. With it the nose says
the same yaw as the eyes, whose distance shrinks: 0.40 of that distance for CenterFace's points, 0.44 for YuNet's, over
700 photos of LFW, from 8 to 44 degrees."""
OUTLINE_DEPTH = 0.2
"""How far the outline of cheeks and jaw lies behind the plane of eyes and mouth, in widths of the box: what set an
ellipse around the face right, by eye, on photos of LFW turned by 20 to 45 degrees."""
YAW_MAX = 60.0
STRAY = 0.25
"""How far a point is believed to lie from an upright face's, in widths of the box; 0.24 was the most on 1,000 photos of
LFW. What is told further away is a mistake, which must not carry a feature off the face."""
_SCALES = (0.5, 2.0)
"""Points that tell a size further than this from the box's are not believed."""


@dataclass(frozen=True, eq=False)
class Facing:
    """A face's own coordinates in a patch.

    They are widths of an upright face's box from its centre, ``x`` to the right and ``y`` down in the picture of the
    upright face: so the box reaches from -0.5 to 0.5 and from -0.66 to 0.66, at any size and roll.

    Attributes:
        matrix: 2x3, from them to pixels of the patch.
        yaw_degrees: how far the face looks to the picture's right, in [-60, 60]; 0 where no points tell.
        points: where eyes, nose and corners of the mouth lie in these coordinates, ``(5, 2)``; :data:`POINTS` where no
            points tell.
    """

    matrix: NDArray[np.float64]
    yaw_degrees: float = 0.0
    points: NDArray[np.float64] = field(default_factory=lambda: np.array(POINTS))

    @classmethod
    def of(cls, target: Target) -> "Facing":
        """Return how a target lies: by its five points where they agree with its box, else upright in the box.

        Examples:
            >>> Facing.of(Target((10, 10, 30, 36.4))).pixels(np.zeros((1, 2))).tolist()
            [[20.0, 23.2]]
        """
        x0, y0, x1, y1 = target.box_xyxy
        width = max(target.face_wh[0], 1.0)
        upright = np.array([[width, 0.0, (x0 + x1) / 2], [0.0, width, (y0 + y1) / 2]])
        if target.landmarks is None:
            return cls(upright)
        seen = np.array(target.landmarks[: len(POINTS)], np.float64)
        matrix = similarity_transform(np.array(POINTS), seen)
        low, high = _SCALES
        if not low * width <= math.hypot(*matrix[:, 0]) <= high * max(target.face_wh):
            return cls(upright)
        away = cls(matrix).of_pixels(seen) - np.array(POINTS)
        return cls(matrix, _yaw(seen), np.array(POINTS) + np.clip(away, -STRAY, STRAY))

    @classmethod
    def by_box(cls, target: Target, *, snap: bool = False) -> "Facing":
        """Return how a target lies by its box and its roll alone: as large as a face that fills the box.

        Of a face that the picture's edge cuts off the longer side tells the size, so that the face is not taken for
        smaller than what is seen of it. Points tell the roll, and nothing else.

        Args:
            target: where the face is.
            snap: whether a face that is nearly upright or lying counts as that, as its region does.

        Examples:
            >>> cut_off = Facing.by_box(Target((0, 10, 16.5, 36.4)))
            >>> round(cut_off.width_px, 6), cut_off.pixels(np.zeros((1, 2))).round(6).tolist()
            (20.0, [[8.25, 23.2]])
        """
        roll = cls.of(target).roll_degrees
        roll = snapped(roll) if snap else roll
        x0, y0, x1, y1 = target.box_xyxy
        wide, high = face_wh(target.face_wh, roll)
        width = max(wide, high / (2 * HALF_HEIGHT), 1.0)
        across, along = width * math.cos(math.radians(roll)), width * math.sin(math.radians(roll))
        return cls(np.array([[across, -along, (x0 + x1) / 2], [along, across, (y0 + y1) / 2]]))

    @property
    def width_px(self) -> float:
        """The width of the upright face's box, in pixels of the patch."""
        return math.hypot(*self.matrix[:, 0])

    @property
    def roll_degrees(self) -> float:
        """How far the face is turned clockwise in the picture's plane, in (-180, 180]."""
        return math.degrees(math.atan2(self.matrix[1, 0], self.matrix[0, 0]))

    @property
    def outline_x(self) -> float:
        """Where the middle of the face's outline lies: as a head turns, it stays behind the points."""
        return -OUTLINE_DEPTH * math.sin(math.radians(self.yaw_degrees))

    def pixels(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where points of the face, ``(n, 2)``, are in the patch."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])

    def of_pixels(self, at: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the face's coordinates of places in the patch, ``(..., 2)`` as x, y."""
        turned = self.matrix[:, :2] / self.width_px**2  # the inverse of a similarity, transposed
        return np.asarray((at - self.matrix[:, 2]) @ turned)

    def coordinates(self, shape_hw: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the face's coordinates of the centre of each pixel of a patch, ``(h, w, 2)``."""
        h, w = shape_hw[:2]
        return self.of_pixels(np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), 2))


def _yaw(points: NDArray[np.float64]) -> float:
    """Return the yaw at which the nose stands as far beside the middle of the eyes and the mouth as it does.

    Under a camera far away the eyes' distance shrinks by the yaw's cosine and the nose moves by its sine, so the ratio
    is the tangent. The middle is that of the line from between the eyes to between the corners of the mouth.
    """
    eyes, mouth, nose = points[:2].mean(0), points[3:].mean(0), points[2]
    down = mouth - eyes
    apart = float(np.hypot(*(points[1] - points[0])))
    length = float(np.hypot(*down))
    if not apart or not length:
        return 0.0
    beside = float(down[1] * (nose - eyes)[0] - down[0] * (nose - eyes)[1]) / length
    frontal = POINTS[1][0] - POINTS[0][0]
    tangent = beside / apart * frontal / NOSE_DEPTH
    return float(np.clip(math.degrees(math.atan(tangent)), -YAW_MAX, YAW_MAX))
