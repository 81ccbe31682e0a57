"""The processes of a run, found as Linux shows them, so that a test can end some of them or watch what they take."""

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def parents() -> dict[int, int]:
    """Return the parent of each process of this machine (Linux)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything; the state and the parent come after it.
            found[int(stat.parent.name)] = int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    return found


def below(pid: int) -> list[int]:
    """Return all processes that a process started, and theirs, the nearest first."""
    known = parents()
    found = [pid]
    for one in found:
        found += [child for child, parent in known.items() if parent == one]
    return found[1:]


def command_line(pid: int) -> str:
    """Return how a process was started; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def daemons_of(pid: int) -> list[int]:
    """Return what a run forks its Python workers from."""
    mine = [one for one in below(pid) if "pyspark.daemon" in command_line(one)]
    return [one for one in mine if not any(one in below(other) for other in mine)]


def workers_of(pid: int) -> list[int]:
    """Return the Python workers of a run: the daemon that Spark forks them from, and its children."""
    return [one for daemon in daemons_of(pid) for one in (daemon, *below(daemon))]


def resident_mib(pid: int) -> float | None:
    """Return the memory that a process has now, or ``None`` once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE / 2**20
    except (OSError, ValueError, IndexError):
        return None
