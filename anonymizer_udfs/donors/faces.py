"""Donors as they are kept and mixed: faces on the canvas, and where their own points lie."""

import functools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.ageing import OLDEST
from anonymizer_udfs.donors import drawn, shape
from anonymizer_udfs.donors.shape import Points
from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models import tensors

_LUMA = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue (ITU-R BT.601)."""
_SKIN_X, _SKIN_Y = (-0.8, 0.8), (-0.15, 0.4)
"""The part of the canvas that tells a donor's tone: cheeks and nose."""
_POINTS_MOST = 3.0


@dataclass(frozen=True, eq=False)
class Donor:
    """One donor, or the mean of several.

    Attributes:
        canvas: the face, float32 ``(h, w, 3)`` of light in [0, 1].
        points: where its own points lie, ``(68, 2)`` in distances of the eyes.
        tone: how light the skin is, in [0, 1].
    """

    canvas: NDArray[np.float32]
    points: Points
    tone: float


@dataclass(frozen=True, eq=False)
class Donors:
    """Some donors.

    Attributes:
        canvases: their faces, uint8 ``(n, h, w, 3)`` as :mod:`.shape` has it; at least one.
        points: where their own points lie, float32 ``(n, 68, 2)`` in distances of the eyes: by these they have their
            proportions, while on the canvas all have their features at the same places, so that they can be averaged.
        years: how old each looks, float32 ``(n,)`` in [0, 100]; None where nobody told.
    """

    canvases: NDArray[np.uint8]
    points: NDArray[np.float32]
    years: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together, and points that are no face's."""
        n = len(self.canvases)
        canvas = self.canvases.dtype == np.uint8 and self.canvases.shape == (n, *shape.SIZE_HW, 3)
        marked = self.points.dtype == np.float32 and self.points.shape == (n, 68, 2)
        if not n or not canvas or not marked:
            raise ModelFormatError(
                f"donors must be uint8 (n, {shape.SIZE_HW[0]}, {shape.SIZE_HW[1]}, 3) with float32 (n, 68, 2), got "
                f"{self.canvases.dtype} {self.canvases.shape} with {self.points.dtype} {self.points.shape}"
            )
        if not np.abs(self.points).max() <= _POINTS_MOST:
            raise ModelFormatError("the points of donors must lie on a face")
        if self.years is not None and not (self.years.shape == (n,) and _are_ages(self.years)):
            raise ModelFormatError(f"the ages of {n} donors must be as many numbers in [0, {OLDEST:g}]")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.canvases)

    @cached_property
    def tones(self) -> NDArray[np.float64]:
        """How light the skin of each is, in [0, 1]."""
        (x0, x1), (y0, y1) = (
            [round((v - corner) * shape.EYE_PX) for v in part]
            for part, corner in zip((_SKIN_X, _SKIN_Y), shape.CORNER, strict=True)
        )
        return np.asarray(self.canvases[:, y0:y1, x0:x1].mean((1, 2)) @ _LUMA / 255)

    def mixed(self, k: int, tone: float, rng: np.random.Generator, years: float | None = None) -> Donor:
        """Return the mean of ``k`` donors, drawn from those who are nearest to a tone, and to an age if one is given.

        Half of all donors are near, or ``k`` where that is more. Tone and age count alike, each in shares of how far
        donors are apart in it.

        Args:
            k: from 1 to all of them.
            tone: how light the skin should be, in [0, 1].
            rng: who is drawn.
            years: how old they should look; only where they have ages.

        Raises:
            ModelFormatError: an age is given, and nobody told theirs.
        """
        far = np.abs(self.tones - tone)
        if years is not None:
            if self.years is None:
                raise ModelFormatError("the donors have no ages: make them again with --ages, or leave ages out")
            far = far / _span(self.tones) + np.abs(self.years - years) / _span(self.years)
        near = np.argsort(far, kind="stable")[: max(k, len(self) // 2)]
        chosen = np.sort(rng.choice(near, k, replace=False))
        canvas = self.canvases[chosen].sum(0, np.uint32).astype(np.float32) / np.float32(255 * k)
        return Donor(canvas, self.points[chosen].astype(np.float64).mean(0), float(self.tones[chosen].mean()))

    def pack(self) -> bytes:
        """Return the bytes of a file that :func:`read` takes."""
        ages = {} if self.years is None else {"years": self.years}
        return tensors.pack({"points": self.points, "canvases": self.canvases, **ages})


def _are_ages(years: NDArray[np.floating]) -> bool:
    return bool(((years >= 0) & (years <= OLDEST)).all())


def _span(values: NDArray[np.floating]) -> float:
    """Return how far values are apart; 1 where they are all alike."""
    return float(np.ptp(values)) or 1.0


def read(content: bytes) -> Donors:
    """Return the donors of a file; the arrays are views of it.

    Raises:
        ModelFormatError: it is none of donors.
    """
    arrays = tensors.unpack(content)
    if set(arrays) - {"years"} != {"points", "canvases"}:
        raise ModelFormatError(f"expected the arrays of donors, got {', '.join(arrays) or 'none'}")
    return Donors(arrays["canvases"], arrays["points"], arrays.get("years"))


@functools.cache
def bundled() -> Donors:
    """Return the drawn donors that ship; drawn once a process, which takes some seconds."""
    return Donors(*drawn.all_of_them(), drawn.years())
