"""Whether the process that left a note behind has ended, told only where that is sure. Runs on the driver.

A note names no machine: it has a digest of the boot's random id and of the process namespace, which two containers on
one machine do not share, the process's number, and when it began.
"""

import hashlib
import os
from pathlib import Path

_BOOT, _SPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
_DIGITS = 16
_STATE, _BEGAN = 0, 19
"""Fields of ``/proc/PID/stat`` after the name in parentheses, which may hold anything."""


def note(pid: int | None = None) -> str | None:
    """Return what tells a process of this machine from all others; ``None`` where it cannot be told (not Linux).

    Args:
        pid: of the process; none: this one.
    """
    number = os.getpid() if pid is None else pid
    where, facts = _here(), _stat(number)
    return f"{where}:{number}:{facts[_BEGAN]}" if where and facts else None


def has_ended(said: str | None) -> bool:
    """Return whether the process of a note is surely gone; false where it runs, or lives where we cannot look."""
    if not said or said.count(":") != 2:  # noqa: PLR2004 - as note() writes it
        return False
    where, number, began = said.split(":")
    if where != _here() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # somebody else's
    facts = _stat(int(number))
    return facts is not None and (facts[_BEGAN] != began or facts[_STATE] == "Z")


def _here() -> str | None:
    try:
        said = _BOOT.read_text(encoding="ascii") + str(_SPACE.readlink())
    except OSError:
        return None
    return hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
