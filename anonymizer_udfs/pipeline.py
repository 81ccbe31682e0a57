"""A batch of images through all steps: read, decode, search, treat, encode, verify, look again, measure, record.

Everything here runs on an executor. The partition function keeps order and row count: one row in, one row out, whatever
happens to an image. What is wrong with one image is a value; what is wrong with the environment (a missing model, a
wrong digest) raises and fails the task.
"""

import functools
import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import cv2
import pyarrow as pa

from anonymizer_udfs import fingerprint, imaging, measure, panel, subject, verification
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import FAST, THOROUGH, Plan
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.detection.sights import Sight
from anonymizer_udfs.imaging import Header
from anonymizer_udfs.looks import covers
from anonymizer_udfs.making import Made, make
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason, Status
from anonymizer_udfs.panel import Judge
from anonymizer_udfs.records import OUT, Face, Look, Planned, Quarantined, Released, Result
from anonymizer_udfs.shares import Shares
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.stages import staged
from anonymizer_udfs.subject import Subject
from anonymizer_udfs.treatment import Treated

GROUP_ON_ACCELERATOR = 32
GROUP_PIXELS = 32_000_000
"""Pixels of a group, and of one picture more: some 10 bytes are held for each until the group is done.

Four groups are at work at a time."""
SECOND_LOOKS = 3
"""How often an anonymized picture is searched for what is left before it is held back."""
MOST_ROWS = 256


@dataclass
class Work:
    """One image on its way; fields are filled step by step, and ``outcome`` ends it."""

    planned: Planned
    data: bytes | Reason
    timings_ms: dict[str, float] = field(default_factory=dict)
    header: Header | None = None
    subject: Subject | None = None
    found: list[Found] = field(default_factory=list)
    plans: tuple[str, ...] = ()
    made: Made | None = None
    judge: Judge | None = None
    left: tuple[tuple[Finding, ...], ...] = ()
    faces: tuple[Face, ...] = ()
    utility: tuple[tuple[str, float], ...] = ()
    outcome: Released | Quarantined | None = None

    def shown(self) -> Subject:
        """Return what the file shows; raises where it was never decoded."""
        if self.subject is None:
            raise RuntimeError("an image is decoded before it is worked on")
        return self.subject


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


def anonymize_partition(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield the rows of :data:`records.OUT` for the rows of :data:`records.PLAN`, in order, in bounded batches.

    Executor, once a partition. Needs no Spark. Memory: the bytes read ahead, the pictures at work (one on a CPU, four
    groups on an accelerator), a few copies of the largest picture, and one batch of results.
    """
    cv2.setNumThreads(spec.runtime.threads)
    planned = (Planned.from_row(row) for batch in batches for row in batch.to_pylist())
    with closing(Reader(spec.storage, spec.limits.max_bytes, spec.content_column)) as reader:
        yield from to_batches(process(_read(planned, reader, spec), spec), spec)


def _read(planned: Iterator[Planned], reader: Reader, spec: WorkerSpec) -> Iterator[Work]:
    """Yield each image with its bytes, or with the reason why there are none."""
    waiting, listed = itertools.tee(planned)
    limits = spec.limits
    contents = reader.read_ahead((p.entry for p in listed), limits.read_threads, limits.read_ahead_bytes)
    for one in waiting:
        start = time.perf_counter()
        _, data = next(contents)
        yield Work(one, data, {"read": (time.perf_counter() - start) * 1000})


def process(works: Iterable[Work], spec: WorkerSpec) -> Iterator[Result]:
    """Yield what became of each image, in order.

    On an accelerator the pictures of a group share detector calls, and while one group is searched the next is decoded,
    and those before are treated and looked at again, each in a thread. On a CPU, whose cores have a task each, pictures
    go one by one in the caller's thread.
    """
    stages = [functools.partial(stage, spec) for stage in (_search_group, _treat_group, _look_again_group)]
    with staged(_groups(works, spec), stages, overlapping=spec.runtime.accelerated) as groups:
        for work in itertools.chain.from_iterable(groups):
            _guarded(_finish, work, spec)
            yield _result(work, spec)


def _search_group(spec: WorkerSpec, group: Sequence[Work]) -> None:
    _search([work for work in group if work.outcome is None], spec)


def _treat_group(spec: WorkerSpec, group: Sequence[Work]) -> None:
    for work in group:
        _guarded(_treat, work, spec)


def _look_again_group(spec: WorkerSpec, group: Sequence[Work]) -> None:
    if spec.policy.second_look is not None:
        _look_again([work for work in group if work.outcome is None], spec.policy.second_look, spec)


def _groups(works: Iterable[Work], spec: WorkerSpec) -> Iterator[list[Work]]:
    """Yield groups of decoded images: one on a CPU; on an accelerator as many as memory bears."""
    most = GROUP_ON_ACCELERATOR if spec.runtime.accelerated else 1
    group: list[Work] = []
    for work in works:
        _guarded(_decode, work, spec)
        group.append(work)
        pixels = sum(w.subject.header.all_pixels for w in group if w.subject is not None)
        if len(group) >= most or pixels >= GROUP_PIXELS:
            yield group
            group = []
    if group:
        yield group


def _guarded(step: Callable[[Work, WorkerSpec], None], work: Work, spec: WorkerSpec) -> None:
    """Run a step of one image; the one place where what is wrong with an image becomes its outcome."""
    if work.outcome is None:
        try:
            step(work, spec)
        except BadImageError as error:
            work.outcome = Quarantined(error.reason)


def _decode(work: Work, spec: WorkerSpec) -> None:
    if isinstance(work.data, Reason):
        raise BadImageError(work.data)
    with Clock(work, "decode"):
        work.header = imaging.probe(work.data)
        work.subject = subject.of(work.header, work.data, spec.policy.plan, spec.limits.max_pixels)


def _search(works: Sequence[Work], spec: WorkerSpec) -> None:
    """Run the policy's plan, then the thorough one where no face was found and the policy asks for it."""
    looks = [work.shown().sights for work in works]
    for work, found in zip(works, _timed_search(works, looks, spec.policy.plan, "detect", spec), strict=True):
        work.found = [Found(one, Look.PLAN, i) for i, ones in enumerate(found) for one in ones]
        work.plans += (spec.policy.plan.name,)
    faceless = [w for w in works if not any(one.finding.kind == FACE for one in w.found)]
    again = [w for w in faceless if spec.policy.searches_again(w.planned.image_id)]
    looks = [work.shown().sights for work in again]
    for work, found in zip(again, _timed_search(again, looks, THOROUGH, "detect", spec), strict=True):
        more = [Found(one, Look.THOROUGH, i) for i, ones in enumerate(found) for one in ones]
        work.found += [one for one in more if one.finding.kind == FACE or not work.found]
        work.plans += (THOROUGH.name,)


def _timed_search(
    works: Sequence[Work], looks: Sequence[Sequence[Sight]], plan: Plan, step: str, spec: WorkerSpec
) -> list[list[tuple[Finding, ...]]]:
    """Return what is found in each sight of each image; one that stands for several frames is searched once."""
    start = time.perf_counter()
    sights = list(dict.fromkeys(itertools.chain.from_iterable(looks)))
    found = dict(zip(sights, spec.policy.searcher.search(sights, plan, spec.runtime), strict=True))
    spent = (time.perf_counter() - start) * 1000 / max(1, len(sights))
    for work, mine in zip(works, looks, strict=True):
        work.timings_ms[step] = work.timings_ms.get(step, 0.0) + spent * len(set(mine))
    return [[found[sight] for sight in mine] for mine in looks]


def _treat(work: Work, spec: WorkerSpec) -> None:
    """Anonymize, encode, and decode what would be stored; where nothing was found, cut the metadata alone."""
    shown = work.shown()
    if shown.failed is not None:
        raise BadImageError(shown.failed)
    if not work.found and shown.untouched is not None:
        work.made = Made(shown.untouched)
        return
    with Clock(work, "decode"):
        shown.pictures()
    shared, clock = Shares.from_rows(work.planned.shares), functools.partial(Clock, work)
    work.judge = work.judge or panel.judge(spec)
    work.made = make(shown, work.found, work.planned.image_id, spec, clock, shared=shared, judge=work.judge)


def _look_again(works: Sequence[Work], plan: Plan, spec: WorkerSpec) -> None:
    """Search the pictures that would be stored for what no region covers, and treat that too, until nothing is left.

    Where nothing was treated and the plan saw at least as much, there is nothing new to see. An image in which the last
    of :data:`SECOND_LOOKS` still sees something is held back.
    """
    left = [work for work in works if work.found or not covers(spec.policy.plan, plan)]
    for looks in range(1, SECOND_LOOKS + 1):
        again = []
        shown = [_stored_sights(work) for work in left]
        for work, found in zip(left, _timed_search(left, shown, plan, "second_look", spec), strict=True):
            work.left = tuple(found)
            treated = work.made.treated if work.made else ()
            rest = map(verification.uncovered, found, treated) if treated else found
            more = [Found(one, Look.SECOND, i) for i, ones in enumerate(rest) for one in ones]
            if more and looks == SECOND_LOOKS:
                work.outcome = Quarantined(Reason.RESIDUAL)
            elif more:
                work.found = [*work.found, *more]
                _guarded(_treat, work, spec)
                again.append(work)
        left = [work for work in again if work.outcome is None]
        if not left:
            return


def _stored_sights(work: Work) -> tuple[Sight, ...]:
    """Return what detectors look at of the file that would be stored."""
    stored = work.made.stored if work.made else ()
    return subject.sights_of(stored) if stored else work.shown().sights


def _finish(work: Work, spec: WorkerSpec) -> None:
    """Measure, where the image is in the sample, and decide what becomes of it."""
    if work.made is None:
        raise RuntimeError("a picture is treated before it is finished")
    encoded = work.made.encoded
    work.faces = tuple(itertools.chain.from_iterable(one.faces for one in work.made.treated))
    if spec.measure is not None and spec.measure.takes(work.planned.image_id):
        with Clock(work, "measure"):
            work.faces, work.utility = _measured(work, work.made, spec)
    if work.judge is not None:
        work.faces = work.judge.recorded([one.findings for one in work.made.treated], work.faces)
    work.faces = fingerprint.hashed(work.faces, work.made.treated, work.made.stored, spec.key)
    if work.made.psnr_outside_db is not None:
        work.utility += (("psnr_outside", round(work.made.psnr_outside_db, 2)),)
    unsure = any(one.finding.confidence < spec.policy.bands.sure for one in work.found)
    status = Status.REVIEW if unsure else Status.ANONYMIZED if work.faces else Status.CLEAN
    digest, reason = hashlib.sha256(encoded.data).hexdigest(), Reason.UNSURE if unsure else None
    work.outcome = Released(status, encoded.data, digest, encoded.reencoded, reason)


def _measured(work: Work, made: Made, spec: WorkerSpec) -> tuple[tuple[Face, ...], measure.Named]:
    """Return the faces with what was measured of them, and what was measured of the image."""
    pictures = work.shown().pictures()
    stored, treated = made.stored or pictures, made.treated or tuple(map(Treated, pictures))
    after = work.left or ((),) * len(pictures)
    if spec.policy.second_look is None and work.found:  # then nobody has looked at what is stored
        after = tuple(spec.policy.searcher.search(subject.sights_of(stored), FAST, spec.runtime))
    return measure.frames(pictures, stored, treated, after, spec)


def _result(work: Work, spec: WorkerSpec) -> Result:
    if work.outcome is None:
        raise RuntimeError("an image ends with an outcome")
    digest = spec.key.source_digest(work.data) if isinstance(work.data, bytes) else None
    result = Result(work.planned, work.outcome, digest, faces=work.faces, utility=work.utility, plans=work.plans)
    header = work.subject.header if work.subject else work.header
    if header is not None:
        size_wh = header.width, header.height
        result = replace(result, format=header.format.value, size_wh=size_wh, frames=header.frames)
    return replace(result, duration_ms=sum(work.timings_ms.values()), timings_ms=work.timings_ms)


def to_batches(results: Iterable[Result], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield record batches of :data:`records.OUT` that hold not much more than ``limits.batch_bytes`` each."""
    provenance = spec.provenance.columns()
    rows, weight = [], 0
    for result in results:
        row = result.row(provenance)
        rows.append(row)
        weight += len(row["content"] or b"")
        if weight >= spec.limits.batch_bytes or len(rows) >= MOST_ROWS:
            yield pa.RecordBatch.from_pylist(rows, schema=OUT)
            rows, weight = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=OUT)
