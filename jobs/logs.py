"""The log of a command for programs: one line an event, JSON or text, with ids and counts in it and nothing else.

Runs on the driver. What a person reads on a terminal is elsewhere (``progress``, ``screen``); this is for what collects
logs. It is off until a setting asks for it. A text field has to look like an id or a word of ours: a name, a path or a
message of somebody else's does not get in.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from conf.groups import Logs
from jobs.errors import UsageError

LOGGER = "faceveil"
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{0,80}")
_FIELDS = "faceveil_fields"
Field = str | int | float | bool | None

logging.getLogger(LOGGER).addHandler(logging.NullHandler())  # without one Python itself would write errors somewhere


class _Lines(logging.Formatter):
    """One line an event."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Field] = getattr(record, _FIELDS, {})
        said = {"at": at, "level": record.levelname.lower(), "event": record.getMessage(), **fields}
        if self._as_json:
            return json.dumps(said, separators=(",", ":"))
        return f"{at} {said['level']} {said['event']}" + "".join(f" {k}={_plain(v)}" for k, v in fields.items())


def _plain(value: Field) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def configure(wanted: Logs) -> None:
    """Make the log as settings ask; called once a command, and again by the next one of a process.

    Raises:
        UsageError: the file cannot be written.
    """
    logger = logging.getLogger(LOGGER)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    if wanted.file is None and not wanted.as_json:
        logger.addHandler(logging.NullHandler())
        return
    handler = _handler(wanted.file)
    handler.setFormatter(_Lines(as_json=wanted.as_json))
    logger.addHandler(handler)


def _handler(file: str | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    path = Path(file).expanduser()
    try:
        path.touch(mode=0o640)
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"logs.file cannot be written: {error.strerror}; name a file in a folder that is there"
        ) from None


def on_terminal() -> bool:
    """Return whether standard error is for people: no log for programs goes there."""
    return not any(type(one) is logging.StreamHandler for one in logging.getLogger(LOGGER).handlers)


def event(name: str, fields: Mapping[str, Field], level: int = logging.INFO) -> None:
    """Write one event.

    Args:
        name: what happened, a word of ours.
        fields: ids, words, counts and measures.
        level: of :mod:`logging`.

    Raises:
        ValueError: a text is neither an id nor a word.
    """
    for key, value in fields.items():
        if isinstance(value, str) and not _WORD.fullmatch(value):
            raise ValueError(f"a log takes ids, words and numbers; the field {key} is something else")
    logging.getLogger(LOGGER).log(level, name, extra={_FIELDS: dict(fields)})


def failed(command: str, error: BaseException, code: int) -> None:
    """Write that a command failed: the kind of error, not its text, which may quote what somebody typed."""
    event("failed", {"command": command, "error": type(error).__name__, "exit_code": code}, logging.ERROR)


__all__ = ["configure", "event", "failed", "on_terminal"]
