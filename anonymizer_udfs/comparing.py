"""One source picture beside its released one: every measure of the utility family, with faces and points looked for.

Runs on an executor, once a picture; needs no Spark. Figures of many pictures become one by
:func:`anonymizer_udfs.utility.combine`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonymizer_udfs import boxes, subject, utility
from anonymizer_udfs.boxes import Boxes, IntBox
from anonymizer_udfs.detection.base import Detector, Rgb
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import FAST, Plan
from anonymizer_udfs.detection.search import FACE, Searcher
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.landmarks.marks import Marks
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.utility.detector_retention import paired


@dataclass(frozen=True, eq=False)
class Comparer:
    """Who compares pictures.

    Attributes:
        searcher: whose detectors look for faces in both pictures.
        runtime: where models lie and what runs them.
        plan: how they look; the same in both.
        landmarker: who looks for many points of faces that are found in both; none: nobody, and the figures of
            :class:`anonymizer_udfs.utility.PointsKept` have no case.
        people: who looks for people in both pictures, each shown whole; none: nobody, and the figures of
            :class:`anonymizer_udfs.utility.PersonCount` have no case.
    """

    searcher: Searcher
    runtime: Runtime
    plan: Plan = FAST
    landmarker: Landmarker | None = None
    people: Detector | None = None

    def figures(self, source: Picture, released: Picture, regions: Sequence[IntBox]) -> utility.Figures:
        """Return what is kept of one picture, by name.

        Cost: two searches, the measures (docs/utility.md), some 5 ms a face and side where points are looked for, and
        two passes of the detector of people where there is one.

        Args:
            source: as it was decoded.
            released: what the stored bytes decode to; of one shape, kind and orientation with the source.
            regions: what was treated, ``x0 y0 x1 y1`` in stored pixels; cut at the picture's border here.

        Raises:
            SpecError: the two cannot be compared.
            ModelError: a model is missing.
        """
        if (source.channels, source.orientation) != (released.channels, released.orientation):
            raise SpecError(
                f"pictures of one kind and orientation expected, got {source.channels} {source.orientation} and "
                f"{released.channels} {released.orientation}"
            )
        before, after = (_faces(found) for found in self._search([source, released]))
        width, height = source.size_wh
        rgb = [subject.upright(one) for one in (source, released)]
        people = self._people(rgb)
        cut = np.clip(np.array(regions, np.int64).reshape(-1, 4), 0, [width, height, width, height])
        pair = utility.Pair(
            before=source.pixels,
            after=released.pixels,
            regions=cut,
            faces_before=_boxes(before),
            faces_after=_boxes(after),
            alpha=source.pixels.shape[2] - 1 if source.channels.has_alpha else None,
            marks=self._marks(rgb[0], rgb[1], before, after),
            people_before=people[0],
            people_after=people[1],
        )
        return utility.measure_all(pair)

    def _search(self, pictures: Sequence[Picture]) -> list[tuple[Finding, ...]]:
        return list(self.searcher.search(subject.sights_of(pictures), self.plan, self.runtime))

    def _people(self, rgb: Sequence[Rgb]) -> list[Boxes]:
        """Return where people are in each picture; nowhere without a detector of them."""
        if self.people is None:
            return [boxes.empty() for _ in rgb]
        return [found.boxes_xyxy for found in self.people.detect(rgb, self.runtime)]

    def _marks(
        self, before_rgb: Rgb, after_rgb: Rgb, before: list[Finding], after: list[Finding]
    ) -> tuple[tuple[Marks, Marks], ...]:
        """Return what points say of each face that is found in both pictures."""
        if self.landmarker is None:
            return ()
        pairs = [(before[i], after[j]) for i, j in paired(_boxes(before), _boxes(after))]
        found = [(self._mark(before_rgb, one), self._mark(after_rgb, other)) for one, other in pairs]
        return tuple((one, other) for one, other in found if one is not None and other is not None)

    def _mark(self, rgb: Rgb, face: Finding) -> Marks | None:
        """Return what points say of a face; none without five points, or of a detector that is not known."""
        if self.landmarker is None or face.landmarks is None or face.landmarks_by is None:
            return None
        try:
            points = self.landmarker.locate(rgb, face.box[None], face.landmarks[None], face.landmarks_by, self.runtime)[
                0
            ]
        except UnknownNameError:
            return None
        return Marks.of(rgb, points)


def _faces(found: Sequence[Finding]) -> list[Finding]:
    return [one for one in found if one.kind == FACE]


def _boxes(found: Sequence[Finding]) -> Boxes:
    return np.array([one.box for one in found], np.float32).reshape(-1, 4)
