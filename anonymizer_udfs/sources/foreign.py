"""What fsspec's file systems say of an object, in the words that each of them has for it.

Asked directly: ``pyarrow``'s bridge to fsspec leaves out, without a word, folders that may not be listed, and drops
most stores' modification times, without which a replaced object would look like the old one.
"""

from datetime import UTC, datetime
from typing import Any

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5")
_FOLDER = "directory"


def facts_of(system: Any, path: str) -> dict[str, Any] | None:
    """Return what an fsspec file system says of one path, or ``None`` where nothing is.

    Raises:
        OSError: forbidden, or the store failed.
    """
    try:
        return dict(system.info(path))
    except FileNotFoundError:
        return None


def inside(system: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
    """Return name and facts of what lies directly in a folder, sorted by name.

    Raises:
        OSError: the folder is missing or forbidden, or the store failed.
    """
    found = [(str(facts["name"]).rstrip("/"), facts) for facts in system.ls(path, detail=True)]
    named = [(name.rpartition("/")[2], facts) for name, facts in found if name.strip("/") != path.strip("/")]
    return sorted(((name, facts) for name, facts in named if name), key=lambda one: one[0].encode())


def is_folder(facts: dict[str, Any]) -> bool:
    """Tell whether the facts are a folder's."""
    return bool(facts.get("type") == _FOLDER)


def size_bytes(facts: dict[str, Any]) -> int:
    """Return the size, or -1 where the store does not say."""
    size = facts.get("size")
    return -1 if size is None else int(size)


def modified_us(facts: dict[str, Any]) -> int:
    """Return the modification time in microseconds since 1970, or 0 where the store has none that can be read.

    Examples:
        >>> [modified_us(f) for f in ({}, {"mtime": 1.5}, {"LastModified": "1970-01-01T00:00:02Z"})]
        [0, 1500000, 2000000]
    """
    when = next((facts[name] for name in _TIMES if facts.get(name)), 0)
    try:
        if isinstance(when, str):
            when = datetime.fromisoformat(when)
        if isinstance(when, datetime):
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            return max(int(when.timestamp() * 1_000_000), 0)
        return max(int(float(when) * 1_000_000), 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def etag(facts: dict[str, Any]) -> str:
    """Return the store's own word for the version of the bytes, or ''."""
    return str(next((facts[name] for name in _TAGS if facts.get(name)), ""))
