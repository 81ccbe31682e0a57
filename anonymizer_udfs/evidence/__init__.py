"""What an attacker reaches, in figures with bounds: pure functions of scores, for the driver and for executors.

Scores are similarities, higher is more alike; rows are probes, columns are the gallery, as in
:meth:`anonymizer_udfs.recognition.base.Recognizer.similarity`. The unit of every bound is the person, since photos of
one person are not independent of each other.
"""

from anonymizer_udfs.evidence.bounds import Bounded, bounded, least_people, least_without_one, lower, upper
from anonymizer_udfs.evidence.figure import FIGURES, Figure
from anonymizer_udfs.evidence.identification import Hits, Standing, chances, identified, open_set
from anonymizer_udfs.evidence.linkability import Linkability, linkability
from anonymizer_udfs.evidence.verification import Verification, verification

__all__ = [
    "FIGURES",
    "Bounded",
    "Figure",
    "Hits",
    "Linkability",
    "Standing",
    "Verification",
    "bounded",
    "chances",
    "identified",
    "least_people",
    "least_without_one",
    "linkability",
    "lower",
    "open_set",
    "upper",
    "verification",
]
