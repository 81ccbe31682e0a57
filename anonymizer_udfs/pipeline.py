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
from dataclasses import replace

import cv2
import pyarrow as pa

from anonymizer_udfs import fingerprint, imaging, keeping, measure, searching, steps, subject
from anonymizer_udfs.detection.plans import FAST
from anonymizer_udfs.heeding import Heeded
from anonymizer_udfs.making import Made, make
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason, Status
from anonymizer_udfs.records import OUT, Face, Planned, Quarantined, Released, Result
from anonymizer_udfs.shares import Shares
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.stages import staged
from anonymizer_udfs.treatment import Treated
from anonymizer_udfs.work import Clock, Work

__all__ = ["GROUP_ON_ACCELERATOR", "Clock", "Work", "anonymize_partition", "process", "to_batches"]

GROUP_ON_ACCELERATOR = 32
GROUP_PIXELS = 32_000_000
"""Pixels of a group, and of one picture more: some 10 bytes are held for each until the group is done.

Four groups are at work at a time."""
MOST_ROWS = 256


def anonymize_partition(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield the rows of :data:`records.OUT` for the rows of :data:`records.PLAN`, in order, in bounded batches.

    Executor, once a partition. Needs no Spark. Memory: the bytes read ahead, the pictures at work (one on a CPU, four
    groups on an accelerator), a few copies of the largest picture, and one batch of results.
    """
    cv2.setNumThreads(spec.runtime.threads)
    planned = (Planned.from_row(row) for batch in batches for row in batch.to_pylist())
    with closing(Reader(spec.storage, spec.limits.max_bytes, spec.content_column, dated=True)) as reader:
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
    stages = (_search_group, _treat_group, _look_again_group)
    with staged(_groups(works, spec), stages, overlapping=spec.runtime.accelerated) as groups:
        for work in itertools.chain.from_iterable(groups):
            _guarded(_finish, work)
            yield _result(work)


def _search_group(group: Sequence[Work]) -> None:
    for work in group:
        _guarded(_heed, work)
    searching.search([work for work in group if work.outcome is None])


def _heed(work: Work) -> None:
    """Take the places that people named back to the source."""
    if work.decided.edited:
        work.heeded = Heeded.of(work.decided, work.base())


def _treat_group(group: Sequence[Work]) -> None:
    for work in group:
        _guarded(_treat, work)


def _look_again_group(group: Sequence[Work]) -> None:
    searching.look_again([work for work in group if work.outcome is None], functools.partial(_guarded, _treat))


def _groups(works: Iterable[Work], spec: WorkerSpec) -> Iterator[list[Work]]:
    """Yield groups of decoded images: one on a CPU; on an accelerator as many as memory bears."""
    most = GROUP_ON_ACCELERATOR if spec.runtime.accelerated else 1
    group: list[Work] = []
    for work in works:
        work.spec = spec.under(work.planned.policy)
        work.decided = work.planned.decided.under(work.spec.provenance.policy_digest)
        _guarded(_decode, work)
        group.append(work)
        pixels = sum(w.subject.header.all_pixels for w in group if w.subject is not None)
        if len(group) >= most or pixels >= GROUP_PIXELS:
            yield group
            group = []
    if group:
        yield group


def _guarded(step: Callable[[Work], None], work: Work) -> None:
    """Run a step of one image; the one place where what is wrong with an image becomes its outcome."""
    if work.outcome is None:
        try:
            step(work)
        except BadImageError as error:
            work.outcome = Quarantined(error.reason)


def _decode(work: Work) -> None:
    spec = work.told()
    if work.decided.withheld:
        raise BadImageError(Reason.WITHHELD)
    if isinstance(work.data, Reason):
        raise BadImageError(work.data)
    if spec.digest_of(work.data) is None:
        raise BadImageError(Reason.SUPPRESSED)
    with Clock(work, "decode"):
        work.header = imaging.probe(work.data)
        work.subject = subject.of(work.header, work.data, spec.policy.plan, spec.limits.max_pixels)


def _treat(work: Work) -> None:
    """Anonymize, encode, and decode what would be stored; where nothing was found, cut the metadata alone."""
    with Clock(work, "encode" if work.told().policy.steps else "decode"):
        base = work.base()
    shown = base.subject
    if shown.failed is not None:
        raise BadImageError(shown.failed)
    treated = _not_kept(work)
    if not treated and shown.untouched is not None:
        work.made = Made(shown.untouched)
        return
    with Clock(work, "decode"):
        shown.pictures()
    shared, clock = Shares.from_rows(work.planned.shares), functools.partial(Clock, work)
    found = [base.there(one) for one in treated]
    work.made = make(shown, found, work.planned.image_id, work.told(), clock, shared=shared, judge=work.judged())


def _not_kept(work: Work) -> list[Found]:
    """Return what is treated of what was found: all but faces of people who consented, by the policy it has now."""
    spec, work.kept = work.told(), ()
    if spec.keep is None or not work.found:
        return work.found
    with Clock(work, "panel"):
        kept = keeping.kept(work.found, work.shown().pictures(), spec)
    mine = {id(one.found) for one in kept}
    work.kept = keeping.moved(kept, [work.base().there(one.found) for one in kept])
    return [one for one in work.found if id(one) not in mine]


def _finish(work: Work) -> None:
    """Measure, where the image is in the sample, and decide what becomes of it."""
    spec = work.told()
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
    if work.kept:
        work.faces += tuple(keeping.record(one, work.base().subject.pictures()[0]) for one in work.kept)
    if work.made.psnr_outside_db is not None:
        work.utility += (("psnr_outside", round(work.made.psnr_outside_db, 2)),)
    reason = _asks(work)
    status = Status.REVIEW if reason else Status.ANONYMIZED if work.faces else Status.CLEAN
    digest = hashlib.sha256(encoded.data).hexdigest()
    reencoded = encoded.reencoded or bool(work.base().taken)
    work.outcome = Released(status, encoded.data, digest, reencoded, reason)


def _asks(work: Work) -> Reason | None:
    """Return why a person has to look at it before it is released; none where nobody has to, or one has."""
    if work.decided.accepted:
        return None
    if work.decided.edited:
        return Reason.EDITED
    unsure = any(one.finding.confidence < work.told().policy.bands.sure for one in work.found)
    return Reason.UNSURE if unsure else None


def _measured(work: Work, made: Made, spec: WorkerSpec) -> tuple[tuple[Face, ...], measure.Named]:
    """Return the faces with what was measured of them, and what was measured of the image."""
    pictures = work.base().subject.pictures()
    stored, treated = made.stored or pictures, made.treated or tuple(map(Treated, pictures))
    after = work.left or ((),) * len(pictures)
    if spec.policy.second_look is None and work.found:  # then nobody has looked at what is stored
        after = tuple(spec.policy.searcher.search(subject.sights_of(stored), FAST, spec.runtime))
    return measure.frames(pictures, stored, treated, after, spec)


def _result(work: Work) -> Result:
    if work.outcome is None:
        raise RuntimeError("an image ends with an outcome")
    digest = work.told().digest_of(work.data) if isinstance(work.data, bytes) else None
    result = Result(work.planned, work.outcome, digest, faces=work.faces, utility=work.utility, plans=work.plans)
    result = replace(result, policy=work.told().policy.name, risk=work.risk)
    result = replace(result, steps=tuple(map(steps.told, work.stepped.taken)) if work.stepped else ())
    shown = work.stepped.subject if work.stepped else work.subject
    header = shown.header if shown else work.header
    if header is not None:
        size_wh = header.width, header.height
        result = replace(result, format=header.format.value, size_wh=size_wh, frames=header.frames)
    return replace(result, duration_ms=sum(work.timings_ms.values()), timings_ms=work.timings_ms)


def to_batches(results: Iterable[Result], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield record batches of :data:`records.OUT` that hold not much more than ``limits.batch_bytes`` each."""
    rows, weight = [], 0
    for result in results:
        row = result.row(spec.columns(result.entry.policy, result.policy))
        rows.append(row)
        weight += len(row["content"] or b"")
        if weight >= spec.limits.batch_bytes or len(rows) >= MOST_ROWS:
            yield pa.RecordBatch.from_pylist(rows, schema=OUT)
            rows, weight = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=OUT)
