"""What an evaluation asks about the donors of a lake: whether it can be told who they are. Runs on the driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anonymizer_udfs.errors import ModelError
from anonymizer_udfs.evaluation.attacking import Step
from anonymizer_udfs.evaluation.donated import AmongDonors
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods import StandIn
from anonymizer_udfs.models.base import ModelRef
from conf.settings import Settings
from jobs import measurers
from jobs.context import Treatment
from jobs.donors import LANDMARKER


@dataclass(frozen=True)
class Asking:
    """Who asks about donors.

    Attributes:
        landmarker: who finds the points by which others are brought to a donor's canvas; donors were by the same.
        model: the donors, as the lake's policies are bound to them.
    """

    landmarker: Landmarker
    model: ModelRef

    def steps(self, recognizers: Sequence[str]) -> list[Step]:
        """Return the attacks, one a recognizer."""
        return [AmongDonors(name, self.model) for name in recognizers]


def asked(known: Mapping[str, Treatment], settings: Settings) -> tuple[Asking | None, dict[str, Path]]:
    """Return who asks, and the files for that; nobody where no policy has donors of the archive.

    Without the landmarker's model nobody asks either: figures on donors are then not there, and no gate wants them.
    """
    models = [
        method.model
        for one in known.values()
        for method in one.policy.face.chain
        if isinstance(method, StandIn) and method.model is not None
    ]
    if not models:
        return None, {}
    try:
        landmarker, files = measurers.landmarker(LANDMARKER, settings)
    except ModelError:
        return None, {}
    return Asking(landmarker, models[0]), files
