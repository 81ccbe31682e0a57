"""A plan at work: pictures in, findings out. Runs on an executor, once a group of pictures; needs no Spark."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.chips import Pyramid
from anonymizer_udfs.detection import fusion as fusing
from anonymizer_udfs.detection.base import LANDMARKS, Detections, Detector, Rgb
from anonymizer_udfs.detection.closeups import CloseUp
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.detection.passes import CERTAIN, DARK_LUMA, DOUBT, ROLLED_DEGREES, Pass, Zoom, small_glimpsed
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.sights import Decoded, Sight
from anonymizer_udfs.detection.views import View
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.records import Sighting

ALONE_MOST = 0.6
"""What one detector's word is worth at most where nobody else sees anything: enough to count, too little to be sure, so
that a nearer look is made. A score in a close-up is worth so much of itself at most: close-ups are made where something
is suspected."""
FACE = "face"
MOST_IN_VIEW = 1000
"""More than any crowd in one view; a pattern that repeats itself gives thousands of weak candidates."""
_LUMA_SIDE = 256
NEARLY = 0.7
"""A candidate counts as nearly as sure as another one from this share of its score on."""
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

    def search(self, images: Sequence[Rgb | Sight], plan: Plan, runtime: Runtime) -> list[tuple[Finding, ...]]:
        """Return what is found in each picture, surest first, in the order given.

        Memory: on a CPU one view at a time; on an accelerator :data:`VIEWS_ON_ACCELERATOR`. What is found in a
        picture does not depend on the others.

        Args:
            images: pictures as people see them, uint8 ``(h, w, 3)``, or what gives them no larger than needed.
            plan: how they are looked at.
            runtime: where model files lie and what they run on.
        """
        sights = (Decoded(image) if isinstance(image, np.ndarray) else image for image in images)
        seen = [_Seen(sight, self.detectors) for sight in sights]
        for s in seen:
            s.sight.at_least(plan.scale(s.size_wh))  # decoded once, large enough for every pass that is made
        floor = min(self.unsure, *(one.least for one in plan.passes if isinstance(one, Zoom)), 1.0)
        for one in plan.passes:
            looking = [(s, unsure) for s in seen if (unsure := self._wanted(one, s, floor)) is not None]
            self._look(looking, one, self.lookers(plan, one), runtime)
        found = (self._fused(s, floor) for s in seen)
        counted = ([f for f in one if f.confidence >= self.unsure] for one in found)
        return [tuple(sorted(one, key=lambda f: -f.confidence)) for one in counted]

    def lookers(self, plan: Plan, one: Pass | Zoom) -> tuple[Detector, ...]:
        """Return the detectors that look in a pass: those that it names, and those that no pass of the plan names.

        So a plan that shares the work between two detectors serves others as well: whoever it does not know looks at
        everything. Where none is left, all look.
        """
        known = {name for each in plan.passes for name in each.detectors}
        chosen = tuple(d for d in self.detectors if d.name in one.detectors or d.name not in known)
        return chosen if one.detectors and chosen else self.detectors

    def _wanted(self, one: Pass | Zoom, seen: "_Seen", floor: float) -> list[Finding] | None:
        """Return what is not sure yet if a pass is to be made over a picture, else none."""
        if not one.when and isinstance(one, Pass):
            return []
        found = self._fused(seen, floor)
        if one.when and not any(self._holds(condition, found, seen) for condition in one.when):
            return None
        return [f for f in found if f.confidence < self.sure]

    def _holds(self, condition: str, found: Sequence[Finding], seen: "_Seen") -> bool:
        """Return whether a condition of :data:`anonymizer_udfs.detection.passes.CONDITIONS` holds."""
        glimpsed = [f for f in found if f.kind == FACE]
        faces = [f for f in glimpsed if f.confidence >= self.unsure]
        holds: dict[str, Callable[[], bool]] = {
            "nothing_found": lambda: not faces,
            "none_certain": lambda: all(f.confidence < CERTAIN for f in faces),
            "unsure_found": lambda: any(DOUBT <= f.confidence < self.sure for f in glimpsed),
            "rolled_found": lambda: any(abs(f.roll_degrees or 0) > ROLLED_DEGREES for f in faces),
            "small_found": lambda: small_glimpsed(glimpsed, seen.shown),
            "dark": lambda: seen.luma < DARK_LUMA,
        }
        return holds[condition]()

    def _look(
        self,
        looking: Iterable[tuple["_Seen", list[Finding]]],
        one: Pass | Zoom,
        lookers: Sequence[Detector],
        runtime: Runtime,
    ) -> None:
        """Show detectors all views of a pass, in chunks that bound memory; each view is made once for all of them."""
        work = ((seen, *fresh) for seen, unsure in looking for fresh in seen.fresh(one, unsure, lookers))
        artist = _Artist()
        for chunk in _chunks(work, VIEWS_ON_ACCELERATOR if runtime.accelerated else 1):
            shown = [artist.render(seen.sight, view) for seen, view, _ in chunk]
            for who in lookers:
                mine = [i for i, (_, _, asked) in enumerate(chunk) if who in asked]
                for i, found in zip(mine, who.detect([shown[i] for i in mine], runtime), strict=True):
                    seen, view, _ = chunk[i]
                    counted = found.up_to(one.face_px_max) if isinstance(one, Pass) else found
                    seen.add(view.found(counted, seen.size_wh), who, one)

    def _fused(self, seen: "_Seen", floor: float) -> tuple[Finding, ...]:
        """Return one finding for each group of candidates of one kind, those below a floor left out, surest first."""
        if seen.fused is not None:
            return seen.fused
        out: list[Finding] = []
        for kind in sorted(set(seen.kinds)):
            mine = np.flatnonzero((np.array(seen.kinds) == kind) & (seen.scores >= floor))
            found = fusing.fused_groups(seen.boxes_xyxy[mine], seen.scores[mine], self.fusion)
            made = (seen.finding(kind, mine[group], self.fusion, floor) for group in found)
            out += (one for one in made if one is not None)
        seen.fused = tuple(sorted(out, key=lambda f: -f.worth))
        return seen.fused


class _Seen:
    """One picture, everything that was seen in it before fusion (arrays of one length), and who was shown what."""

    def __init__(self, sight: Sight, detectors: Sequence[Detector]) -> None:
        self.sight = sight
        self._order = [who.name for who in detectors]
        self._alone = {who.name: who.alone for who in detectors}
        self.size_wh = sight.size_wh
        self.shown = 0.0
        self.boxes_xyxy = np.zeros((0, 4), np.float32)
        self.scores = np.zeros(0, np.float32)
        self.landmarks = np.zeros((0, LANDMARKS, 2), np.float32)
        self.kinds: list[str] = []
        self._by: list[tuple[str, str]] = []
        self._done: set[tuple[str, View | tuple[object, ...]]] = set()
        self._everywhere: set[tuple[str, str]] = set()
        self._nearby: list[tuple[str, str, CloseUp]] = []
        self._zooms: set[str] = set()
        self._steering: set[str] = set()
        self._luma: float | None = None
        self.fused: tuple[Finding, ...] | None = None

    @property
    def luma(self) -> float:
        """Mean of the picture's luma, 0 to 255; over a grid of some 250 x 250 pixels."""
        if self._luma is None:
            image = self.sight.at_least(_LUMA_SIDE / min(self.size_wh))
            step = max(1, min(image.shape[:2]) // _LUMA_SIDE)
            red, green, blue, _ = cv2.mean(np.ascontiguousarray(image[::step, ::step]))
            self._luma = 0.299 * red + 0.587 * green + 0.114 * blue
        return self._luma

    def fresh(
        self, one: Pass | Zoom, unsure: Sequence[Finding], lookers: Sequence[Detector]
    ) -> Iterator[tuple[View | CloseUp, tuple[Detector, ...]]]:
        """Yield the views of a pass, each with those who were not shown it before: passes may fall together."""
        if isinstance(one, Pass):
            self._everywhere |= {(who.kind, who.name) for who in lookers}
        for view in one.views(self.size_wh, unsure):
            shown = view if isinstance(view, View) else view.rough
            asked = tuple(who for who in lookers if (who.name, shown) not in self._done)
            self._done |= {(who.name, shown) for who in asked}
            if isinstance(view, View):
                self.shown = max(self.shown, view.scale)
            else:
                self._nearby += [(who.kind, who.name, view) for who in asked]
            if asked:
                self.fused = None  # who looked has a say, also by finding nothing
                yield view, asked

    def add(self, found: Detections, who: Detector, one: Pass | Zoom) -> None:
        """Keep what one detector saw in one view of a pass, at most :data:`MOST_IN_VIEW`, the best."""
        found = found.best(MOST_IN_VIEW)
        self.boxes_xyxy = np.concatenate([self.boxes_xyxy, found.boxes_xyxy])
        self.scores = np.concatenate([self.scores, found.scores])
        self.landmarks = np.concatenate([self.landmarks, found.landmarks])
        self.kinds += [who.kind] * len(found)
        self._by += [(who.name, one.name)] * len(found)
        if isinstance(one, Zoom):
            self._zooms.add(one.name)
            self._steering |= {one.name} if one.steers else set()

    def finding(self, kind: str, group: NDArray[np.intp], how: fusing.Fusion, floor: float) -> Finding | None:
        """Return what a group of candidates, best first, becomes; nothing where its confidence is below a floor."""
        best: dict[tuple[str, str], float] = {}
        for i in group.tolist():
            best.setdefault(self._by[i], float(self.scores[i]))
        evidence = {by: score for by, score in best.items() if by[1] not in self._steering}
        confidence = self._confidence(kind, self.boxes_xyxy[group[0]], evidence)
        glimpse = confidence if evidence == best else self._confidence(kind, self.boxes_xyxy[group[0]], best)
        if glimpse < floor:
            return None
        marked = self._marked(group)
        landmarks = None if marked is None else self.landmarks[marked]
        return Finding(
            kind=kind,
            box=how.box(self.boxes_xyxy[group], self.scores[group]),
            confidence=confidence,
            glimpse=glimpse,
            sightings=tuple(Sighting(who, name, score) for (who, name), score in best.items()),
            landmarks=landmarks,
            landmarks_by=None if marked is None else self._by[marked][0],
            roll_degrees=None if landmarks is None else roll_degrees(landmarks),
        )

    def _marked(self, group: NDArray[np.intp]) -> int | None:
        """Return the candidate whose landmarks count, of those nearly as sure as the best.

        Of these the policy's first detector goes first: landmarks of different detectors differ in quality.
        """
        near = group[self.scores[group] >= NEARLY * self.scores[group[0]]]
        known = [int(i) for i in near if not np.isnan(self.landmarks[i, 0, 0])]
        return min(known, key=lambda i: self._order.index(self._by[i][0]), default=None)

    def _confidence(self, kind: str, box: NDArray[np.float32], best: Mapping[tuple[str, str], float]) -> float:
        """Return the mean, over the detectors that looked at a place, of the best score that each gave there.

        Or what one of them is worth alone, if that is more, so that what the others are blind to is not ignored.
        """
        x0, y0, x1, y1 = box.tolist()
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        asked = {name for of, name in self._everywhere if of == kind}
        asked |= {name for of, name, view in self._nearby if of == kind and name not in asked and view.shows(x, y)}
        scores = dict.fromkeys(asked, 0.0)
        alone = 0.0
        for (name, seen_in), score in best.items():
            scores[name] = max(scores.get(name, 0.0), score)
            worth = min(self._alone[name], ALONE_MOST) if seen_in in self._zooms else self._alone[name]
            alone = max(alone, min(ALONE_MOST, worth * score))
        return max(sum(scores.values()) / len(scores), alone) if scores else 0.0


class _Artist:
    """Makes views; what neighbouring views of one picture share, as turns of one tile do, is made once."""

    def __init__(self) -> None:
        self._made: tuple[Sight, View, Rgb] | None = None
        self._pyramid: tuple[Sight, Pyramid] | None = None

    def render(self, sight: Sight, view: View | CloseUp) -> Rgb:
        """Return a view of a picture."""
        if self._pyramid is None or self._pyramid[0] is not sight:
            self._pyramid = sight, Pyramid(sight.size_wh, sight.at_least)
        pyramid = self._pyramid[1]
        if isinstance(view, CloseUp):
            return view.render(pyramid)
        last = self._made
        if last is None or last[0] is not sight or not last[1].shares(view):
            # A tile's sides are whole pixels of the picture itself.
            self._made = last = sight, view, view.scaled(pyramid.at_least(view.scale if view.whole else 1.0))
        return view.finish(last[2])


_Shown = tuple[_Seen, View | CloseUp, tuple[Detector, ...]]


def _chunks(work: Iterator[_Shown], size: int) -> Iterator[list[_Shown]]:
    while chunk := list(itertools.islice(work, size)):
        yield chunk
