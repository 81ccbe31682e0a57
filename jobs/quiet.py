"""What the JVM writes on its standard error, without the lines that are of no use to anybody. Runs on the driver."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_NOISE = (
    b"WARNING: Using incubator modules",
    b"Setting default log level to",
    b"To adjust logging level use",
    b"Picked up ",
)
_STDERR = 2


@contextmanager
def jvm_noise_dropped() -> Iterator[None]:
    """Start the JVM inside the block: its standard error then passes through a filter for as long as it lives.

    Whatever else this process writes on its own standard error goes where it went before.
    """
    sys.stderr.flush()
    terminal = os.dup(_STDERR)
    reading, writing = os.pipe()
    threading.Thread(target=_pass_on, args=(os.fdopen(reading, "rb"), terminal), daemon=True).start()
    os.dup2(writing, _STDERR)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(terminal, _STDERR)


def _pass_on(lines: BinaryIO, terminal: int) -> None:
    with lines:
        for line in lines:
            if not line.startswith(_NOISE):
                os.write(terminal, line)
