"""A stand-in's face in the light, the colours, the sharpness and the grain of the picture that it is put into."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.cells import Cells
from anonymizer_udfs.methods.cover import Cover
from anonymizer_udfs.methods.inks import LUMA
from anonymizer_udfs.methods.sampling import LEVELS, eased

Picture = NDArray[np.float32]
"""Light in [0, 1], ``(h, w, 3)``."""

COARSE_EYE_PX = 48.0
"""Light is matched in a picture in which the eyes are at most so far apart."""
SEAM, RIM = 0.085, 0.26
"""Within this of the cover's edge, in distances of the eyes, light follows the picture as a blur by ``SEAM`` has it: so
there is no seam. Further inside it is that of the cells alone."""
_TIMES = 3
_LEAST_AREA = 0.2
"""Share of a cell that must be skin for it to count in full."""
_DARKEST, _GAIN, _SEAM_GAIN = 3.0, (0.12, 6.0), (0.5, 2.0)
BLURS_PX = (0.0, 0.5, 0.8, 1.2, 1.8, 2.6)
"""What a stand-in may be blurred by: so its sharpness is told in six steps."""
GRAINS = (0.0, 0.002, 0.004, 0.008, 0.016, 0.032)
"""Grain that is added, as shares of the full range: so it is told in six steps."""
_NONE = 0.001
_MEDIAN = 0.6745
"""Of the sizes of a normal variable, in standard deviations."""
_FINE_PX = 0.8
_LEAST_PIXELS = 48


def gains(pictures: tuple[Picture, Picture], cover: Cover, eye_px: float, target: Target, cells: int) -> Picture:
    """Return by how much a face is to be lighter in the picture that it covers, as logarithms.

    What is taken from within the face are means over cells, without its features, rounded to 256 levels; near the edge,
    where both go over into each other, light follows the picture as a blur has it.

    Args:
        pictures: the face, and the picture, of one size.
        cover: the stand-in's there.
        eye_px: the distance of the eyes there.
        target: where its box is there.
        cells: along a side of the box.
    """
    face, around = pictures
    gain = _by_cells(face, around, cover, target, cells)
    sigma = max(SEAM * eye_px, 0.3)
    weight = cv2.GaussianBlur(cover.plain, (0, 0), sigma)[..., None]
    theirs, mine = (
        cv2.GaussianBlur(one * cover.plain[..., None], (0, 0), sigma) / weight for one in (around, face * np.exp(gain))
    )
    seam = np.log(np.clip((theirs + 0.03) / (mine + 0.03), *_SEAM_GAIN))
    rim = 1 - eased(cover.depth.astype(np.float64) / RIM)
    return np.asarray(gain + seam * rim[..., None], np.float32)


def _by_cells(face: Picture, around: Picture, cover: Cover, target: Target, cells: int) -> Picture:
    """Return by how much light differs over cells, as logarithms, without steps between them.

    Smoothing carries light over into neighbours, so what is still missing is added again and again.
    """
    grid = Cells.over(face.shape[:2], target, cells)
    weights = np.rint(cover.skin * np.float32(LEVELS)).astype(np.int64)[..., None]
    sums = grid.sums(weights)
    counts = np.clip(sums / (LEVELS * _LEAST_AREA * grid.areas), 0, 1) + 1e-4
    sigma = max(0.55 * max(target.face_wh) / cells * 0.75, 0.5)
    blurred = cv2.GaussianBlur(grid.filled(counts.astype(np.float32)), (0, 0), sigma).reshape(*face.shape[:2], 1)

    def means(picture: Picture) -> NDArray[np.float64]:
        levels = np.rint(np.clip(picture, 0, 1) * np.float32(LEVELS)).astype(np.int64)
        return np.asarray(grid.sums(weights * levels) / np.maximum(sums, 1))

    theirs, out = np.rint(means(around)) + _DARKEST, np.zeros_like(face)
    for _ in range(_TIMES):
        gain = np.log(np.clip(theirs / (means(face * np.exp(out)) + _DARKEST), *_GAIN))
        added = cv2.GaussianBlur(grid.filled((gain * counts).astype(np.float32)), (0, 0), sigma)
        out += added.reshape(face.shape) / blurred
    return out


def as_sharp(face: Picture, around: Picture, share: NDArray[np.float32]) -> tuple[Picture, float]:
    """Return a face blurred until it is no sharper than the picture there, and what it then lacks of grain.

    Returns:
        The face, and the standard deviation of what it lacks, as a share of the full range: one of :data:`GRAINS`.
    """
    inside = share > 0.9  # noqa: PLR2004 - nearly all of a pixel
    if inside.sum() < _LEAST_PIXELS:
        return face, 0.0
    (wanted, grainy), own = _fine(around @ LUMA, inside), face @ LUMA
    has, even, chosen = 0.0, 0.0, 0.0
    for sigma in BLURS_PX:
        (has, even), chosen = _fine(cv2.GaussianBlur(own, (0, 0), sigma) if sigma else own, inside), sigma
        if has <= 1.05 * wanted:
            break
    out = np.asarray(cv2.GaussianBlur(face, (0, 0), chosen), np.float32) if chosen else face
    lacks = math.log2(max(math.sqrt(max(grainy**2 - even**2, 0)), _NONE))
    return out, min(GRAINS, key=lambda step: abs(math.log2(max(step, _NONE)) - lacks))


def _fine(grey: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how strong detail of about a pixel is, and that of its even part, as standard deviations.

    The second is from the median size (Donoho and Johnstone 1994): where half of the pixels lie on no edge it is that
    of the grain.
    """
    detail = (grey - cv2.GaussianBlur(grey, (0, 0), _FINE_PX))[inside]
    return float(detail.std()), float(np.median(np.abs(detail))) / _MEDIAN
