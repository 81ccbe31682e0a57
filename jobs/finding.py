"""What one check of ``faceveil doctor`` answers. Plain values."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a finding is meant: all is well, something to know, or a job will fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """The answer of one check.

    Attributes:
        name: What was looked at.
        state: How it is.
        detail: What was found.
        remedy: What to do; empty when all is well.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""

    def __post_init__(self) -> None:
        """Refuse a problem without a way out of it."""
        if (self.state is State.OK) == bool(self.remedy):
            raise ValueError(f"a finding has a remedy exactly when it is not ok, got {self!r}")
