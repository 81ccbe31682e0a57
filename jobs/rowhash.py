"""The hash of a row that an event or a chain vouches for, whatever reader gives the row. Plain values."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def row_hash(said: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Return SHA-256, in hexadecimal, of columns as JSON without spaces: keys sorted, times ISO 8601 in UTC.

    Args:
        said: column to value; what is left out of it is in no hash.
        ascii_only: whether other characters are escaped, as older chains have them.

    Examples:
        >>> row_hash({"b": 1, "a": None}) == hashlib.sha256(b'{"a":null,"b":1}').hexdigest()
        True
    """
    plain = {name: _spelt(value) for name, value in said.items()}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only)
    return hashlib.sha256(text.encode()).hexdigest()


def _spelt(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
