"""What a gate says: each check with its state, the word that is earned, and what the next word lacks. Plain values.

Nothing here names a person: recognizers, attackers and counts only.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from jobs.screen import Section, plain

DONE, REFUSED, VOID = 0, 4, 5
HEAD = ("check", "state", "bound", "allowed", "evidence")
"""The columns of the table of checks, as people see it."""


class Word(StrEnum):
    """What a lake or a release may be called, the weakest first; there is no other word."""

    OBFUSCATED = "obfuscated"
    FACE_ANONYMIZED = "face-anonymized"
    ANONYMOUS = "anonymous under test"


MEANINGS = {
    Word.OBFUSCATED: "faces were detected and changed; nothing here proves that nobody can be recognised",
    Word.FACE_ANONYMIZED: "no attacker who was tried named people by their faces more often than the gate allows, "
    "which is close to blind guessing; by hair, clothes or place some may still be recognised",
    Word.ANONYMOUS: "no attacker who was tried named people, by their faces or by what is around them, more often than "
    "the gate allows, which is close to blind guessing",
}


class State(StrEnum):
    """How a check came out; only the first is good."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True)
class Check:
    """One check of a gate.

    Attributes:
        name: what figures and JSON call it.
        title: the same for people.
        state: how it came out.
        sentence: why, in plain words.
        measured: the estimate of what came out worst; none where there is none.
        bound: what was compared with the limit: its bound, or the estimate itself where every case was counted.
        limit: what it may be.
        at_most: whether the limit is the largest that passes; else it is the smallest.
        confidence: of the bound; none where every case was counted.
        had: cases that there were, the least of all parts.
        needed: cases that there must be.
        unit: what cases are: people, faces, images, scores.
        share: whether the numbers are shares, which people read in percent.
        context: whether it counts for ``anonymous under test`` alone.
    """

    name: str
    title: str
    state: State
    sentence: str
    measured: float | None
    bound: float | None
    limit: float
    at_most: bool
    confidence: float | None
    had: int
    needed: int
    unit: str
    share: bool = True
    context: bool = False

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.state is State.PASSED

    def number(self, value: float | None) -> str:
        """Return one of its numbers as people read it."""
        if value is None:
            return "-"
        return percent(value) if self.share else f"{value:.4g}"

    @property
    def allowed(self) -> str:
        """Return the limit with its direction."""
        return f"{'at most' if self.at_most else 'at least'} {self.number(self.limit)}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Return its row of a table whose columns are :data:`HEAD`."""
        evidence = f"{self.had:,} of {self.needed:,} {self.unit}"
        return (self.title, self.state.value, self.number(self.bound), self.allowed, evidence)

    def figure(self, gate: str) -> Figure:
        """Return it as a figure of scope ``gate``."""
        bound = None if self.bound is None or not math.isfinite(self.bound) else self.bound
        return Figure(
            "gate",
            "threshold",
            self.limit,
            (("gate", gate), ("check", self.name), ("state", self.state.value)),
            None if self.at_most else bound,
            bound if self.at_most else None,
            self.confidence,
            self.had,
            self.had if self.unit == "people" else None,
        )


@dataclass(frozen=True)
class Exposed:
    """How many people are expected to be exposed, as absolute numbers; none where nobody measured it.

    Attributes:
        people: who were looked for by the best attacker of faces, each in the gallery of the gate.
        named: how many of them he is expected to name right.
        named_most: the same by the bound.
        by_chance: how many of them a blind guess names right.
        faces: regions in the lake.
        visible: how many faces are expected to be left visible beside them.
        visible_most: the same by the bound.
        consented: faces that are visible since their people consented; none where nobody counted.
    """

    people: int | None = None
    named: float | None = None
    named_most: float | None = None
    by_chance: float | None = None
    faces: int | None = None
    visible: float | None = None
    visible_most: float | None = None
    consented: int | None = None

    def lines(self) -> list[str]:
        """Return it in plain sentences."""
        out = []
        if self.people is None or self.named_most is None:
            out.append("How many people can be named: not measured as the gate asks.")
        else:
            named = "" if self.named is None else f"{self.named:.1f} are expected to be, and "
            out.append(
                f"Of {self.people:,} people looked for by the best attacker of faces, at most "
                f"{self.named_most:.1f} may be named; {named}a blind guess names {self.by_chance or 0:.1f}."
            )
        if self.faces is None or self.visible_most is None:
            out.append("How many faces are left visible: not measured.")
        else:
            visible = "" if self.visible is None else f"; {self.visible:.1f} are expected to be"
            out.append(f"Beside {self.faces:,} treated faces, at most {self.visible_most:.1f} may be visible{visible}.")
        if self.consented:
            out.append(
                f"Visible by consent, attacked by nobody and counted in nothing above: {self.consented:,} faces."
            )
        return out


@dataclass(frozen=True)
class Verdict:
    """What a gate says of an evaluation.

    Attributes:
        gate: the gate's name.
        thresholds: the whole gate, so that it can be judged again.
        expected: what had to be there, as plain values, for the same.
        confidence: the least of each bound.
        checks: each one that applies, in the order of the table in ``docs/evaluation.md``.
        left_out: title of each check that does not apply, and why.
        void: whether controls failed: then the attackers were too weak, and no figure of theirs counts.
        exposed: how many people are expected to be exposed.
    """

    gate: str
    thresholds: dict[str, Any]
    expected: dict[str, Any]
    confidence: float
    checks: tuple[Check, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    void: bool = False
    exposed: Exposed = field(default_factory=Exposed)

    @property
    def word(self) -> Word:
        """Which word is earned; the weakest where anything failed, is missing, or the evaluation is void."""
        if self.void or not self.checks or not all(one.passed for one in self.checks if not one.context):
            return Word.OBFUSCATED
        context = [one for one in self.checks if one.context]
        return Word.ANONYMOUS if context and all(one.passed for one in context) else Word.FACE_ANONYMIZED

    @property
    def next_word(self) -> Word | None:
        """The next stronger word; none after the strongest."""
        words = list(Word)
        return None if self.word is words[-1] else words[words.index(self.word) + 1]

    @property
    def lacking(self) -> tuple[Check, ...]:
        """The checks that the next word lacks."""
        context = self.word is not Word.OBFUSCATED
        return tuple(one for one in self.checks if not one.passed and (context or not one.context))

    @property
    def exit_code(self) -> int:
        """Return 5 for a void evaluation, 4 where the gate refuses, else 0."""
        return VOID if self.void else REFUSED if self.word is Word.OBFUSCATED else DONE

    def figures(self) -> list[Figure]:
        """Return a figure for each check."""
        return [one.figure(self.gate) for one in self.checks]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``; what is no number is null there."""
        checks = [_plain(vars(one)) | {"state": one.state.value} for one in self.checks]
        return {
            "word": self.word.value,
            "meaning": MEANINGS[self.word],
            "gate": self.gate,
            "confidence": self.confidence,
            "void": self.void,
            "checks": checks,
            "left_out": self.left_out,
            "next_word": self.next_word and self.next_word.value,
            "lacking": [one.name for one in self.lacking],
            "exposed": _plain(vars(self.exposed)),
        }

    def recorded(self) -> dict[str, Any]:
        """Return the columns of the ledger's ``verdict`` event: what is needed to come to the same verdict again."""
        said = {"word": self.word.value, "void": self.void, "gate": self.thresholds, "expected": self.expected}
        counts = {state.value: sum(one.state is state for one in self.checks) for state in State}
        return {"settings": json.dumps(said, sort_keys=True), "counts": counts, "figures": _finite(vars(self.exposed))}

    def lines(self) -> list[str]:
        """Return what a person reads: the word, an aligned table, why what failed did, and what comes next."""
        rows = tuple(one.cells for one in self.checks)
        table = plain([Section(f"gate {self.gate} ({self.confidence:.0%} bounds)", rows, HEAD, (2,))])
        # Of an archive there is one word; all else is told below it.
        out = [f"{self.word.value}: {MEANINGS[self.word]}", "", *table]
        out += [f"  not asked: {title} ({why})" for title, why in self.left_out.items()]
        if self.void:
            out += ["", "The evaluation is void: its controls failed, so its attackers were too weak to show anything."]
        if self.next_word is not None:
            out += ["", f"for {self.next_word.value}:", *(f"  {one.sentence}" for one in self.lacking)]
        return [*out, "", *self.people()]

    def people(self) -> list[str]:
        """Return in plain sentences how many people are exposed; nothing that weak attackers say of it."""
        return (
            ["How many people are exposed is not known: the evaluation is void."] if self.void else self.exposed.lines()
        )


def percent(share: float) -> str:
    """Return a share as people read it, with as many digits as tell it from a limit.

    Examples:
        >>> percent(0.0045), percent(0.48), percent(0.0), percent(float("nan"))
        ('0.450%', '48.0%', '0%', 'no number')
    """
    if not math.isfinite(share):
        return "no number"
    return "0%" if share == 0 else f"{share:.3%}" if abs(share) < 0.01 else f"{share:.1%}"  # noqa: PLR2004 - one percent


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values of which none is a number that JSON has not."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def _finite(values: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in values.items() if v is not None and math.isfinite(v)}


def worst_state(states: Sequence[State]) -> State:
    """Return the state of a whole: failed if a part failed, else missing if one is missing, or there is none.

    Examples:
        >>> worst_state([State.PASSED, State.MISSING]).value, worst_state([]).value
        ('missing', 'missing')
    """
    if State.FAILED in states:
        return State.FAILED
    return State.MISSING if State.MISSING in states or not states else State.PASSED
