"""The child process of ``isolation``: reads and processes one image at a time, and says how far it is.

It is started with the same interpreter, environment and search path as the worker, and is told what to do over its pipe
alone, so that neither key nor names are on a command line, in an environment or on a disk. It ends when the pipe does,
and on Linux with its parent whatever it is doing.
"""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

import cv2
import numpy as np

from anonymizer_udfs import imaging, pipeline
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.isolation import bounds
from anonymizer_udfs.isolation.watchdog import place, private_bytes
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Planned, Result
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.sources.base import Entry
from anonymizer_udfs.spec import WorkerSpec

BLANK_PX = 64


@dataclass(frozen=True)
class Start:
    """What the child is told first."""

    parent: int
    spec: WorkerSpec


@dataclass(frozen=True)
class Seen:
    """How far an image is: its bytes are read, then its header. What a row says of an image that ends its process."""

    source_digest: str | None = None
    format: str | None = None
    size_wh: tuple[int, int] | None = None
    frames: int | None = None


@dataclass(frozen=True)
class Ready:
    """The models are loaded, and a blank picture went through all steps."""


@dataclass(frozen=True)
class Unable:
    """Something is wrong with the environment, whichever image comes."""

    error: FaceveilError


@dataclass(frozen=True)
class Failed:
    """An image raised what nobody foresaw; ``where`` holds nothing of it."""

    reason: Reason
    where: str


Answer = Seen | Ready | Unable | Failed | Result


def serve(connection: Connection) -> None:
    """Answer until the pipe ends: first for a blank picture, then for each image that is sent.

    Child process, once. An image that fails in Python is answered; whatever else it does, the parent sees.
    """
    start: Start = connection.recv()
    bounds.end_with(start.parent)
    bounds.leave_no_core()
    spec = start.spec
    cv2.setNumThreads(spec.runtime.threads)
    reader = Reader(spec.storage, spec.limits.max_bytes, spec.content_column, dated=True)
    with bounds.allocations_below(private_bytes(spec)), closing(reader), suppress(EOFError):
        connection.send(_answer(partial(_blank, spec)))
        while True:
            connection.send(_answer(partial(_result, connection.recv(), reader, spec, connection)))


def _answer(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except FaceveilError as error:
        return Unable(error)
    except MemoryError as error:
        return Failed(Reason.OUT_OF_MEMORY, place(error))
    except Exception as error:  # noqa: BLE001 - whatever a library raises for an image
        return Failed(Reason.CRASHED, place(error))


def _result(planned: Planned, reader: Reader, spec: WorkerSpec, connection: Connection) -> Result:
    start = time.perf_counter()
    data = reader.outcome(planned.entry)
    timings = {"read": (time.perf_counter() - start) * 1000}
    digest = spec.digest_of(data) if isinstance(data, bytes) else None
    if isinstance(data, bytes) and digest is not None:
        connection.send(Seen(digest))
        connection.send(_header(data, digest))
    (result,) = pipeline.process([pipeline.Work(planned, data, timings)], spec)
    return result


def _header(data: bytes, digest: str) -> Seen:
    try:
        header = imaging.probe(data)
    except BadImageError:
        return Seen(digest)
    return Seen(digest, header.format.value, (header.width, header.height), header.frames)


def _blank(spec: WorkerSpec) -> Ready:
    """Take a grey picture through all steps: who can do that is sound, and what then ends it is the image."""
    data = cv2.imencode(".png", np.full((BLANK_PX, BLANK_PX, 3), 127, np.uint8))[1].tobytes()
    entry = Entry("", kind="object", container="", size_bytes=len(data), modified_us=0, etag="", start=0, index=0)
    list(pipeline.process([pipeline.Work(Planned(spec.key.image_id("blank"), "", entry), data)], spec))
    return Ready()
