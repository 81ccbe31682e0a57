"""An attacker who restores first: a ridge regression from treated faces to clear ones, learned from other people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import CHIP_PX, Chips
from anonymizer_udfs.attacks.restored import linear_restorer, onto, restored
from anonymizer_udfs.recognition import alignment
from benchmarks.frontiers.people import Photo
from benchmarks.photos import Rgb

LEAST = 50
"""Fewer photos to learn from restore nothing."""


class Restorer:
    """Restores clear faces, 64x64 in colour and aligned, from treated ones, as ``attacks.restored`` does.

    It gets back what a linear map can: low frequencies, what noise averages out of, and what is around.
    """

    def __init__(self, treated: Sequence[Rgb], clear: Sequence[Rgb], photos: Sequence[Photo]) -> None:
        """Learn from photos before and after, in one order; each is taken mirrored as well."""
        people = np.unique([one.person for one in photos], return_inverse=True)[1]
        self._map = linear_restorer(aligned(treated, photos), aligned(clear, photos), people)

    def faces(self, treated: Sequence[Rgb], photos: Sequence[Photo]) -> NDArray[np.uint8]:
        """Return the restored faces, uint8 ``(n, 64, 64, 3)``."""
        return restored(self._map, aligned(treated, photos))


def aligned(pictures: Sequence[Rgb], photos: Sequence[Photo]) -> Chips:
    """Return the faces at the points of the clear photos, uint8 ``(n, 64, 64, 3)``."""
    where = onto("centerface")
    chips = [
        alignment.chips(rgb, one.landmarks[None], where, CHIP_PX)[0] for rgb, one in zip(pictures, photos, strict=True)
    ]
    return np.stack(chips)
