"""Is it the same person: rates of one score against a threshold (ISO/IEC 19795-1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

Scores = NDArray[np.floating]
DET_POINTS = 100


@dataclass(frozen=True)
class Verification:
    """How well scores tell pairs of one person from pairs of two.

    Attributes:
        tar: the share of pairs of one person that match, by the false match rate at which the threshold is; a rate that
            fewer pairs than one over it were there for is left out.
        eer: the rate at which as many pairs of one person fail as pairs of two match; 0.5 is what chance gives.
        det: points of the detection error trade-off: false match rate and false non-match rate, the former rising.
        genuine: pairs of one person.
        impostor: pairs of two.
    """

    tar: dict[float, float]
    eer: float
    det: tuple[tuple[float, float], ...]
    genuine: int
    impostor: int


def threshold(impostor: Scores, rate: float) -> float:
    """Return the least score at which no more than a share of the pairs of two people match.

    Examples:
        >>> threshold(np.array([0.1, 0.2, 0.3, 0.4]), 0.25) > 0.3
        True
    """
    if not 0 < rate < 1 or not len(impostor):
        raise SpecError(
            f"a false match rate in (0, 1) of at least one pair is asked for, got {rate} of {len(impostor)}"
        )
    allowed = int(len(impostor) * rate)
    return float(np.nextafter(np.partition(impostor, len(impostor) - 1 - allowed)[-1 - allowed], np.inf))


def verification(genuine: Scores, impostor: Scores, rates: tuple[float, ...] = (1e-3, 1e-4)) -> Verification:
    """Return what scores of pairs of one person and of two people reach.

    Args:
        genuine: ``(n,)``, at least one; not a number counts as the least alike.
        impostor: ``(m,)``, at least one.
        rates: false match rates.

    Examples:
        >>> found = verification(np.array([0.8, 0.9]), np.array([0.1, 0.2]), (0.5,))
        >>> found.tar, found.eer
        ({0.5: 1.0}, 0.0)
        >>> verification(np.zeros(5), np.zeros(9)).eer
        0.5
    """
    if not len(genuine) or not len(impostor):
        raise SpecError(f"pairs of one person and of two are needed, got {len(genuine)} and {len(impostor)}")
    same, other = (np.sort(np.where(np.isnan(one), -np.inf, one)) for one in (genuine, impostor))
    tar = {rate: float((same >= threshold(other, rate)).mean()) for rate in rates if len(other) * rate >= 1}
    cuts = np.unique(np.concatenate([same, other]))
    fmr = 1 - np.searchsorted(other, cuts, "left") / len(other)
    fnmr = np.searchsorted(same, cuts, "left") / len(same)
    # The threshold above all scores ends both curves; between two thresholds they are taken for straight.
    fmr, fnmr = np.append(fmr, 0.0), np.append(fnmr, 1.0)
    det = _thinned(fmr[::-1], fnmr[::-1])
    return Verification(tar, _crossing(fmr, fnmr), det, len(same), len(other))


def _crossing(fmr: Scores, fnmr: Scores) -> float:
    """Return where a falling and a rising curve meet; at all-equal scores it is between (1, 0) and (0, 1): a half."""
    at = int(np.argmax(fnmr >= fmr))
    if at == 0 or fnmr[at] == fmr[at]:
        return float(fnmr[at])
    gap, step = fmr[at - 1] - fnmr[at - 1], (fnmr[at] - fnmr[at - 1]) - (fmr[at] - fmr[at - 1])
    return float(fnmr[at - 1] + gap / step * (fnmr[at] - fnmr[at - 1]))


def _thinned(fmr: Scores, fnmr: Scores) -> tuple[tuple[float, float], ...]:
    """Return at most :data:`DET_POINTS` points of a curve, even on the logarithm of what is plotted against."""
    if len(fmr) <= DET_POINTS:
        chosen = np.arange(len(fmr))
    else:
        positive = fmr[fmr > 0]
        wanted = np.geomspace(positive.min(), 1.0, DET_POINTS - 1)
        chosen = np.unique(np.concatenate([[0], np.searchsorted(fmr, wanted).clip(0, len(fmr) - 1)]))
    return tuple((float(fmr[i]), float(fnmr[i])) for i in chosen)
