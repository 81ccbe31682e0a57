"""What a builder gives: a name, the bytes, and what must become of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from anonymizer_udfs.outcome import Reason

SHOWN = "released"
"""The image comes out, with bytes; whether in review does not matter here."""
PEOPLES = {Reason.UNSURE, Reason.EDITED, Reason.WITHHELD}
"""What waits for a person, or was decided by one."""
REASONS = frozenset(one.value for one in Reason if one not in PEOPLES)
ANY_END = frozenset({*REASONS, SHOWN})
HELD_BACK = REASONS
RELEASED = frozenset({SHOWN})


class Group(StrEnum):
    """Where an input comes from."""

    BOMB = "bomb"
    CUT = "cut"
    POLYGLOT = "polyglot"
    EXTENSION = "wrong extension"
    MARKER = "marker"
    TEXT = "text"
    FLIP = "bit flip"
    MUTATION = "mutation"


@dataclass(frozen=True)
class Hostile:
    """One input.

    Attributes:
        group: which builder made it.
        name: what it is called in reports; says how to make it again.
        data: the file.
        must: how it may end: reasons, and ``released``.
        gone: what must not be in any byte of what is stored, deflated streams included.
        end: the file's extension.
    """

    group: Group
    name: str
    data: bytes = field(repr=False)
    must: frozenset[str] = ANY_END
    gone: tuple[bytes, ...] = ()
    end: str = "bin"


Inputs = Iterator[Hostile]
