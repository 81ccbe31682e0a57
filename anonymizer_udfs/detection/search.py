"""A plan at work: pictures in, findings out. Runs on an executor, once a group of pictures; needs no Spark."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection import fusion as fusing
from anonymizer_udfs.detection.base import LANDMARKS, Detections, Detector, Rgb
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.detection.plans import DARK_LUMA, ROLLED_DEGREES, Pass, Plan
from anonymizer_udfs.detection.views import View
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.records import Sighting

VIEWS_ON_ACCELERATOR = 16
"""Views that are held at a time for an accelerator: 16 of 1280x1280 pixels are 79 MB."""


@dataclass(frozen=True)
class Searcher:
    """Who looks, and what their candidates become.

    Attributes:
        detectors: at least one.
        fusion: what a group of candidates becomes.
        sure: confidence from which a finding is no question.
        unsure: confidence from which a finding counts at all.
    """

    detectors: tuple[Detector, ...]
    fusion: fusing.Fusion
    sure: float
    unsure: float

    def search(self, images: Sequence[Rgb], plan: Plan, runtime: Runtime) -> list[tuple[Finding, ...]]:
        """Return what is found in each picture, surest first, in the order given.

        Memory: on a CPU one view at a time; on an accelerator :data:`VIEWS_ON_ACCELERATOR`. What is found in a
        picture does not depend on the others.
        """
        seen = [_Seen(image) for image in images]
        for one in plan.passes:
            looking = [s for s in seen if self._wanted(one, s)]
            for who in (d for d in self.detectors if not one.detectors or d.name in one.detectors):
                self._look(looking, one, who, runtime)
        return [self.fused(s.candidates) for s in seen]

    def _wanted(self, one: Pass, seen: "_Seen") -> bool:
        if not one.when:
            return True
        found = self.fused(seen.candidates)
        said = {
            "nothing_found": not found,
            "unsure_found": any(f.confidence < self.sure for f in found),
            "rolled_found": any(abs(f.roll_degrees or 0) > ROLLED_DEGREES for f in found),
            "dark": seen.luma < DARK_LUMA,
        }
        return any(said[condition] for condition in one.when)

    def _look(self, looking: Iterable["_Seen"], one: Pass, who: Detector, runtime: Runtime) -> None:
        """Show a detector all views of a pass, in chunks that bound memory."""
        work = ((seen, view) for seen in looking for view in seen.fresh(one, who.name))
        for chunk in _chunks(work, VIEWS_ON_ACCELERATOR if runtime.accelerated else 1):
            found = who.detect([view.render(seen.image) for seen, view in chunk], runtime)
            for (seen, view), detections in zip(chunk, found, strict=True):
                seen.add(view.found(detections, seen.size_wh), who, one.name)

    def fused(self, candidates: "Candidates") -> tuple[Finding, ...]:
        """Return one finding for each group of candidates of one kind that is at least unsure, surest first."""
        out = []
        for kind in sorted(set(candidates.kinds)):
            mine = np.array([i for i, k in enumerate(candidates.kinds) if k == kind], np.intp)
            xyxy, scores = candidates.boxes_xyxy[mine], candidates.scores[mine]
            for group in fusing.groups(xyxy, scores, self.fusion.min_iou):
                finding = candidates.finding(kind, mine[group], self.fusion)
                if finding.confidence >= self.unsure:
                    out.append(finding)
        return tuple(sorted(out, key=lambda f: -f.confidence))


@dataclass
class Candidates:
    """Everything that was seen in one picture, before fusion; arrays of one length ``n``."""

    boxes_xyxy: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    landmarks: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, LANDMARKS, 2), np.float32))
    kinds: list[str] = field(default_factory=list)
    by: list[tuple[str, str]] = field(default_factory=list)

    def add(self, found: Detections, who: Detector, name: str) -> None:
        """Add what one detector saw in one pass."""
        self.boxes_xyxy = np.concatenate([self.boxes_xyxy, found.boxes_xyxy])
        self.scores = np.concatenate([self.scores, found.scores])
        self.landmarks = np.concatenate([self.landmarks, found.landmarks])
        self.kinds += [who.kind] * len(found)
        self.by += [(who.name, name)] * len(found)

    def finding(self, kind: str, group: NDArray[np.intp], how: fusing.Fusion) -> Finding:
        """Return what a group of candidates, best first, becomes."""
        best: dict[tuple[str, str], float] = {}
        for i in group.tolist():
            best.setdefault(self.by[i], float(self.scores[i]))
        marked = next((i for i in group.tolist() if np.isfinite(self.landmarks[i]).all()), None)
        landmarks = None if marked is None else self.landmarks[marked]
        return Finding(
            kind=kind,
            box=how.box(self.boxes_xyxy[group], self.scores[group]),
            confidence=fusing.confidence(list(best.values())),
            sightings=tuple(Sighting(who, name, score) for (who, name), score in best.items()),
            landmarks=landmarks,
            landmarks_by=None if marked is None else self.by[marked][0],
            roll_degrees=None if landmarks is None else roll_degrees(landmarks),
        )


class _Seen:
    """One picture, what was seen in it, and which views were looked at."""

    def __init__(self, image: Rgb) -> None:
        self.image = image
        self.size_wh = (image.shape[1], image.shape[0])
        self.candidates = Candidates()
        self._done: set[tuple[str, View]] = set()
        self._luma: float | None = None

    @property
    def luma(self) -> float:
        """Mean of the picture's luma, 0 to 255; over a grid of at most some 250 x 250 pixels."""
        if self._luma is None:
            step = max(1, min(self.size_wh) // 256)
            self._luma = float(self.image[::step, ::step].mean((0, 1)) @ np.array([0.299, 0.587, 0.114]))
        return self._luma

    def fresh(self, one: Pass, detector: str) -> Iterator[View]:
        """Yield the views of a pass that this detector was not shown before: passes may fall together."""
        for view in one.views(self.size_wh):
            if (detector, view) not in self._done:
                self._done.add((detector, view))
                yield view

    def add(self, found: Detections, who: Detector, name: str) -> None:
        """Keep what was seen."""
        self.candidates.add(found, who, name)


def _chunks(work: Iterator[tuple[_Seen, View]], size: int) -> Iterator[list[tuple[_Seen, View]]]:
    while chunk := list(itertools.islice(work, size)):
        yield chunk
