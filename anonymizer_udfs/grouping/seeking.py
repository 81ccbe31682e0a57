"""One person among the originals of a lake: which recorded faces are theirs. Runs on executors.

Templates are made, compared and dropped inside one task; what leaves it is which images match.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.grouping import reading
from anonymizer_udfs.grouping.reading import FaceSpec
from anonymizer_udfs.recognition.base import Recognizer, Templates

SOUGHT = pa.schema([("image_id", pa.string()), ("state", pa.string()), ("matched", pa.bool_())])
"""One face of the lake: what became of its original (``reading.State``), and whether it is the person's."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Who is looked for.

    Attributes:
        templates: of the one face, float32 ``(d,)``, by the detector whose points it was aligned by; hidden.
        thresholds: the similarity from which on two faces are of one person, by detector.
    """

    templates: Mapping[str, Templates] = field(repr=False)
    thresholds: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuse a probe without a template or a threshold: nobody would be found."""
        if not self.templates or not self.thresholds:
            raise SpecError(
                f"a probe needs templates and thresholds, got {len(self.templates)} and {len(self.thresholds)}"
            )

    def matches(self, template: Templates, detector: str | None, who: Recognizer) -> bool:
        """Return whether a face is the person's: by the same detector's points where the probe has these.

        A detector that nobody calibrated has the lowest threshold there is: a face too many is told, one too few stays.
        """
        own = self.templates.get(detector or "")
        probes = np.stack(list(self.templates.values()) if own is None else [own])
        least = self.thresholds.get(detector or "", min(self.thresholds.values()))
        return bool(who.similarity(probes, template[None]).max() >= least)


def seek(batches: Iterable[pa.RecordBatch], spec: FaceSpec, probe: Probe) -> Iterator[pa.RecordBatch]:
    """Yield rows of :data:`SOUGHT` for rows of ``reading.WANTED``, one for each face."""
    for one in reading.opened(batches, spec):
        rows = []
        for face in one.row["faces"]:
            seen = reading.seen(one, face, spec)
            template = seen["template"]
            matched = template is not None and probe.matches(template, reading.aligned_by(face), spec.recognizer)
            rows.append({"image_id": one.row["image_id"], "state": seen["state"], "matched": matched})
        if rows:
            yield pa.RecordBatch.from_pylist(rows, SOUGHT)
