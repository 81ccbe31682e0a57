"""The process under test: it runs the partition function over plans that come through a pipe, and says each row.

The first try of a plan is watched, and may end the process; a further one is isolated: as a task of Spark has it.
"""

import logging
import resource
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa

from anonymizer_udfs import isolation
from anonymizer_udfs.isolation import watchdog
from anonymizer_udfs.spec import WorkerSpec

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A plan to work on."""

    batches: list[pa.RecordBatch]
    again: bool
    """Whether a try before ended its worker, or failed."""


@dataclass(frozen=True)
class Failed:
    """The partition function raised; ``text`` is what a log would have of it."""

    text: str


@dataclass(frozen=True)
class Done:
    """The plan is through.

    Attributes:
        children_bytes: the most resident memory of any child process so far.
    """

    children_bytes: int


Answer = dict[str, Any] | Failed | Done


def serve(pipe: Connection) -> None:
    """Answer orders until the pipe ends; what libraries log is on standard error, more than in Spark."""
    logging.basicConfig(level=logging.INFO)
    spec: WorkerSpec = pipe.recv()
    while True:
        try:
            order: Order = pipe.recv()
        except EOFError:
            return
        run = isolation.isolated if order.again else watchdog.watched
        try:
            for batch in run(order.batches, spec):
                for row in batch.to_pylist():
                    pipe.send(row)
        except Exception as error:  # noqa: BLE001 - whatever comes out of it is told
            _log.exception("a partition failed")
            pipe.send(Failed(f"{type(error).__name__}: {error}"))
        else:
            pipe.send(Done(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
