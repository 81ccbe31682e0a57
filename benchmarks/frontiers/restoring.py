"""An attacker who restores first: a ridge regression from treated faces to clear ones, learned from other people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer, alignment
from anonymizer_udfs.recognition.alignment import DLIB, DLIB_SIDE_PX
from benchmarks.frontiers.people import Photo
from benchmarks.photos import Rgb

SIDE_PX = 64
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Tried on people held out, as shares of the kernel's mean diagonal."""
HELD_OUT = 0.2
LEAST = 50
"""Fewer photos to learn from restore nothing."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map with an offset, in the dual form, whose size is that of what it was learned from.

    Attributes:
        seen: what it was learned from, less its mean, ``(n, p)``.
        mean_x: the mean of what goes in, ``(p,)``.
        mean_y: the mean of what comes out, ``(q,)``.
        vectors: eigenvectors of ``seen @ seen.T``, ``(n, n)``.
        values: its eigenvalues, ``(n,)``.
        turned: ``vectors.T`` times what came out, less its mean, ``(n, q)``.
    """

    seen: Floats
    mean_x: Floats
    mean_y: Floats
    vectors: Floats
    values: Floats
    turned: Floats

    @classmethod
    def learned(cls, x: Floats, y: Floats) -> "Ridge":
        """Return the map from ``x``, ``(n, p)``, to ``y``, ``(n, q)``."""
        mean_x, mean_y = x.mean(0), y.mean(0)
        seen = x - mean_x
        values, vectors = np.linalg.eigh(seen @ seen.T)
        return cls(seen, mean_x, mean_y, vectors, np.maximum(values, 0), vectors.T @ (y - mean_y))

    def __call__(self, x: Floats, ridge: float) -> Floats:
        """Return what comes out for ``x``, ``(m, p)``, with a ridge of that share of the mean diagonal."""
        penalty = ridge * max(float(self.values.mean()), 1e-6)
        weights = (x - self.mean_x) @ self.seen.T @ self.vectors / (self.values + penalty)
        return np.asarray(weights @ self.turned + self.mean_y, np.float32)


class Restorer:
    """Restores clear faces, 64x64 in colour and aligned, from treated ones.

    It gets back what a linear map can: low frequencies, what noise averages out of, and what is around.
    """

    def __init__(self, treated: Sequence[Rgb], clear: Sequence[Rgb], photos: Sequence[Photo]) -> None:
        """Learn from photos before and after, in one order; each is taken mirrored as well."""
        x, y = (aligned(of, photos) for of in (treated, clear))
        held = np.arange(len(photos)) >= len(photos) * (1 - HELD_OUT)
        trial = Ridge.learned(_mirrored(x[~held]), _mirrored(y[~held]))
        losses = [float(((trial(_flat(x[held]), ridge) - _flat(y[held])) ** 2).mean()) for ridge in RIDGES]
        self.ridge = RIDGES[int(np.argmin(losses))]
        self._map = Ridge.learned(_mirrored(x), _mirrored(y))

    def faces(self, treated: Sequence[Rgb], photos: Sequence[Photo]) -> NDArray[np.uint8]:
        """Return the restored faces, uint8 ``(n, 64, 64, 3)``."""
        made = self._map(_flat(aligned(treated, photos)), self.ridge)
        return np.clip(made, 0, 255).round().astype(np.uint8).reshape(-1, SIDE_PX, SIDE_PX, 3)


def templates(recognizer: Recognizer, restored: NDArray[np.uint8], runtime: Runtime) -> Floats:
    """Return templates of restored faces, ``(n, d)``."""
    points = _onto().astype(np.float32)[None]
    return np.concatenate([recognizer.embed(one, points, "centerface", runtime) for one in restored])


def aligned(pictures: Sequence[Rgb], photos: Sequence[Photo]) -> Floats:
    """Return the faces at the points of the clear photos, ``(n, 64, 64, 3)`` of 0 to 255."""
    chips = [
        alignment.chips(rgb, one.landmarks[None], _onto(), SIDE_PX)[0]
        for rgb, one in zip(pictures, photos, strict=True)
    ]
    return np.stack(chips).astype(np.float32)


def _onto() -> NDArray[np.float64]:
    """Return where the points lie in the small picture; a pixel's centre is at a whole number on both scales."""
    return (alignment.target(DLIB, "centerface") + 0.5) * (SIDE_PX / DLIB_SIDE_PX) - 0.5


def _flat(faces: Floats) -> Floats:
    return faces.reshape(len(faces), -1)


def _mirrored(faces: Floats) -> Floats:
    return _flat(np.concatenate([faces, faces[:, :, ::-1]]))
