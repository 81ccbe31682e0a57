"""What one process may take and leave behind: its memory, its core dumps, its life after its parent's."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PAGE_BYTES = resource.getpagesize()
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, shared pages included; 0 once it is gone, and where there is no ``/proc``.

    10 microseconds.
    """
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as stream:  # noqa: PTH123 - on every tick of a watch
            return int(stream.read().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def leave_no_core() -> None:
    """Let this process write no core dump when it crashes: the dump would hold the picture that it died of.

    A limit of 1 byte, since Linux heeds 0 only for files; with 1 it does not start the program that ``core_pattern``
    may name either (``man 5 core``, and ``do_coredump`` in ``fs/coredump.c``).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0 if hard == 0 else 1, hard))


def end_with(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` ends, whatever it is doing then (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be said
            os._exit(1)


@contextmanager
def allocations_below(most_bytes: int | None) -> Iterator[None]:
    """Refuse allocations that would take this process's private data beyond a bound (``RLIMIT_DATA``); ``None``: none.

    For the single allocation of far too much, which fails with ``MemoryError`` before a watch could see it. Not
    ``RLIMIT_AS``, which counts mapped files and address space without use as well. With a detector on a CPU, private
    data was measured at the resident memory plus 0.1 GB, and 1.3 GB once Arrow had reserved a gibibyte.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [limit for limit in (soft, hard, most_bytes) if limit not in (None, resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(known, default=soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
