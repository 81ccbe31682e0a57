"""From five landmarks to the upright chip that a recognizer was trained on.

Detectors disagree on where an eye or a nose is, so each has its own target points. SCRFD's for dlib were fitted to
dlib's own crops; ArcFace's are those of InsightFace's training. CenterFace's and YuNet's are the medians of where their
points fall once a face is aligned by SCRFD's, over 2,208 photos of 1,104 people. What each reaches is in
``docs/recognition.md``.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.chips import chip
from anonymizer_udfs.errors import SpecError, UnknownNameError

Points = tuple[tuple[float, float], ...]
Templates = Mapping[str, Points]

DLIB_SIDE_PX = 150
DLIB: Templates = {
    "scrfd": ((45.9, 45.6), (102.3, 45.7), (74.2, 76.7), (50.3, 105.0), (97.5, 104.1)),
    "centerface": ((46.1, 47.3), (102.1, 47.0), (73.1, 78.3), (49.9, 104.8), (96.5, 104.5)),
    "yunet": ((45.1, 45.5), (103.0, 45.9), (72.6, 79.2), (48.3, 102.8), (98.8, 103.5)),
}
"""Target points in dlib's chip of 150x150 pixels, by detector."""

ARCFACE_SIDE_PX = 112
ARCFACE: Templates = {
    "scrfd": ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
    "centerface": ((37.5, 53.4), (74.5, 53.1), (55.4, 73.8), (40.2, 91.4), (70.9, 91.0)),
    "yunet": ((36.9, 52.2), (75.1, 52.3), (55.1, 74.4), (39.1, 90.0), (72.5, 90.4)),
}
"""Target points in ArcFace's chip of 112x112 pixels, by detector."""

_POINTS = 5


def target(templates: Templates, detector: str) -> NDArray[np.float64]:
    """Return the target points of a detector, ``(5, 2)`` in pixels of the chip.

    Raises:
        UnknownNameError: if no points are known for that detector; it must be fitted before it can be attacked with.
    """
    if detector not in templates:
        raise UnknownNameError("detector for alignment", detector, templates)
    return np.array(templates[detector], np.float64)


def similarity_transform(points: NDArray[np.floating], onto: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the 2x3 matrix that moves, turns and scales ``points`` closest to ``onto`` in the least-squares sense.

    In complex numbers the fit is a regression with one slope, which never mirrors. Where all points fall together
    there is nothing to turn or scale by, and the matrix only moves.

    Args:
        points: ``(k, 2)`` as x, y.
        onto: ``(k, 2)`` as x, y.

    Examples:
        >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        >>> similarity_transform(square, square * 2 + 3).round(6).tolist()
        [[2.0, -0.0, 3.0], [0.0, 2.0, 3.0]]
    """
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (points.astype(np.float64), onto.astype(np.float64)))
    z_mean, w_mean = z.mean(), w.mean()
    spread = float((np.abs(z - z_mean) ** 2).sum())
    slope = complex((np.conj(z - z_mean) * (w - w_mean)).sum() / spread) if spread > 0 else 1 + 0j
    move = complex(w_mean - slope * z_mean)
    return np.array([[slope.real, -slope.imag, move.real], [slope.imag, slope.real, move.imag]])


def chips(
    rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], onto: NDArray[np.float64], side_px: int
) -> NDArray[np.uint8]:
    """Return one chip a face, uint8 ``(n, side_px, side_px, 3)`` RGB.

    Raises:
        SpecError: if the picture or the landmarks have another shape or type, or a landmark is not finite.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != len("hwc") or rgb.shape[2] != len("rgb"):
        raise SpecError(f"a picture must be uint8 (h, w, 3), got {rgb.dtype} {rgb.shape}")
    if landmarks.ndim != len("nkx") or landmarks.shape[1:] != (_POINTS, 2) or not np.isfinite(landmarks).all():
        raise SpecError(f"landmarks must be finite numbers of shape (n, 5, 2), got shape {landmarks.shape}")
    out = np.zeros((len(landmarks), side_px, side_px, 3), np.uint8)
    for i, points in enumerate(landmarks):
        out[i] = chip(rgb, similarity_transform(points, onto), side_px)
    return out
