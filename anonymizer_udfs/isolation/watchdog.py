"""The first try of a partition: images in the worker itself, under a watch that ends the worker rather than wait.

A crash ends a Python worker, and Spark tries its task again; an endless loop in native code does not, and for a memory
blow-up the kernel may end any process. So here both end the worker itself, because that is what Spark recovers from:
it drops what the try had given and tries the task again in another worker, where ``isolation`` finds the image. An
exception would not do: a library that loops never comes back to raise it.

What it costs: 0.1 to 0.2 ms an image. Where a worker is ended: the work of its task so far, its images once more in
isolation, and one of the tries that Spark allows a task (``spark.task.maxFailures``; on a local master the second
number of ``local[N,F]``, and just one without it: then the job fails).
"""

import contextlib
import faulthandler
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from traceback import extract_tb

import cv2
import pyarrow as pa

from anonymizer_udfs import imaging, pipeline
from anonymizer_udfs.errors import FaceveilError, WorkerError
from anonymizer_udfs.isolation import bounds
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.records import Planned, Result
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.spec import Limits, WorkerSpec

OVER_MEMORY = 65
"""Exit status of a worker that ended itself for its memory; one that took too long ends with 1."""
_TICK_SECONDS = 0.1
_STDERR = 2
_RESERVED_BYTES = 4 << 30
"""What libraries reserve and may never use; the allocator within Arrow was seen to take a gibibyte at a time."""


def watched(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield what :func:`pipeline.anonymize_partition` yields, and end the process where an image takes too much.

    Executor, once a partition.

    Raises:
        WorkerError: for what nobody foresaw. Its text says where in the code that was; what a library says of an image
            may quote it, so that is left out.
    """
    where = yield from _tried(batches, spec)
    if where is not None:  # outside of any except, whose exception would hang on as the context
        raise WorkerError(f"an image could not be processed ({where}); its task is tried again, its images isolated")


def _tried(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Generator[pa.RecordBatch, None, str | None]:
    """Yield the rows; return where in the code something failed that nobody foresaw, if it did."""
    cv2.setNumThreads(spec.runtime.threads)
    bounds.leave_no_core()
    planned = (Planned.from_row(row) for batch in batches for row in batch.to_pylist())
    try:
        with (
            closing(Reader(spec.storage, spec.limits.max_bytes, spec.content_column, dated=True)) as reader,
            memory_bounded(spec),
        ):
            works = pipeline._read(planned, reader, spec)  # noqa: SLF001 - the watch stands between reading and work
            yield from pipeline.to_batches(timed(works, spec), spec)
    except FaceveilError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library raises for an image
        return place(error)
    return None


def timed(works: Iterable[pipeline.Work], spec: WorkerSpec) -> Iterator[Result]:
    """Yield the result of each image; the process ends if the images at hand take longer than they may together."""
    with closing(_Timer(spec.limits)) as timer:
        results = pipeline.process(timer.taking(works), spec)
        for result in results:
            timer.given()
            yield result
            timer.resume()


class _Timer:
    """Counts the images that were taken and not given, and ends the process if none is given or taken for too long.

    The timer is faulthandler's: a thread of C that needs no lock of Python's, since a library that loops may hold it.
    It writes where every thread stands (functions and lines, no values) on standard error, and ends the process with
    status 1. There is one in a process; Spark's own (``tracebackDumpIntervalSeconds``) is then off.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()

    def taking(self, works: Iterable[pipeline.Work]) -> Iterator[pipeline.Work]:
        """Yield each, its time running from then on; that of reading it is not counted."""
        least = self._limits.seconds(0)
        for work in works:
            with self._lock:
                self._taken.append(least)  # looking at the header is work as well
            self.resume()
            seconds = self._limits.seconds(claimed_pixels(work.data))
            if seconds > least:
                with self._lock:
                    self._taken[-1] = seconds
                self.resume()
            yield work

    def given(self) -> None:
        """Take note that one is done; no time runs until :meth:`resume`, since whoever takes it may be slow."""
        with self._lock:
            self._taken.popleft()
            faulthandler.cancel_dump_traceback_later()

    def resume(self) -> None:
        """Begin anew with the time of all that are at hand."""
        with self._lock:
            if self._taken:
                faulthandler.dump_traceback_later(sum(self._taken), exit=True, file=_STDERR)

    def close(self) -> None:
        """Stop."""
        faulthandler.cancel_dump_traceback_later()


def claimed_pixels(data: object) -> int:
    """Return the pixels that an image's header claims; 0 where there is none."""
    if not isinstance(data, bytes):
        return 0
    try:
        return imaging.probe(data).all_pixels
    except BadImageError:
        return 0


@contextlib.contextmanager
def memory_bounded(spec: WorkerSpec) -> Iterator[None]:
    """End the process when its resident memory passes ``limits.worker_bytes``; refuse at once what is far beyond.

    A library that holds Python's lock holds up the watch as well, but not the bound of single allocations. On an
    accelerator there is no such bound: its driver maps memory of its own.
    """
    most = spec.limits.worker_bytes
    done = threading.Event()
    threading.Thread(target=_end_above, args=(most, done), name="memory-watch", daemon=True).start()
    try:
        with bounds.allocations_below(private_bytes(spec)):
            yield
    finally:
        done.set()


def private_bytes(spec: WorkerSpec) -> int | None:
    """Return the bound of what a worker may allocate; none on an accelerator."""
    return None if spec.runtime.accelerated else spec.limits.worker_bytes + _RESERVED_BYTES


def _end_above(most_bytes: int, done: threading.Event) -> None:
    while not done.wait(_TICK_SECONDS):
        if bounds.resident_bytes(os.getpid()) > most_bytes:
            os.write(_STDERR, b"faceveil: a worker took more than limits.worker_bytes; its task is tried again\n")
            os._exit(OVER_MEMORY)


def place(error: BaseException) -> str:
    """Return the kind of an error and where it was raised: ``ValueError at pipeline.py:12``; nothing of its text."""
    frames = extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}"
