"""What settings are made of: sizes, counts, days, addresses, and the base of every group. Each refuses what is none."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": MEBIBYTE, "GiB": GIBIBYTE}
_SIZE = re.compile(r"\s*(\d+)\s*(KiB|MiB|GiB)?\s*")


def _size(value: object) -> object:
    """Return bytes for a text such as ``64 MiB``; anything else is left to pydantic."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS[found[2] or ""] if found else value


def no_bool(value: object) -> object:
    """Refuse ``true`` where a number is expected; pydantic would take it for 1."""
    if isinstance(value, bool):
        raise ValueError("a number is expected, got true or false")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _server(value: str) -> str:
    """Refuse what is no address of a server, and one with a user: settings are recorded."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        raise ValueError("must be http(s)://host[:port] without a user, got something else")
    return value


Server = Annotated[str, AfterValidator(_server)]
Count = Annotated[int, BeforeValidator(no_bool), Field(ge=1)]
Bytes = Annotated[int, BeforeValidator(no_bool), BeforeValidator(_size), Field(ge=1, le=1 << 50)]
Days = Annotated[int, BeforeValidator(no_bool), Field(ge=1, le=36_500)]


class Group(BaseModel):
    """Frozen; unknown keys are refused, defaults are checked as well."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
