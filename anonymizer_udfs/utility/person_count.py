"""Whether as many people are counted as before, and at their places: by bodies, of which a hidden face leaves most."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.utility.base import Figure, Figures, Pair
from anonymizer_udfs.utility.detector_retention import retained


@dataclass(frozen=True)
class PersonCount:
    """Whether a detector of people finds them in the result as it did in the source.

    Without such a detector (:attr:`anonymizer_udfs.comparing.Comparer.people`) nothing is said.

    Figures:
        person_count_kept: share of images with as many. Cases are images in which it found somebody before or after.
        person_retention: found again, by an overlap of a half, divided by found before. Cases are people found before.
    """

    name: ClassVar[str] = "person_count"

    def measure(self, pair: Pair) -> Figures:
        """Return the figures, as far as they are defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        before, after = len(pair.people_before), len(pair.people_after)
        figures = {"person_count_kept": Figure(float(before == after), 1)} if before or after else {}
        if before:
            kept = retained(pair.people_before, pair.people_after)
            figures["person_retention"] = Figure(float(kept.mean()), before)
        return figures
