"""Donors of photos: a face that looks straight ahead with no expression, brought onto the canvas."""

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.landmarks.expression import eye_aspect_ratios, mouth_openness
from anonymizer_udfs.landmarks.pose import pose
from anonymizer_udfs.methods import splines
from anonymizer_udfs.methods.expressed import expressed
from anonymizer_udfs.methods.lattice import Lattice
from anonymizer_udfs.methods.seen import Seen

LEAST_EYE_PX = 40.0
"""Eyes that are closer together are not sharp enough on the canvas, where they are 96 pixels apart."""
TURNED_MOST, OPEN_MOST, SHUT = 12.0, 0.09, 0.18
"""Degrees of yaw or pitch, the gap between the lips and the openness of an eye beyond which a face is no donor's."""
_INNER = 0.6
"""Between the inner corners of the eyes, in distances of the eyes."""
_NODE_PX = 6.0

Rgb = NDArray[np.uint8]


def unfit(points: Points) -> str | None:
    """Return why a face cannot be a donor's: ``small``, ``turned``, ``mouth open`` or ``eyes shut``; None if it can.

    Args:
        points: its 68 points.
    """
    turn, (left, right) = pose(points), points.as_68[[39, 42]]
    reasons = {
        "small": not float(np.hypot(*(right - left))) >= _INNER * LEAST_EYE_PX,
        "turned": not max(abs(turn.yaw), abs(turn.pitch)) <= TURNED_MOST,
        "mouth open": not mouth_openness(points) <= OPEN_MOST,
        "eyes shut": not min(eye_aspect_ratios(points)) >= SHUT,
    }
    return next((why for why, so in reasons.items() if so), None)


def donor(rgb: Rgb, points: Points) -> tuple[Rgb, NDArray[np.float32]]:
    """Return the canvas of a face, uint8 ``(h, w, 3)``, and its own points, float32 ``(68, 2)``.

    Its features are brought to where the canvas has them; its points are those it has without its expression.

    Args:
        rgb: the photo, uint8 ``(h, w, 3)``.
        points: the face's, of which :func:`unfit` says nothing.
    """
    xy = points.as_68
    seen = Seen.of_points(xy)
    if seen is None:
        raise SpecError("a donor's points must be those of a face that is seen from the front")
    h, w = shape.SIZE_HW
    lattice = Lattice.over((0, 0, w, h), _NODE_PX)
    nodes = lattice.nodes.reshape(-1, 2) / shape.EYE_PX + shape.CORNER
    skin = shape.SKIN[:6]
    on_canvas = np.concatenate([shape.CANVAS, skin[:, :2]])
    there = np.concatenate([xy, seen.placed(skin[:, :2], skin[:, 2])])
    flat = seen.scale * nodes @ seen.flat.T + seen.shift
    off = there - (seen.scale * on_canvas @ seen.flat.T + seen.shift)
    where = lattice.filled((flat + splines.displaced(on_canvas, off, nodes)).reshape(*lattice.shape, 2) - 0.5)
    canvas = cv2.remap(rgb, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    neutral = Seen(np.eye(3), 1.0, np.zeros(2), shape.NEUTRAL[:5], shape.NEUTRAL)
    return np.asarray(canvas, np.uint8), expressed(seen.frontal(), neutral).astype(np.float32)
