"""What is seen in an open mouth: drawn, since the donors' are closed."""

import math

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.drawing import stamp
from anonymizer_udfs.methods.sampling import eased
from anonymizer_udfs.methods.seen import Seen

Points = NDArray[np.float64]

OPEN = 0.035
"""Of lips that are less apart, in distances of the eyes, nothing but the line between them is seen."""
_TOOTH = np.array([0.86, 0.82, 0.75])
_DARK, _TONGUE = np.array([0.2, 0.085, 0.075]), np.array([0.28, 0.1, 0.1])
_GAP_OF = (0.0, 0.155, 0.3, 0.45, 0.7)
_HEIGHT = (0.155, 0.155, 0.29, 0.14, 0.12)
"""How high the teeth are that are seen in a mouth which is open so far, in distances of the eyes: a smile shows both
rows, a shout the edge of the upper one."""
_GAPS = np.array([0.0, 0.092, 0.165, 0.238, 0.3, 0.355, 0.405])
_FROM = 0.55
"""Skin this light has teeth as bright as they are drawn."""
_TONGUE_FROM = 0.2


def opened(picture: NDArray[np.float32], seen: Seen, lips: Points, gap: float, skin: float) -> None:
    """Draw teeth, and the dark behind them, between lips that are open, in place.

    Args:
        picture: the stand-in's face, float32 ``(h, w, 3)`` of light in [0, 1].
        seen: how it lies there.
        lips: the eight inner points there, ``(8, 2)``.
        gap: how far they are apart, in distances of the eyes.
        skin: how light its skin is, in [0, 1].
    """
    along = lips[4] - lips[0]
    width = math.hypot(*along)
    if gap < OPEN or not width > 0:
        return
    soft_px = 0.012 * seen.scale
    found = stamp(lips, picture.shape[:2], soft_px)
    if not found.cover.size:
        return
    middle, right = (lips[0] + lips[4]) / 2, along / width
    down = -seen.up / seen.scale
    turn = np.linalg.inv(np.column_stack([right, down]))
    x = np.arange(found.columns.start, found.columns.stop) + 0.5 - middle[0]
    y = np.arange(found.rows.start, found.rows.stop)[:, None] + 0.5 - middle[1]
    across, below = ((turn[i, 0] * x + turn[i, 1] * y) / unit for i, unit in ((0, width / 2), (1, seen.scale)))
    upper = float((((lips[1:4] - middle) @ turn.T)[:, 1] / seen.scale).mean())
    inside = _inside(across, below, upper, width / seen.scale, gap) * min(1.0, 0.3 + 0.65 * skin / _FROM)
    window = picture[found.rows, found.columns]
    window += (inside.astype(np.float32) - window) * found.cover[..., None]


def _inside(
    across: NDArray[np.float64], below: NDArray[np.float64], upper: float, width: float, gap: float
) -> NDArray[np.float64]:
    """Return the colours of an open mouth.

    Args:
        across: how far each pixel is from the middle, in half widths of the mouth.
        below: how far below the corners, in distances of the eyes.
        upper: the same of the upper lip.
        width: of the mouth, in distances of the eyes.
        gap: between the lips.
    """
    under = below - upper * (1 - across**2)
    high = float(np.interp(gap, _GAP_OF, _HEIGHT))
    teeth = eased((high * (1 - 0.35 * across**2) - under) / 0.02) * eased((1 - np.abs(across)) / 0.18)
    beside = np.abs(np.abs(across * width / 2)[..., None] - _GAPS).min(2)
    bright = (0.93 - 0.4 * np.clip(np.abs(across), 0, 1) ** 2) * np.clip(0.62 + under / 0.05 * 0.38, 0.55, 1)
    bright = bright * (1 - 0.16 * np.exp(-((beside / 0.008) ** 2)))
    tongue = np.exp(-(((below - 0.5 * gap - 0.1) / 0.09) ** 2) - (across / 0.6) ** 2) * (gap > _TONGUE_FROM)
    dark = _DARK + tongue[..., None] * _TONGUE
    return np.asarray(dark + (bright[..., None] * _TOOTH - dark) * teeth[..., None])
