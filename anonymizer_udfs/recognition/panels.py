"""Who decides whether a face may leave: recognizers with their thresholds, a value that travels to executors."""

from collections.abc import Mapping
from dataclasses import dataclass

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.recognition.base import Recognizer


@dataclass(frozen=True)
class Member:
    """One recognizer, and from when on it calls two faces one person.

    Attributes:
        recognizer: who looks.
        thresholds: similarity from which two faces match, by the detector that gave the landmarks. Faces of other
            detectors it cannot judge.
    """

    recognizer: Recognizer
    thresholds: Mapping[str, float]


@dataclass(frozen=True)
class Panel:
    """Who decides whether a face may leave; the strictest of them does.

    Attributes:
        members: at least one, each of another name.
    """

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse a panel of nobody, and two of one name, whose scores could not be told apart."""
        names = [one.recognizer.name for one in self.members]
        if not names or len(set(names)) < len(names):
            raise SpecError(f"a panel has at least one recognizer, each of another name; got {', '.join(names) or 0}")
