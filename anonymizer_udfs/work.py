"""One image on its way through the pipeline: what is known of it so far. Runs on an executor."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from anonymizer_udfs import keeping, panel
from anonymizer_udfs.decided import NOTHING, Decided
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.heeding import Heeded
from anonymizer_udfs.imaging import Header
from anonymizer_udfs.making import Made
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.panel import Judge
from anonymizer_udfs.records import Face, Planned, Quarantined, Released
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.stepping import Stepped
from anonymizer_udfs.subject import Subject


@dataclass
class Work:
    """One image on its way; fields are filled step by step, and ``outcome`` ends it."""

    planned: Planned
    data: bytes | Reason
    timings_ms: dict[str, float] = field(default_factory=dict)
    spec: WorkerSpec | None = None
    decided: Decided = NOTHING
    heeded: Heeded = field(default_factory=Heeded)
    header: Header | None = None
    subject: Subject | None = None
    found: list[Found] = field(default_factory=list)
    kept: tuple[keeping.Kept, ...] = ()
    plans: tuple[str, ...] = ()
    searches: tuple[tuple[Plan, Searcher], ...] = ()
    stepped: Stepped | None = None
    made: Made | None = None
    judge: Judge | None = None
    risk: float | None = None
    left: tuple[tuple[Finding, ...], ...] = ()
    faces: tuple[Face, ...] = ()
    utility: tuple[tuple[str, float], ...] = ()
    outcome: Released | Quarantined | None = None

    def shown(self) -> Subject:
        """Return what the file shows; raises where it was never decoded."""
        if self.subject is None:
            raise RuntimeError("an image is decoded before it is worked on")
        return self.subject

    def base(self) -> Stepped:
        """Return what its faces are treated in: the source, or what the steps of its policy make of it.

        Raises:
            BadImageError: the steps cannot be taken.
        """
        spec = self.told()
        if self.stepped is None or self.stepped.steps != spec.policy.steps:
            self.stepped = Stepped(self.shown(), spec.policy.steps, spec.limits.max_pixels)
        return self.stepped

    def judged(self) -> Judge | None:
        """Return who decides over it, by the policy that it has now; nobody where nothing is to be decided."""
        spec = self.told()
        if self.judge is None or self.judge.policy != spec.policy.name:
            self.judge = panel.judge(spec)
            if self.judge is not None:
                self.judge.least = min(self.decided.least, len(spec.policy.face.chain) - 1)
        return self.judge

    def told(self) -> WorkerSpec:
        """Return what is to be done with it, by the policy that it has; raises where nobody said so."""
        if self.spec is None:
            raise RuntimeError("an image has a policy before it is worked on")
        return self.spec


class Clock:
    """Adds the time of a ``with`` block to one step of one image."""

    def __init__(self, work: Work, step: str) -> None:
        self._work, self._step = work, step

    def __enter__(self) -> None:
        """Start."""
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        """Stop, and add."""
        spent = (time.perf_counter() - self._start) * 1000
        self._work.timings_ms[self._step] = self._work.timings_ms.get(self._step, 0.0) + spent


def by_policy(works: Iterable[Work]) -> Iterator[tuple[WorkerSpec, list[Work]]]:
    """Yield the images of each policy, with what is to be done with them: they are searched alike."""
    groups: dict[str, list[Work]] = {}
    for work in works:
        groups.setdefault(work.told().policy.name, []).append(work)
    for mine in groups.values():
        yield mine[0].told(), mine
