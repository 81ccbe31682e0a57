"""Whether a lake may be released: by its newest verdict, if that is still of this lake, or by somebody's name."""

from dataclasses import dataclass
from typing import Any

from conf.gates import Gate
from jobs.errors import JobError, UsageError
from jobs.lake import Lake
from jobs.reporting.evaluated import Evaluation, evaluation
from jobs.screen import counted
from jobs.unfollowed import unfollowed
from jobs.verdict import REFUSED, VOID, Check, State, Word


class RefusedError(JobError):
    """The gate does not let a lake out."""

    exit_code = REFUSED


@dataclass(frozen=True)
class Override:
    """Who lets a lake out that the gate does not, and why; a release carries both for ever."""

    by: str
    reason: str

    @classmethod
    def of(cls, by: str | None, reason: str | None) -> "Override | None":
        """Return it from what was typed; none where nothing was.

        Raises:
            UsageError: one of the two is missing or empty.
        """
        if by is None and reason is None:
            return None
        if not (by or "").strip() or not (reason or "").strip():
            raise UsageError("an override needs both a name and a reason: --override-by NAME --override-reason TEXT")
        return cls(str(by).strip(), str(reason).strip())


@dataclass(frozen=True)
class Ruling:
    """What is known of a lake's right to go out.

    Attributes:
        found: the newest evaluation with a verdict; none where there is none.
        against: why its verdict does not hold for the lake as it is; empty where it does.
    """

    found: Evaluation | None
    against: tuple[str, ...]

    @property
    def fresh(self) -> bool:
        """Whether there is a verdict, and it is of the lake as it is."""
        return self.found is not None and not self.against

    @property
    def word(self) -> Word:
        """What a release may be called today."""
        return self.found.word if self.found is not None and not self.against else Word.OBFUSCATED

    @property
    def event(self) -> dict[str, Any] | None:
        """The verdict's event; none where there is none."""
        events = self.found.events if self.found else ()
        return next((one for one in reversed(events) if one["event"] == "verdict"), None)

    def check(self, override: Override | None) -> None:
        """Refuse a lake that has not earned more than the weakest word, unless somebody takes it on himself.

        Raises:
            RefusedError: saying what is missing.
        """
        if override is not None or (self.fresh and self.word is not Word.OBFUSCATED):
            return
        raise RefusedError("\n".join([f"refused: {self._why()}", *self._lacking(), _HINT]))

    def _why(self) -> str:
        if self.found is None:
            return "nobody has evaluated this lake"
        if self.found.verdict.void:
            return "the newest evaluation is void: its attackers were too weak to show anything"
        return "its newest verdict does not hold" if self.against else f"gate {self.found.verdict.gate} does not pass"

    def _lacking(self) -> list[str]:
        if self.against or self.found is None:
            return [f"  {one}" for one in self.against]
        return [f"  {one.sentence}" for one in self.found.verdict.lacking]


_HINT = (
    "next: faceveil evaluate LAKE --labels FILE --canaries FOLDER --gate default; or let it out on your own name: "
    "--override-by NAME --override-reason TEXT"
)


def ruling(lake: Lake, gate: Gate | None = None) -> Ruling:
    """Return what the newest verdict says of a lake as it is.

    Args:
        lake: the lake.
        gate: the gate that has to have judged; none: whichever did.

    Raises:
        LakeError: the ledger is broken.
    """
    lake.ledger.verify()
    found = evaluation(lake)
    if found is None:
        return Ruling(None, ())
    against = [*found.alarms, *found.notes]
    if gate is not None and found.verdict.thresholds != gate.model_dump(mode="json"):
        against.append(f"It was judged by gate {found.verdict.gate}, which is not the gate {gate.name} asked for.")
    return Ruling(found, tuple(against))


def refuse_undone(lake: Lake) -> None:
    """Refuse to let out what people asked for more of, and no run has followed: nobody's name overrides that.

    Raises:
        RefusedError: saying how many images those are.
    """
    waiting = len(unfollowed(lake))
    if waiting:
        raise RefusedError(
            f"refused: {counted(waiting, 'image')} somebody withheld or drew on, and no run has followed yet\n"
            "next: faceveil anonymize SOURCE LAKE, then faceveil evaluate"
        )


def failed(found: Evaluation, word: str) -> list[Check]:
    """Return which checks of an evaluation speak against a release of a word; what was not measured says nothing.

    A void evaluation says nothing either: its attackers were too weak.
    """
    if found.verdict.exit_code == VOID:
        return []
    checks = [one for one in found.verdict.checks if one.state is State.FAILED]
    return [one for one in checks if not one.context or word == Word.ANONYMOUS.value]
