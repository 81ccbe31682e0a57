"""A further try of a partition: each image in a child process, so that none can end the worker.

When a worker dies Spark tries its task again, and does not say which image it died of. The task's images then go, one
at a time, to a child process that may crash, loop or swell. What ends it is found out and held back; the others come
out as ever, byte for byte, since the same code does the same work on them.

Who is to blame:

- A child begins with a blank picture. If it cannot do that, the environment is at fault (a model, a library, too
  little memory): that is an error, not hundreds of images held back.
- An image that ends its child is tried once more, in a new one. So nobody is blamed for what the image before it broke,
  or for a process that somebody else killed. Only who takes too long or too much in a new child is blamed at once.

What it costs: a second or two for each child (imports and models), one image at a time without reading ahead, some
milliseconds an image for the pipe. The child shares nothing with the worker but that pipe, and what comes through it
is trusted as far as the worker's own memory: both run the same code on the same images with the same key.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Self

import pyarrow as pa

from anonymizer_udfs import pipeline
from anonymizer_udfs.isolation.child import Child, Ended
from anonymizer_udfs.records import Planned, Quarantined, Result
from anonymizer_udfs.spec import WorkerSpec

_log = logging.getLogger(__name__)


def isolated(batches: Iterable[pa.RecordBatch], spec: WorkerSpec) -> Iterator[pa.RecordBatch]:
    """Yield what :func:`pipeline.anonymize_partition` yields, whatever an image does to the process that works on it.

    Executor, once a partition; Linux and macOS (where memory is not watched).

    Raises:
        FaceveilError: as the pipeline does, for what is wrong with the environment.
        IsolationError: if a child cannot do a blank picture.
    """
    planned = (Planned.from_row(row) for batch in batches for row in batch.to_pylist())
    with Isolation(spec) as isolation:
        yield from pipeline.to_batches(map(isolation.result, planned), spec)


class Isolation:
    """Keeps one child at work, and gives each image a result."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._child: Child | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child, whatever it is doing."""
        self._end()

    def result(self, planned: Planned) -> Result:
        """Return what became of an image; see the module for who is to blame.

        Raises:
            FaceveilError: for what is wrong with the environment.
        """
        start = time.perf_counter()
        ended = self._tried(planned)
        if isinstance(ended, Ended) and not (ended.on_purpose and ended.fresh):
            ended = self._tried(planned)
        if isinstance(ended, Result):
            return ended
        _log.warning("image %s held back: %s, %s", planned.image_id, ended.reason, ended.how)
        spent = (time.perf_counter() - start) * 1000
        seen, held_back = ended.seen, Quarantined(ended.reason)
        return Result(planned, held_back, seen.source_digest, seen.format, seen.size_wh, seen.frames, duration_ms=spent)

    def _tried(self, planned: Planned) -> Result | Ended:
        self._child = self._child or Child(self._spec)
        answer = self._child.result(planned)
        if isinstance(answer, Ended):
            self._end()
        return answer

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
