"""An attacker who looks at no face: he compares coarse colours of the released picture with those of his own photos.

It is what is left of somebody whose face is gone: the light, the wall behind, hair and clothes, and what a method lets
through of the face's own tones. Two photos of a person are often from one occasion, and the scene tells it.

His own photos he treats alike, so that both sides show what a method shows of everybody. Of other people he has pairs
of photos, and learns from them what tells people apart (linear discriminants, as in Ioffe's probabilistic LDA of 2006)
and how far two photos of one person differ. That is small or large, so likelihoods have Cauchy's long tails.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.frontiers.people import Photo
from benchmarks.photos import Rgb

CELLS, FINE = 6, 8
"""Cells along a side, and the samples along one of them."""
REACH = 1.3
"""Half of the side, in widths of the face's box: head, neck, shoulders and what is behind."""
MOST_AXES = 30
RIDGE = 1e-3
"""Of the differences' mean variance, so that none is divided by nothing."""
LEAST_PAIRS = 20
"""With fewer pairs of photos to learn from nothing is learned."""
FOLDS = 2
Floats = NDArray[np.float64]


def coarse(rgb: Rgb, photo: Photo) -> Floats:
    """Return the mean colours of 6 x 6 cells around the face, ``(108,)``; beyond the picture its edge goes on."""
    x0, y0, x1, y1 = photo.box.tolist()
    side = CELLS * FINE
    scale = side / (2 * REACH * max(x1 - x0, 1.0))
    move = np.array([side - scale * (x0 + x1), side - scale * (y0 + y1)]) / 2 + (scale - 1) / 2
    matrix = np.column_stack([np.eye(2) * scale, move])
    shown = cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return shown.reshape(CELLS, FINE, CELLS, FINE, -1).mean((1, 3)).ravel()


def similarity(
    probes: Sequence[Rgb], gallery: Sequence[Rgb], people: tuple[Sequence[Photo], Sequence[Photo]]
) -> NDArray[np.float32] | None:
    """Return how alike coarse colours are, ``(probes, gallery)``; none where there are too few pairs to learn from.

    Half of the people are compared by what the pairs of the other half taught, and the other way round: nobody's own
    pair is learned from.

    Args:
        probes: the released pictures.
        gallery: the attacker's, treated alike.
        people: the photos of both.
    """
    of_probes, of_gallery = people
    x, y = (
        np.array([coarse(*one) for one in zip(rgb, of, strict=True)])
        for rgb, of in ((probes, of_probes), (gallery, of_gallery))
    )
    names = list(dict.fromkeys(one.person for one in of_gallery))
    fold = {name: i % FOLDS for i, name in enumerate(names)}
    first = {one.person: i for i, one in reversed(list(enumerate(of_gallery)))}
    mine = np.array([fold[one.person] for one in of_probes])
    out = np.zeros((len(x), len(y)), np.float32)
    for number in range(FOLDS):
        taught = [(i, first[one.person]) for i, one in enumerate(of_probes) if fold[one.person] != number]
        if len(taught) < LEAST_PAIRS:
            return None
        a, b = np.array(taught).T
        out[mine == number] = Likelihood(x[a], y[b])(x[mine == number], y)
    return out


class Likelihood:
    """How much likelier two rows of numbers are of one person than the second is of anybody; learned from pairs."""

    def __init__(self, some: Floats, others: Floats) -> None:
        """Learn from pairs, a row each, ``(n, p)``."""
        both = np.concatenate([some, others])
        self._mean = both.mean(0)
        axes = np.linalg.svd(both - self._mean, full_matrices=False)[2][:MOST_AXES].T
        apart, every = (some - others) @ axes, (both - self._mean) @ axes
        values, vectors = np.linalg.eigh(apart.T @ apart / len(apart))
        white = vectors / np.sqrt(np.maximum(values, 0) + RIDGE * max(float(values.mean()), 1e-9))
        turned = np.linalg.eigh(white.T @ every.T @ every @ white)[1]
        self._axes = axes @ white @ turned
        self._within = np.median(np.abs((some - others) @ self._axes), 0) + 1e-6
        self._among = np.median(np.abs((both - self._mean) @ self._axes), 0) + 1e-6

    def __call__(self, probes: Floats, gallery: Floats) -> NDArray[np.float32]:
        """Return the logarithm of the ratio, ``(probes, gallery)``, up to what is the same for all."""
        x, y = ((of - self._mean) @ self._axes for of in (probes, gallery))
        anybody = np.log1p((y / self._among) ** 2).sum(1)
        return np.array([anybody - np.log1p(((y - one) / self._within) ** 2).sum(1) for one in x], np.float32)
