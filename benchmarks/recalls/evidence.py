"""How sure a figure is: intervals of a share and of a rate, and whether one finder is worse than another.

Faces of one scene share its background, so they are not quite independent, and intervals are a little narrow; most
scenes of the grid hold six faces or fewer, so that the effect is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Share:
    """``hits`` of ``total``.

    Attributes:
        hits: how many were found.
        total: of how many.
    """

    hits: int
    total: int

    def __post_init__(self) -> None:
        """Refuse more hits than there were cases."""
        if not 0 <= self.hits <= self.total:
            raise ValueError(f"hits must be from 0 to {self.total}, got {self.hits}")

    @property
    def value(self) -> float:
        """The share; not a number where there was no case."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def wilson(self) -> tuple[float, float]:
        """Wilson's two-sided 95% interval (1927); everything where there was no case.

        Examples:
            >>> [round(v, 4) for v in Share(9, 10).wilson]
            [0.5958, 0.9821]
        """
        if not self.total:
            return 0.0, 1.0
        low, high = stats.binomtest(self.hits, self.total).proportion_ci(LEVEL, method="wilson")
        return float(low), float(high)

    @property
    def lower(self) -> float:
        """Clopper and Pearson's one-sided 95% lower bound (1934): exact, so for no finding at all it is not 1.

        Examples:
            >>> round(Share(3000, 3000).lower, 5), Share(0, 5).lower
            (0.999, 0.0)
        """
        if not self.hits:
            return 0.0
        return float(stats.beta.ppf(1 - LEVEL, self.hits, self.total - self.hits + 1))


@dataclass(frozen=True)
class Rate:
    """``events`` in ``images``.

    Attributes:
        events: how many false regions.
        images: in how many pictures.
    """

    events: int
    images: int

    @property
    def value(self) -> float:
        """Events an image; not a number without an image."""
        return self.events / self.images if self.images else float("nan")

    @property
    def upper(self) -> float:
        """Garwood's exact one-sided 95% upper bound of a Poisson rate (1936), an image.

        Examples:
            >>> round(Rate(0, 300).upper, 5)
            0.00999
        """
        if not self.images:
            return float("inf")
        return float(stats.chi2.ppf(LEVEL, 2 * (self.events + 1))) / 2 / self.images


def worse(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> float:
    """Return how likely chance alone lets us miss so many more faces than them, paired face by face.

    McNemar's test (1947), exact and one-sided: of the faces that only one of the two found, each is as likely to be
    ours as theirs. 1 where nobody found a face that the other did not.

    Args:
        ours: whether we found each face.
        theirs: whether they did, of the same faces in the same order.

    Examples:
        >>> worse(np.array([True, False, False, False]), np.array([True, True, True, True]))
        0.125
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"both must be about the same faces, got {ours.shape} and {theirs.shape}")
    only_theirs, only_ours = int((theirs & ~ours).sum()), int((ours & ~theirs).sum())
    if not only_theirs + only_ours:
        return 1.0
    return float(stats.binomtest(only_theirs, only_theirs + only_ours, 0.5, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for so many tests (Holm 1979), in the order given.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    out, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        out[i] = highest
    return out
