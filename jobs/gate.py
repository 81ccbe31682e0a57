"""The gate: which of the three words an evaluation's figures earn. Pure; runs on the driver.

Missing evidence fails, a bound of too little confidence is no evidence, and what is no number has failed. The gate
knows from figures what was measured, and from :class:`Expected` what had to be.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from conf.gates import FACE_TIERS, Gate
from jobs import against, attackers
from jobs.parts import Limit, Part, check, compared, number, only
from jobs.verdict import Check, Exposed, State, Verdict

CONTROLS = ("clear_found", "weak_blur_broken", "learned_over_static", "stranger_found")


@dataclass(frozen=True)
class Expected:
    """What had to be measured; known from the lake and the command line, never from figures.

    Attributes:
        recognizers: by whose templates every attacker of faces had to compare.
        plates: whether plates were looked for, so that those left legible count.
        k_same: whether people share faces by design; two releases are then linked by it, and k counts in its place.
        groups: columns for whose values the same had to be measured again.
    """

    recognizers: tuple[str, ...] = ()
    plates: bool = False
    k_same: bool = False
    groups: tuple[str, ...] = ()

    @classmethod
    def recalled(cls, values: dict[str, Any]) -> "Expected":
        """Return it from a verdict's record."""
        return cls(
            tuple(values.get("recognizers", ())),
            bool(values.get("plates")),
            bool(values.get("k_same")),
            tuple(values.get("groups", ())),
        )


def judge(gate: Gate, figures: Iterable[Figure], expected: Expected) -> Verdict:
    """Return what a gate says of an evaluation.

    Args:
        gate: what must be shown.
        figures: all of one evaluation; those of scope ``gate`` do not count.
        expected: what had to be measured.
    """
    known = [one for one in figures if one.scope != "gate"]
    checks = [
        _every_image(known, "metadata_left", "metadata left"),
        _visible(gate, known, "face"),
        *([_visible(gate, known, "plate")] if expected.plates or _planted(known, "plate") else []),
        *attackers.checks(gate, known, expected.recognizers),
        *_linked(gate, known, expected),
        *([_shared(gate, known)] if expected.k_same or only(known, "k_same", "least_people") else []),
        *_groups(gate, known, expected),
        *against.checks(gate, known),
        _every_image(known, "outside_changed", "pixels outside regions changed"),
        _controls(known, expected.recognizers),
    ]
    return Verdict(
        gate=gate.name,
        thresholds=gate.model_dump(mode="json"),
        expected=asdict(expected),
        confidence=gate.confidence,
        checks=tuple(checks),
        left_out=_left_out(checks),
        void=any(_control_failed(one) for one in known if one.scope == "control"),
        exposed=_exposed(gate, known),
    )


def _every_image(known: Sequence[Figure], name: str, title: str) -> Check:
    """Return a check that counts over every image.

    Pixels cannot be compared where the source is gone or changed, and may differ where the row says ``reencoded``.
    """
    total = _counted(known, "images")
    away = 0
    if name == "outside_changed":
        away = sum(_counted(known, one) or 0 for one in ("gone", "changed"))
        away += _counted(known, "reencoded", "images") or 0
    limit = Limit(name, title, 0.0, max(1, (total or 0) - away), "images", share=False)
    found = only(known, "images", name)
    if total is None:
        return check(limit, [Part(title, State.MISSING, "was counted over nobody knows how many images")])
    return check(limit, [compared(one, limit) for one in found] or [compared(None, limit)])


def _counted(known: Sequence[Figure], name: str, scope: str = "evaluation") -> int | None:
    """Return a count of the evaluation; none where it is missing, no number, or said twice in two ways."""
    values = {one.value for one in only(known, scope, name)}
    value = values.pop() if len(values) == 1 else None
    return int(value) if value is not None and 0 <= value < float("inf") else None


def _planted(known: Sequence[Figure], kind: str) -> list[Figure]:
    """Return how many of all of a kind were missed; those of one size alone are told beside it, and are fewer."""
    return [one for one in only(known, "canary", "missed") if one.of("kind") == kind and one.of("size") is None]


def _visible(gate: Gate, known: Sequence[Figure], kind: str) -> Check:
    title = {"face": "faces left visible", "plate": "plates left legible"}[kind]
    limit = Limit(f"{kind}s_visible", title, gate.visible_most, gate.visible_least, f"{kind}s", gate.confidence)
    found = _planted(known, kind)
    return check(limit, [compared(one, limit) for one in found] or [compared(None, limit)])


def _linked(gate: Gate, known: Sequence[Figure], expected: Expected) -> list[Check]:
    """Return the checks of two releases under two keys: by how much they can be linked, and the equal error rate."""
    if expected.k_same:
        return []
    excess = Limit(
        "unlinkable",
        "linked over two keys (D_sys)",
        gate.linked_most,
        gate.mated_least,
        "scores",
        gate.confidence,
        share=False,
    )
    eer = Limit(
        "eer",
        "equal error rate over two keys",
        gate.eer_least,
        gate.mated_least,
        "scores",
        gate.confidence,
        at_most=False,
    )
    out = []
    for limit, name in ((excess, "d_sys_excess"), (eer, "eer")):
        parts: list[Part] = []
        for who in attackers.recognizers(known, expected.recognizers):
            mine = [one for one in only(known, "linkability", name) if one.of("recognizer") == who]
            parts += [compared(one, limit, about=who) for one in mine or (None,)]
        out.append(check(limit, parts))
    return out


def _shared(gate: Gate, known: Sequence[Figure]) -> Check:
    limit = Limit("k_same", "people who share a face", gate.k_least, 1, "faces", at_most=False, share=False)
    return check(
        limit, [compared(one, limit) for one in only(known, "k_same", "least_people")] or [compared(None, limit)]
    )


def _groups(gate: Gate, known: Sequence[Figure], expected: Expected) -> list[Check]:
    """Return the check of groups: each value of the columns asked for, and any other that is large enough to tell."""
    found = [one for one in known if one.of("group") is not None]
    limit = Limit("groups", "each group", gate.named_most, gate.group_least, "people", gate.confidence)
    parts: list[Part] = []
    for column in sorted({*expected.groups, *(str(one.of("group")) for one in found)}):
        mine = [one for one in found if one.of("group") == column]
        if column not in expected.groups:
            large = [one for one in mine if (one.people or 0) >= gate.group_least]
            parts += [one for one in attackers.group(gate, large, (), column) if one.state is State.FAILED]
            continue
        values = sorted({str(one.of("of")) for one in mine})
        parts += [] if values else [compared(None, limit, about=f"the column {column}")]
        tar = any(one.name == "tar" for one in found)
        who = attackers.recognizers(known, expected.recognizers)
        for value in values:
            some = [one for one in mine if str(one.of("of")) == value]
            parts += attackers.group(gate, some, who, column, tar=tar)
    return [check(limit, parts)] if expected.groups or parts else []


def _controls(known: Sequence[Figure], asked: Sequence[str]) -> Check:
    """Return the check of the attackers themselves: each control, by each recognizer; one of none is of all."""
    limit = Limit("controls", "controls that failed", 0.0, 1, "controls", share=False)
    parts = []
    for who in attackers.recognizers(known, asked):
        for name in CONTROLS:
            found = [one for one in only(known, "control", name) if one.of("recognizer") in {who, None}]
            about = f"{name} by {who}"
            if not found:
                parts.append(Part(about, State.MISSING, "was not measured"))
            for one in found:
                failed = _control_failed(one)
                state, why = (State.FAILED, "did not pass") if failed else (State.PASSED, "passed")
                parts.append(Part(about, state, why, float(failed), float(failed), 1))
    whole = check(limit, parts)
    failures = sum(one.state is State.FAILED for one in parts)
    return replace(whole, bound=float(failures), had=sum(one.had for one in parts), needed=len(parts))


def _control_failed(figure: Figure) -> bool:
    """Return whether a control says anything else than that it passed, with a number."""
    return figure.of("passed") != "yes" or figure.value is None or not math.isfinite(figure.value)


def _left_out(checks: Sequence[Check]) -> dict[str, str]:
    there = {one.name for one in checks}
    why = {
        "plates_visible": ("plates left legible", "plates were not looked for"),
        "unlinkable": ("linked over two keys (D_sys)", "k_same shares faces by design; k is checked in its place"),
        "k_same": ("people who share a face", "k_same was not used"),
        "groups": ("each group", "no groups were given"),
        against.NAME: (against.TITLE, "nobody stood in for others in such a gallery"),
    }
    return {title: said for name, (title, said) in why.items() if name not in there}


def _exposed(gate: Gate, known: Sequence[Figure]) -> Exposed:
    named = [
        one
        for one in only(known, "attack", "rank1")
        if number(one.of("gallery")) == gate.gallery and one.of("tier") in FACE_TIERS and _most(one) is not None
    ]
    missed = [one for one in _planted(known, "face") if _most(one) is not None]
    faces = _counted(known, "faces")
    out = Exposed()
    if named:
        worst = max(named, key=lambda one: _most(one) or 0.0)
        people = worst.people or 0
        share = worst.value
        out = Exposed(
            people, None if share is None else share * people, (_most(worst) or 0.0) * people, people / gate.gallery
        )
    if missed and faces is not None:
        worst = max(missed, key=lambda one: _most(one) or 0.0)
        share = worst.value
        out = Exposed(
            out.people, out.named, out.named_most, out.by_chance,
            faces, None if share is None else share * faces, (_most(worst) or 0.0) * faces,
        )  # fmt: skip
    return replace(out, consented=_counted(known, "visible_by_consent"))


def _most(figure: Figure) -> float | None:
    """Return what a share may be in truth; none where that is no number."""
    known = [one for one in (figure.value, figure.high) if one is not None]
    return max(known) if known and figure.high is not None and all(0 <= one <= 1 for one in known) else None
