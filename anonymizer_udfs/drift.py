"""When a run's figures are taken for other ones than those of the runs before it: the ``monitor`` section of a policy.

Two things must come together: a difference large enough to matter, and one that chance alone would not give. The three
thresholds are one size of difference said in three ways. Two normal distributions that are half a standard deviation
apart, a medium effect (Cohen 1988, *Statistical Power Analysis*, 2.2), have a population stability index of 0.25, from
which on credit scorecards are built anew (Siddiqi 2006, *Credit Risk Scorecards*, 13; Lewis 1994), and a distance of
Kolmogorov and Smirnov of 0.197. The odds ratio of 2 is judgement.

It changes no image, so it is in no policy digest. Plain values; ``jobs.monitoring`` measures.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.rules import checked

BINS_MOST = 100
CASES_MOST = 10**9
_RANGES = (
    ("psi_most", 0.0, math.inf),
    ("ks_most", 0.0, 1.0),
    ("odds_most", 1.0, math.inf),
    ("confidence", 0.5, 1.0),
)


@dataclass(frozen=True)
class Monitor:
    """What counts as drift.

    Attributes:
        psi_most: the population stability index, above 0, from which on a distribution has drifted.
        ks_most: the distance of Kolmogorov and Smirnov, in (0, 1), from which on it has.
        odds_most: the odds ratio, above 1, from which on a share has drifted, up or down.
        confidence: of each verdict that a difference is no chance, in (0.5, 1).
        least_cases: images or faces on either side below which nothing is said. With 300 on both sides and ten bins the
            index stays below 0.19 in 999 of 1,000 comparisons of the same with itself (chi-squared; Yurdakul 2018).
        bins: parts of equal mass of the baseline over which the index is summed, in [2, 100].
    """

    psi_most: float = 0.25
    ks_most: float = 0.2
    odds_most: float = 2.0
    confidence: float = 0.999
    least_cases: int = 300
    bins: int = 10

    def __post_init__(self) -> None:
        """Refuse thresholds that nothing or everything would reach."""
        for name, above, below in _RANGES:
            value: object = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < below:
                raise SpecError(f"monitor.{name} must be a number above {above:g} and below {below:g}, got {value!r}")
            object.__setattr__(self, name, float(value))
        for name, least, most in (("least_cases", 1, CASES_MOST), ("bins", 2, BINS_MOST)):
            count: object = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or not least <= count <= most:
                raise SpecError(f"monitor.{name} must be a whole number in [{least}, {most}], got {count!r}")

    @classmethod
    def from_mapping(cls, mapping: object) -> "Monitor":
        """Return what a mapping with some of the fields describes; the others have their defaults."""
        if not isinstance(mapping, Mapping):
            raise SpecError(f"monitor must be a mapping, such as {{psi_most: 0.25}}, got {mapping!r}")
        return cls(**checked("monitor", mapping, cls))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal value."""
        return asdict(self)
