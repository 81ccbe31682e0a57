"""What the processes of a run take of memory and of the processors, read from Linux's ``/proc``."""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

EVERY_SECONDS = 1.0
"""A look at a machine with a hundred processes takes 7 ms, which is less than one in a hundred of a core."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Seen:
    """One process at one moment.

    Attributes:
        pid: its number.
        parent: its parent's.
        started: ticks since the machine came up; with ``pid`` it names a process for good.
        cpu_seconds: user and system time of itself, not of its children.
        peak_mib: the most memory that was ever resident.
        argv: its command line.
    """

    pid: int
    parent: int
    started: int
    cpu_seconds: float
    peak_mib: float
    argv: tuple[str, ...]


def kind_of(argv: tuple[str, ...]) -> str:
    """Return what part of a run a process is.

    Examples:
        >>> kind_of(("python", "-m", "pyspark.daemon")), kind_of(("/usr/bin/java", "-cp", "x"))
        ('worker', 'driver_jvm')
    """
    words = " ".join(argv)
    known = {
        "pyspark.daemon": "worker",
        "CoarseGrainedExecutorBackend": "executor_jvm",
        "deploy.master.Master": "cluster",
        "deploy.worker.Worker": "cluster",
        "versitygw": "s3_server",
        "moto.server": "s3_server",
        "multiprocessing": "loop",
    }
    found = next((kind for word, kind in known.items() if word in words), None)
    return found or ("driver_jvm" if argv and argv[0].rpartition("/")[2] == "java" else "driver_python")


@dataclass
class Watch:
    """Looks at a process and all below it, once a second, while its block runs.

    Attributes:
        pid: of whom; this process where none is given.
    """

    pid: int = field(default_factory=os.getpid)
    _peaks: dict[str, float] = field(default_factory=dict)
    _cpu: dict[tuple[int, int], tuple[str, float, float]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Begin."""
        self._stop = threading.Event()
        self.look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, with a last look."""
        self._stop.set()
        self._thread.join()
        self.look()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Look now."""
        self.note(descendants(self.pid))

    def note(self, processes: list[Seen]) -> None:
        """Take in what one look saw; what was spent before the first look does not count."""
        initial = not self._cpu
        for one in processes:
            kind = kind_of(one.argv)
            self._peaks[kind] = max(self._peaks.get(kind, 0.0), one.peak_mib)
            first = self._cpu.get((one.pid, one.started), ("", one.cpu_seconds if initial else 0.0, 0.0))[1]
            self._cpu[one.pid, one.started] = kind, first, one.cpu_seconds

    def peaks(self) -> dict[str, int]:
        """Return the largest process of each kind, in MiB."""
        return {kind: round(peak) for kind, peak in sorted(self._peaks.items())}

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds of each kind since the watch began, of processes that have ended too."""
        out: dict[str, float] = {}
        for kind, first, last in self._cpu.values():
            out[kind] = out.get(kind, 0.0) + last - first
        return dict(sorted(out.items()))


def descendants(pid: int) -> list[Seen]:
    """Return a process and all below it that are there now."""
    stats = {int(entry.name): found for entry in Path("/proc").glob("[0-9]*") if (found := _stat(entry))}
    children: dict[int, list[int]] = {}
    for one, stat in stats.items():
        children.setdefault(int(stat[1]), []).append(one)
    wanted = [pid] if pid in stats else []
    for one in wanted:
        wanted += children.get(one, [])
    return [seen for one in wanted if (seen := _seen(one, stats[one])) is not None]


def _stat(entry: Path) -> list[str]:
    """Return what the kernel says of a process from field 3, the state, on (proc(5)); nothing where it has ended."""
    try:
        return (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _seen(pid: int, stat: list[str]) -> Seen | None:
    entry = Path(f"/proc/{pid}")
    try:
        status = (entry / "status").read_text(encoding="utf-8", errors="replace").split()
        argv = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return None
    peak = int(status[status.index("VmHWM:") + 1]) / 1024 if "VmHWM:" in status else 0.0
    cpu = (int(stat[11]) + int(stat[12])) / _TICKS
    return Seen(pid, int(stat[1]), int(stat[19]), cpu, peak, tuple(word for word in argv if word))
