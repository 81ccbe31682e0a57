"""What lies where a lake or a source was expected, since people mix them up. Driver only; reads names of folders."""

from enum import Enum
from pathlib import Path

from anonymizer_udfs.errors import FaceveilError
from jobs import stores
from jobs.errors import UsageError
from schemas import IN_VAULT, READABLE

_OF_THE_SYSTEM = {"lost+found"}
"""What a new disk has at its root."""


class Kind(Enum):
    """What a local place is, in words for a person."""

    NOTHING = "nothing lies there"
    FILE = "a file lies there, and a lake is a folder of tables"
    EMPTY = "the folder is empty"
    LAKE = "a lake lies there"
    VAULT = "a vault lies there; its lake has a name of its own, by default the same without .vault"
    OTHER = "the folder has other files in it"


def kind(uri: str) -> Kind | None:
    """Return what lies at a place as it was typed; none in an object store, or where that cannot be told.

    Examples:
        >>> kind("s3a://bucket/lake")
    """
    try:
        home = stores.normalise(uri)
        if not stores.is_local(home):
            return None
        return _local(Path(home))
    except (FaceveilError, OSError):
        return None


def _local(home: Path) -> Kind:
    if not home.exists():
        return Kind.NOTHING
    if not home.is_dir():
        return Kind.FILE
    if any((home / name / "_delta_log").is_dir() for name in READABLE):
        return Kind.LAKE
    if any((home / name / "_delta_log").is_dir() for name in IN_VAULT):
        return Kind.VAULT
    names = {entry.name for entry in home.iterdir() if not entry.name.startswith((".", "_"))}
    if names - READABLE.keys() - _OF_THE_SYSTEM:
        return Kind.OTHER
    return Kind.EMPTY


def refuse_as_lake(uri: str) -> None:
    """Refuse to make a lake where something else lies.

    Raises:
        UsageError: it is a file, a vault, or a folder with other files.
    """
    found = kind(uri)
    if found is Kind.OTHER:
        raise UsageError("LAKE: expected a lake, or a new or empty folder, got one with other files: SOURCE is first")
    if found in {Kind.FILE, Kind.VAULT}:
        raise UsageError(f"LAKE: expected a lake, or a new or empty folder, but {found.value}; give another one")


def refuse_as_source(uri: str) -> None:
    """Refuse a source that is what this program wrote.

    Raises:
        UsageError: it is a lake or a vault.
    """
    found = kind(uri)
    if found in {Kind.LAKE, Kind.VAULT}:
        raise UsageError(f"SOURCE: expected images, got a {found.name.lower()}: SOURCE is first, then LAKE")
