"""What a command line asks of a release."""

import re
from dataclasses import dataclass

from conf.gates import Gate
from jobs import stores
from jobs.errors import UsageError
from jobs.placed import Placed
from jobs.releasing import writer
from jobs.releasing.base import SHARD_BYTES
from jobs.releasing.judging import Override

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Order:
    """What one command line asks for, checked.

    Attributes:
        placed: the lake.
        uri: where to, normalised.
        name: of the release.
        by: who releases.
        format: how images lie.
        override: who lets it out whatever the gate says; none: the gate decides.
        gate: the gate that has to have judged; none: whichever did.
        licence: under which it is given.
        about: what it is, for the datasheet.
        shard_bytes: a shard is closed when it has so many.
    """

    placed: Placed
    uri: str
    name: str
    by: str
    format: str = "files"
    override: Override | None = None
    gate: Gate | None = None
    licence: str | None = None
    about: str | None = None
    shard_bytes: int = SHARD_BYTES

    def __post_init__(self) -> None:
        """Refuse names that are none, and places inside the lake or its vault, or around them."""
        if not _NAME.fullmatch(self.name):
            raise UsageError("--name: expected lower-case letters, digits, '.', '_' and '-', such as v1")
        if self.shard_bytes < 1:
            raise UsageError(f"--shard-bytes must be at least 1, got {self.shard_bytes}")
        writer(self.format)
        if any(stores.within(self.uri, home) or stores.within(home, self.uri) for home in self.placed.homes):
            raise UsageError("a release must not lie inside the lake or its vault, nor hold them")
